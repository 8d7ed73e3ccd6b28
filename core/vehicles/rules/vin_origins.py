"""Where the maker of a vehicle sits, by the first two characters of its VIN: ISO 3780."""

from __future__ import annotations

# The order of characters in ISO 3780, in which ranges of countries are written.
_ORDER = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"
_REGIONS = (
    ("ABCDEFG", "Africa"),
    ("HJKLMNPR", "Asia"),
    ("STUVWXYZ", "Europe"),
    ("12345", "North America"),
    ("67", "Oceania"),
    ("89", "South America"),
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


def find_region(vin: str) -> str:
    """The region of the maker; "unknown" for a first character that belongs to none."""
    return next((name for letters, name in _REGIONS if vin[0] in letters), "unknown")


def find_country(vin: str) -> str | None:
    """The country of the maker, or None where it is not one of those that make many vehicles."""
    place = _ORDER.index(vin[1])
    for first, last, country in _COUNTRIES.get(vin[0], ()):
        if _ORDER.index(first) <= place <= _ORDER.index(last):
            return country
    return None


def is_north_american(vin: str) -> bool:
    """Whether the maker is of the USA, Canada or Mexico."""
    return find_country(vin) in {"United States", "Canada", "Mexico"}
