"""How the line of a file is read as a driver. Pure: it knows the parks by name, and nothing else of what is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from core.drivers.rules import licences
from core.imports import Cells, Line, Problem, find_repeated, name_lines, normal_word

_PHONE = re.compile(r"\+[0-9]{7,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# What people write for the countries whose drivers come most; any other by its two letters (ISO 3166-1).
_COUNTRIES = {
    "US": "usa unitedstates unitedstatesofamerica america eeuu estadosunidos etatsunis",
    "CA": "can canada kanada",
    "MX": "mex mexico mexiko mexique",
    "GB": "uk gbr unitedkingdom greatbritain england scotland wales reinounido royaumeuni",
    "IE": "irl ireland irland",
    "DE": "deu ger germany deutschland alemania allemagne d",
    "AT": "aut austria osterreich österreich autriche a",
    "CH": "che switzerland schweiz suisse svizzera suiza",
    "FR": "fra france frankreich francia f",
    "ES": "esp spain españa espana spanien espagne e",
    "IT": "ita italy italia italien italie i",
    "PT": "prt portugal",
    "NL": "nld netherlands nederland niederlande holland",
    "BE": "bel belgium belgie belgien belgique",
    "PL": "pol poland polska polen pologne",
    "RO": "rou romania românia rumänien roumanie",
    "UA": "ukr ukraine україна",
    "AU": "aus australia",
}
_COUNTRY_OF = {word: code for code, words in _COUNTRIES.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class DriverLine:
    """What a line says of a driver. None: nothing."""

    number: int
    name: str | None = None
    phone: str | None = None
    park_id: int | None = None
    email: str | None = None
    birth_date: date | None = None
    address: str | None = None
    licence_number: str | None = None
    licence_country: str | None = None
    licence_region: str | None = None
    licence_categories: tuple[str, ...] | None = None
    licence_valid_until: date | None = None


def read_line(line: Line, *, parks: Mapping[int, str], today: date) -> tuple[DriverLine, list[Problem]]:
    """What a line says, and everything that is wrong with its cells. `parks` are those of its reader, by id."""
    cells = Cells(line)
    said = DriverLine(
        number=line.number,
        name=_read_name(cells),
        phone=_read_phone(cells),
        park_id=cells.record("park", parks, what="park that you may add drivers to"),
        email=_read_email(cells),
        birth_date=cells.day("birth_date", least=date(1900, 1, 1), most=today),
        address=_read_address(cells),
        licence_number=cells.code("licence_number", most=40),
        licence_country=_read_country(cells),
        licence_region=_read_region(cells),
        licence_categories=_read_categories(cells),
        licence_valid_until=cells.day("licence_valid_until", least=date(1990, 1, 1), most=date(2100, 12, 31)),
    )
    return said, cells.problems


def find_repeated_values(lines: Iterable[DriverLine]) -> dict[int, list[tuple[str, str]]]:
    """Lines that say of themselves what another of the file says too: by number, the fields and why."""
    lines = list(lines)
    found: dict[int, list[tuple[str, str]]] = {}
    numbers = [(line.number, line.phone) for line in lines]
    keys = [(line.number, licence_key_of(line)) for line in lines]
    for field, what, values in (("phone", "number", numbers), ("licence_number", "licence", keys)):
        for number, others in find_repeated(values).items():
            words = f"The same {what} stands in {name_lines(others)}. Keep the line that is right."
            found.setdefault(number, []).append((field, words))
    return found


def licence_key_of(said: DriverLine) -> str | None:
    """The text by which the licence of a line is the same as another; None when the line names none."""
    if said.licence_number is None or said.licence_country is None:
        return None
    key: str = licences.licence_key(said.licence_country, said.licence_region, said.licence_number)
    return key


def licence_problems_of(said: DriverLine) -> list[tuple[str, str]]:
    """What is wrong with the licence of a line as a whole: fields and why; nothing where it says nothing of one."""
    parts = (said.licence_number, said.licence_country, said.licence_region, said.licence_categories)
    if all(part is None for part in parts) and said.licence_valid_until is None:
        return []
    found = licences.licence_problems(
        said.licence_country or "", said.licence_region, said.licence_number or "", said.licence_categories or ()
    )
    return [(f"licence_{field}", words) for field, words in found.items()]


def _read_name(cells: Cells) -> str | None:
    """The whole name or, where those are columns of their own, the first and the last one."""
    parts = [cells.text("first_name", most=60), cells.text("last_name", most=60)]
    name = cells.text("name", most=120) or " ".join(part for part in parts if part)
    if name and len(name) < 2:
        cells.refuse("name", "Enter the whole name.")
        return None
    return name or None


def _read_phone(cells: Cells) -> str | None:
    text = cells.code("phone", most=40)
    if text is None:
        return None
    number = re.sub(r"[\s().\-/]", "", text)
    number = f"+{number[2:]}" if number.startswith("00") else number
    if not _PHONE.fullmatch(number):
        cells.refuse("phone", "Write it with + and the country code: +1 415 555 0100.")
        return None
    return number


def _read_email(cells: Cells) -> str | None:
    text = cells.text("email", most=320)
    if text is not None and not _EMAIL.fullmatch(text):
        cells.refuse("email", "This is no e-mail address.")
        return None
    return text


def _read_address(cells: Cells) -> str | None:
    text = cells.text("address", most=400)
    if text is not None and len(text) < 5:
        cells.refuse("address", "Enter the whole address.")
        return None
    return text


def _read_country(cells: Cells) -> str | None:
    text = cells.text("licence_country", most=60)
    if text is None:
        return None
    code = _COUNTRY_OF.get(normal_word(text), text.upper())
    if not re.fullmatch(r"[A-Z]{2}", code):
        cells.refuse("licence_country", "Write the country by its two letters: US, DE.")
        return None
    return code


def _read_region(cells: Cells) -> str | None:
    """A state by its letters; US-CA, as ISO 3166-2 has it, is CA."""
    text = cells.text("licence_region", most=60)
    return None if text is None else re.sub(r"^[A-Z]{2}-", "", text.upper())


def _read_categories(cells: Cells) -> tuple[str, ...] | None:
    text = cells.text("licence_categories", most=120)
    return tuple(dict.fromkeys(re.findall(r"[^\s,;/|+]+", text.upper()))) if text else None
