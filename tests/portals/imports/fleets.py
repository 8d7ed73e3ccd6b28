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
    (lambda row: [*row[:2], 'Unit "one', '"two" three', *row[4:]], "A quoted cell does not end where it should"),
]


DRIVER_HEADINGS = [
    *("First name", "Surname", "Mobile", "Depot", "E-mail", "DOB", "License", "Country", "State", "Class", "Expires"),
    "Shirt size",
]
_FIRST = ["Ana", "Bo", "Chloé", "Dmitri", "Eve", "Farid", "Gül", "Håkon", "Ines", "Jun"]
_LAST = ["Lopez", "Nguyen", "O'Brien", "Petrov", "Quist", "Rossi", "Schmidt", "Tanaka", "Usman", "Vega"]


def make_driver(number: int) -> list[str]:
    """A good line."""
    first, last = _FIRST[number % 10], f"{_LAST[number // 10 % 10]}-{number}"
    phone, park = f"+1 (415) {number // 10_000:03d}-{number % 10_000:04d}", ["Bayview", "Mission"][number % 2]
    born, ends = f"{1 + number % 12:02d}/{1 + number % 28:02d}/{1960 + number % 40}", f"{2027 + number % 5}-03-31"
    mail, licence = f"driver{number}@example.com", f"D{1_000_000 + number}"
    return [first, last, phone, park, mail, born, licence, "USA", "CA", "C, M", ends, "L"]


DRIVER_FAULTS: list[tuple[Spoil, str]] = [
    (lambda row: ["", "", *row[2:]], "Enter the name: a new driver needs one."),
    (_with(2, ""), "Enter the phone number: a new driver needs one."),
    (_with(2, "415 555 0100"), "Write it with + and the country code"),
    (_with(2, "1.4155E+10"), "The spreadsheet has shortened this number."),
    (_with(3, "Nowhere"), "Write one of Bayview, Mission."),
    (_with(3, ""), "Say which park"),
    (_with(4, "nobody"), "This is no e-mail address."),
    (_with(5, "02/30/1980"), "There is no such day."),
    (_with(5, "11/25/2090"), "The day must be from 1900-01-01"),
    (_with(6, ""), "A licence number has 3 to 24 letters and digits."),
    (_with(7, "Freedonia"), "Write the country by its two letters"),
    (_with(7, ""), "Give the country by its two letters"),
    (_with(8, ""), "Give the state or province that issued it"),
    (_with(8, "ZZ"), "Give the state by its two letters"),
    (_with(9, ""), "Give at least one class"),
    (_with(9, "Q"), "is no class of a licence from there"),
    (_with(10, "soon"), "This is no day."),
    (lambda row: row[:-2], "has 10 cells, the headings are 12"),
    (lambda row: [*row, "x"], "has 13 cells, the headings are 12"),
    (lambda row: [*row[:4], '"mail" me', *row[5:]], "A quoted cell does not end where it should"),
]


def make_vehicles(count: int, *, bad: int, chance: random.Random) -> Sheet:
    """So many lines, of which so many are bad, among them pairs that say the same of two vehicles."""
    rows = [make_vehicle(number) for number in range(1, count + 1)]
    pairs = [(0, "The same VIN stands in"), (1, "The same plate stands in"), (9, "The same tracker stands in")]
    return _spoil(VEHICLE_HEADINGS, rows, bad, VEHICLE_FAULTS, pairs, chance)


def make_drivers(count: int, *, bad: int, chance: random.Random) -> Sheet:
    """So many lines, of which so many are bad, among them pairs that say the same of two people."""
    rows = [make_driver(number) for number in range(1, count + 1)]
    pairs = [(2, "The same number stands in"), (6, "The same licence stands in")]
    return _spoil(DRIVER_HEADINGS, rows, bad, DRIVER_FAULTS, pairs, chance)


def _spoil(
    headings: list[str],
    rows: list[list[str]],
    bad: int,
    faults: list[tuple[Spoil, str]],
    pairs: list[tuple[int, str]],
    chance: random.Random,
) -> Sheet:
    places = chance.sample(range(len(rows)), bad)
    told: dict[int, str] = {}
    for column, words in pairs[: bad // 2]:
        first, second = places.pop(), places.pop()
        rows[second][column] = rows[first][column]
        told |= {first + 2: f"{words} line {second + 2}", second + 2: f"{words} line {first + 2}"}
    for index, place in enumerate(places):
        spoil, words = faults[index % len(faults)]
        rows[place] = spoil(rows[place])
        told[place + 2] = words
    return Sheet(headings, rows, told)
