"""What driving licences are: who issues them, which classes there are, and what those let one drive. Pure, and data.

Sources: Directive 2006/126/EC, article 4 (classes of the European Union); 49 CFR 383.91 and 383.93 (commercial classes
and endorsements in the United States; D, E and M as the states have them). Classes elsewhere are taken as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_EEA = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_US = (
    "AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE NH NJ NM NV "
    "NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY"
)
# The countries that have the classes of the European Union: its own, and those that took them over.
EEA = frozenset(_EEA.split())
# Where a state or a province issues the licence: a number says nothing without it.
ISSUED_BY_REGION = frozenset({"AU", "CA", "US"})
US_REGIONS = frozenset(_US.split())

_RIDES, _CARS, _TRUCKS, _BUSES = (
    frozenset({"motorcycle"}),
    frozenset({"car", "van"}),
    frozenset({"truck"}),
    frozenset({"bus"}),
)
# Class -> the classes of vehicles that it lets one drive for certain; those of mopeds and most endorsements add none.
EU_CLASSES: dict[str, frozenset[str]] = {
    "AM": frozenset(),
    "A1": _RIDES,
    "A2": _RIDES,
    "A": _RIDES,
    "B1": frozenset(),
    "B": _CARS,
    "BE": _CARS,
    "C1": _CARS | _TRUCKS,
    "C1E": _CARS | _TRUCKS,
    "C": _CARS | _TRUCKS,
    "CE": _CARS | _TRUCKS,
    "D1": _CARS | _BUSES,
    "D1E": _CARS | _BUSES,
    "D": _CARS | _BUSES,
    "DE": _CARS | _BUSES,
    "T": frozenset(),
}
US_CLASSES: dict[str, frozenset[str]] = {
    "A": _CARS | _TRUCKS,
    "B": _CARS | _TRUCKS,
    "C": _CARS,
    "D": _CARS,
    "E": _CARS,
    "M": _RIDES,
    "H": frozenset(),
    "N": frozenset(),
    "P": _BUSES,
    "S": frozenset(),
    "T": frozenset(),
    "X": frozenset(),
}
_CLASS = re.compile(r"[A-Z0-9][A-Z0-9+-]{0,7}")
_NUMBER = re.compile(r"[A-Z0-9]{3,24}")


def classes_of(country: str) -> dict[str, frozenset[str]] | None:
    """The classes of a country and what each lets one drive; None where they are taken as written."""
    if country == "US":
        return US_CLASSES
    return EU_CLASSES if country in EEA else None


def normal_number(text: str) -> str:
    """A licence number as it is compared: capitals and digits, without what people put between them."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def licence_key(country: str, region: str | None, number: str) -> str:
    """The text by which a licence is the same one."""
    return f"{country}|{region or ''}|{normal_number(number)}"


def licence_problems(country: str, region: str | None, number: str, categories: Iterable[str]) -> dict[str, str]:
    """What is wrong with a licence as typed, by field."""
    problems: dict[str, str] = {}
    if not re.fullmatch(r"[A-Z]{2}", country):
        problems["country"] = "Give the country by its two letters, such as US or DE."
    if not _NUMBER.fullmatch(normal_number(number)):
        problems["number"] = "A licence number has 3 to 24 letters and digits."
    if problem := _region_problem(country, region):
        problems["region"] = problem
    if problem := _category_problem(country, list(categories)):
        problems["categories"] = problem
    return problems


def _region_problem(country: str, region: str | None) -> str | None:
    if country not in ISSUED_BY_REGION:
        return "Leave it empty: licences of this country are the same everywhere in it." if region else None
    if not region:
        return "Give the state or province that issued it, such as CA."
    if country == "US" and region not in US_REGIONS:
        return "Give the state by its two letters, such as CA."
    return None if re.fullmatch(r"[A-Z]{2,3}", region) else "Give the state or province by its letters."


def _category_problem(country: str, categories: list[str]) -> str | None:
    if not categories:
        return "Give at least one class, as it stands on the licence."
    known = classes_of(country)
    wrong = [one for one in categories if not _CLASS.fullmatch(one) or (known is not None and one not in known)]
    if not wrong:
        return None
    listed = f" Classes there are {', '.join(known)}." if known is not None else ""
    return f"{wrong[0][:12]} is no class of a licence from there.{listed}"


def list_drivable(country: str, categories: Iterable[str]) -> frozenset[str] | None:
    """The classes of vehicles that such a licence lets one drive; None where nobody has written that down."""
    known = classes_of(country)
    return None if known is None else frozenset().union(*(known.get(one, frozenset()) for one in categories))
