"""One line of a file of fines as it is meant: the vehicle by plate or VIN, moments by the clock of its park."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.db import Reader
from core.events.rules.records import OLDEST, find_problems, normal
from core.events.schemas import FineOffence, NewFine
from core.imports import Cells, Line, Problem, normal_word
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park, Vehicle

_TIME = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?:\s*([ap])\.?m\.?)?", re.IGNORECASE)
_AMOUNT = re.compile(r"(\d{1,3}(?:[ '\u202f\u00a0.,]\d{3})+|\d{1,12})(?:([.,])(\d{1,3}))?")
# Digits after the point by ISO 4217, where there are not two.
_DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0) | dict.fromkeys(
    ("BHD", "IQD", "JOD", "KWD", "OMR", "TND"), 3
)
_OFFENCES = {
    normal_word(word): offence
    for offence, words in {
        FineOffence.SPEEDING: ("speeding", "speed", "geschwindigkeit", "exceso de velocidad", "exces de vitesse"),
        FineOffence.PARKING: ("parking", "parken", "falschparken", "estacionamiento", "stationnement"),
        FineOffence.RED_LIGHT: ("red_light", "red light", "rotlicht", "semaforo", "feu rouge"),
        FineOffence.TOLL: ("toll", "maut", "peaje", "peage"),
        FineOffence.LANE: ("lane", "bus lane", "busspur", "carril bus", "couloir de bus"),
        FineOffence.PHONE: ("phone", "handy", "telefono", "telephone"),
        FineOffence.SEAT_BELT: ("seat_belt", "seat belt", "gurt", "cinturon", "ceinture"),
        FineOffence.PAPERS: ("papers", "papiere", "documentos", "papiers"),
        FineOffence.OTHER: ("other", "sonstiges", "otro", "autre"),
    }.items()
    for word in words
}


@dataclass(frozen=True, slots=True)
class Car:
    """A vehicle as far as fines name it."""

    id: int
    park_id: int
    plate: str | None
    vin: str
    time_zone: str
    currency: str


class Fleet:
    """The vehicles that somebody may record fines for, by what authorities call them."""

    def __init__(self, reader: Reader, actor: Actor) -> None:
        reach = in_reach(actor, "events:record", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
        query = sa.select(Vehicle.id, Vehicle.park_id, Vehicle.plate, Vehicle.vin, Park.time_zone, Park.currency)
        cars = [Car(*row) for row in reader.execute(query.join(Park, Park.id == Vehicle.park_id).where(reach))]
        self._by_plate = {normal(car.plate): car for car in cars if car.plate}
        self._by_vin = {car.vin: car for car in cars}

    def find(self, text: str) -> Car | None:
        """By plate, whatever its spaces and signs, or by VIN."""
        return self._by_plate.get(normal(text)) or self._by_vin.get(normal(text).upper())


@dataclass(frozen=True, slots=True)
class FineLine:
    """What a line says, or what is wrong with it."""

    number: int
    title: str
    new: NewFine | None
    park_id: int | None
    problems: tuple[Problem, ...]


def read_fine(line: Line, fleet: Fleet, *, at: datetime) -> FineLine:
    """Read one line. Everything that is wrong is said at once."""
    cells = Cells(line)
    number, issuer = cells.code("number", most=60), cells.text("issuer", most=120)
    title = " ".join(part for part in (issuer, number) if part)
    if line.problem is not None:
        return FineLine(line.number, title, None, None, tuple(cells.problems))
    car = _read_car(cells, fleet)
    offence = cells.choice("offence", _OFFENCES, offered=", ".join(word.replace("_", " ") for word in FineOffence))
    currency = _read_currency(cells, car)
    amount_minor = _read_amount(cells, currency)
    span = _read_moment(cells, car, at)
    due_on = cells.day("due_on", least=at.date() - OLDEST, most=at.date() + OLDEST)
    for field, value in (("number", number), ("issuer", issuer)):
        if value is None:
            _need(cells, field)
    if cells.problems or car is None or span is None or amount_minor is None:
        return FineLine(line.number, title, None, None, tuple(cells.problems))
    new = NewFine(
        vehicle_id=car.id,
        happened_at=span[0],
        happened_until=span[1],
        issuer=issuer or "",
        number=number or "",
        offence=offence or FineOffence.OTHER,
        amount_minor=amount_minor,
        currency=currency,
        due_on=due_on,
    )
    for field, words in find_problems(new, at=at).items():
        cells.refuse({"happened_at": "day"}.get(field, field), words)
    return FineLine(line.number, title, new, car.park_id, tuple(cells.problems))


def _need(cells: Cells, field: str) -> None:
    if all(problem.field != field for problem in cells.problems):
        cells.refuse(field, "This is needed.")


def _read_car(cells: Cells, fleet: Fleet) -> Car | None:
    text = cells.text("vehicle", most=60)
    if text is None:
        _need(cells, "vehicle")
        return None
    car = fleet.find(text)
    if car is None:
        cells.refuse("vehicle", "No vehicle of your parks has this plate or VIN. Check it, or register the vehicle.")
    return car


def _read_currency(cells: Cells, car: Car | None) -> str:
    text = cells.text("currency", most=10)
    if text is None:
        return car.currency if car is not None else ""
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        cells.refuse("currency", "Write the three letters of ISO 4217, such as EUR.")
    return text.upper()


def _read_amount(cells: Cells, currency: str) -> int | None:
    text = cells.text("amount", most=40)
    if text is None:
        _need(cells, "amount")
        return None
    plain = re.sub(rf"^(?:{re.escape(currency)}|[€$£])\s*|\s*(?:{re.escape(currency)}|[€$£])$", "", text)
    found = _AMOUNT.fullmatch(plain)
    digits = _DIGITS.get(currency, 2)
    rest = (found[3] or "") if found else ""
    if found is None or len(rest) > digits:
        cells.refuse("amount", f"Write an amount with at most {digits} digits after the point, such as 1,250.00.")
        return None
    return int(re.sub(r"\D", "", found[1]) + rest.ljust(digits, "0"))


def _read_moment(cells: Cells, car: Car | None, at: datetime) -> tuple[datetime, datetime | None] | None:
    """The moment by the clock of the vehicle's park; the whole day when no time is told."""
    day = cells.day("day", least=(at - OLDEST).date(), most=at.date() + timedelta(days=1))
    if not cells.get("day"):
        _need(cells, "day")
    text = cells.text("time", most=20)
    clock = None if text is None else _read_time(text)
    if text is not None and clock is None:
        cells.refuse("time", "Write a time such as 14:05.")
    if day is None or car is None or (text is not None and clock is None):
        return None
    zone = ZoneInfo(car.time_zone)
    if clock is not None:
        return datetime.combine(day, clock, zone).astimezone(UTC), None
    begins, ends = (datetime.combine(day + timedelta(days=n), time(), zone).astimezone(UTC) for n in (0, 1))
    return begins, ends


def _read_time(text: str) -> time | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, half = int(found[1]), (found[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(found[2]), int(found[3] or 0))
    except ValueError:
        return None


def find_repeated(lines: Iterable[FineLine]) -> dict[int, int]:
    """Of lines that tell the same notice again: line by the one that told it first."""
    first: dict[tuple[int | None, str, str], int] = {}
    repeated = {}
    for line in lines:
        if line.new is not None:
            key = (line.park_id, normal(line.new.issuer), normal(line.new.number))
            if key in first:
                repeated[line.number] = first[key]
            else:
                first[key] = line.number
    return repeated
