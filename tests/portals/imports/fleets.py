"""Files of a fleet as offices send them: mostly good lines, and bad ones of every kind that people make."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from core.vehicles.rules import compute_check_digit

VEHICLE_HEADINGS = [
    "VIN",
    "Licence plate",
    "Fleet number",
    "Make",
    "Model",
    "Year",
    "Fuel",
    "Type",
    "Depot",
    "IMEI",
    "Colour",
]
_MODELS = [
    ("Toyota", "Corolla", "Hybrid", "Car"),
    ("Ford", "Transit", "Diesel", "Van"),
    ("Tesla", "Model 3", "EV", "Car"),
]


@dataclass(frozen=True)
class Sheet:
    """Lines of a file, the bad ones by number with the words that must be said of them."""

    headings: list[str]
    rows: list[list[str]]
    bad: dict[int, str]

    def text(self, delimiter: str = ",") -> str:
        """As a file; the heading is line 1."""
        return "".join(delimiter.join(row) + "\n" for row in [self.headings, *self.rows])


def make_vin(number: int) -> str:
    """A VIN of a maker in the USA, whose check digit is right."""
    vin = f"1FTBW2CM0PKA{number:05d}"
    return vin[:8] + compute_check_digit(vin) + vin[9:]


def make_vehicle(number: int) -> list[str]:
    """A good line."""
    make, model, fuel, kind = _MODELS[number % len(_MODELS)]
    year, park = str(2015 + number % 10), ["Bayview", "Mission"][number % 2]
    plate, device = f"FLT{number:04d}", f"87{number:013d}"
    return [make_vin(number), plate, f"Unit {number}", make, model, year, fuel, kind, park, device, "white"]


Spoil = Callable[[list[str]], list[str]]


def _with(place: int, text: str) -> Spoil:
    return lambda row: [*row[:place], text, *row[place + 1 :]]


# What people do wrong, and what is said of it.
VEHICLE_FAULTS: list[tuple[Spoil, str]] = [
    (lambda row: [row[0][:-1], *row[1:]], "A VIN has 17 characters; this one has 16."),
    (lambda row: ["O" + row[0][1:], *row[1:]], "without I, O and Q; found O"),
    (
        lambda row: [row[0][:8] + ("1" if row[0][8] != "1" else "2") + row[0][9:], *row[1:]],
        "one character was mistyped",
    ),
    (_with(0, ""), "Enter the VIN"),
    (_with(1, "A PLATE FAR TOO LONG"), "At most 16 characters; it has 20."),
    (_with(4, ""), "a new vehicle needs one"),
    (_with(5, "21"), "A year from 1950 to 2100"),
    (_with(5, "next year"), "A year from 1950 to 2100"),
    (_with(6, "steam"), "Write one of petrol, diesel, hybrid, electric."),
    (_with(7, "boat"), "Write one of car, van, truck, bus, motorcycle."),
    (_with(8, "Nowhere"), "Write one of Bayview, Mission."),
    (_with(8, ""), "Say which park"),
    (_with(9, "8.6E+14"), "The spreadsheet has shortened this number."),
    (_with(9, "no spaces"), "The ID of a tracker has 3 to 64"),
    (lambda row: row[:-1], "has 10 cells, the headings are 11"),
    (lambda row: [*row, "one more"], "has 12 cells, the headings are 11"),
    (lambda row: [*row[:2], '"never closed', *row[3:]], 'A " opens a cell here and is not closed'),
]


def make_vehicles(count: int, *, bad: int, chance: random.Random) -> Sheet:
    """So many lines, of which so many are bad, among them pairs that say the same of two vehicles."""
    rows = [make_vehicle(number) for number in range(1, count + 1)]
    places = chance.sample(range(count), bad)
    told: dict[int, str] = {}
    pairs = [(0, "The same VIN stands in"), (1, "The same plate stands in"), (9, "The same tracker stands in")]
    for column, words in pairs[: bad // 2]:
        first, second = places.pop(), places.pop()
        rows[second][column] = rows[first][column]
        told |= {first + 2: f"{words} line {second + 2}", second + 2: f"{words} line {first + 2}"}
    for index, place in enumerate(places):
        spoil, words = VEHICLE_FAULTS[index % len(VEHICLE_FAULTS)]
        rows[place] = spoil(rows[place])
        told[place + 2] = words
    return Sheet(VEHICLE_HEADINGS, rows, told)
