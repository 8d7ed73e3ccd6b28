"""What a VIN tells of its vehicle: a hint for whoever types it, never more than that.

Regions and countries: ISO 3780 (the first two characters). Model years: 49 CFR 565.15 table VII, letters that return
every 30 years, of which the seventh character tells the cycle for cars and light vehicles of North America.
"""

from __future__ import annotations

from dataclasses import dataclass

# The order of characters in ISO 3780, in which ranges of countries are written.
_ORDER = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"
_REGIONS = (
    ("ABCDEFGH", "Africa"),
    ("JKLMNPR", "Asia"),
    ("STUVWXYZ", "Europe"),
    ("12345", "North America"),
    ("67", "Oceania"),
    ("890", "South America"),
)
# First character -> (from, to, country) of the second.
_COUNTRIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "1": (("A", "0", "United States"),),
    "2": (("A", "0", "Canada"),),
    "3": (("A", "W", "Mexico"),),
    "4": (("A", "0", "United States"),),
    "5": (("A", "0", "United States"),),
    "6": (("A", "W", "Australia"),),
    "7": (("A", "E", "New Zealand"), ("F", "0", "United States")),
    "8": (("A", "E", "Argentina"), ("F", "K", "Chile")),
    "9": (("A", "E", "Brazil"), ("3", "9", "Brazil")),
    "A": (("A", "H", "South Africa"),),
    "J": (("A", "0", "Japan"),),
    "K": (("L", "R", "South Korea"),),
    "L": (("A", "0", "China"),),
    "M": (("A", "E", "India"), ("F", "K", "Indonesia"), ("L", "R", "Thailand")),
    "N": (("L", "R", "Turkey"),),
    "P": (("L", "R", "Malaysia"),),
    "S": (("A", "M", "United Kingdom"), ("N", "T", "Germany"), ("U", "Z", "Poland")),
    "T": (("A", "H", "Switzerland"), ("J", "P", "Czech Republic"), ("R", "V", "Hungary"), ("W", "1", "Portugal")),
    "U": (("U", "Z", "Romania"),),
    "V": (("A", "E", "Austria"), ("F", "R", "France"), ("S", "W", "Spain")),
    "W": (("A", "0", "Germany"),),
    "X": (("L", "R", "Netherlands"),),
    "Y": (("A", "E", "Belgium"), ("F", "K", "Finland"), ("S", "W", "Sweden")),
    "Z": (("A", "R", "Italy"),),
}
_YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"
_FIRST_YEAR, _CYCLE = 1980, len(_YEARS)


@dataclass(frozen=True, slots=True)
class VinMeaning:
    """What a VIN tells: where it was made, and of which model years it can be, the likeliest first; empty: it tells
    none.

    `country` is None where it is not one of those that make many vehicles.
    """

    region: str
    country: str | None
    model_years: tuple[int, ...]


def read_vin(vin: str, *, this_year: int) -> VinMeaning:
    """What a VIN of the right form tells. Next year's models are on the road already; those after it are not."""
    region = next(name for letters, name in _REGIONS if vin[0] in letters)
    return VinMeaning(region, _country(vin), _model_years(vin, latest=this_year + 1))


def is_north_american(vin: str) -> bool:
    """Whether the maker is of the USA, Canada or Mexico."""
    return _country(vin) in {"United States", "Canada", "Mexico"}


def _country(vin: str) -> str | None:
    place = _ORDER.index(vin[1])
    for first, last, country in _COUNTRIES.get(vin[0], ()):
        if _ORDER.index(first) <= place <= _ORDER.index(last):
            return country
    return None


def _model_years(vin: str, *, latest: int) -> tuple[int, ...]:
    if vin[9] not in _YEARS:
        return ()
    first = _FIRST_YEAR + _YEARS.index(vin[9])
    years = list(range(latest - (latest - first) % _CYCLE, _FIRST_YEAR - 1, -_CYCLE))
    if is_north_american(vin) and vin[6].isdigit():
        # A digit in the seventh place says up to 2009, a letter from 2010 on; of heavy vehicles it says nothing.
        years.reverse()
    return tuple(years)
