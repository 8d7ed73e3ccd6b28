"""What a VIN hints at, beyond what it must be: where the maker sits, and the model year."""

from __future__ import annotations

from dataclasses import dataclass

# The first character names the region of the maker: ISO 3780.
_REGIONS = (
    ("ABCDEFG", "Africa"),
    ("HJKLMNPR", "Asia"),
    ("STUVWXYZ", "Europe"),
    ("12345", "North America"),
    ("67", "Oceania"),
    ("89", "South America"),
)
# Position 10 in cycles of thirty years that begin with 1980: 49 CFR 565.15, table VII.
_YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"
_FIRST_YEAR = 1980
# Who is bound to tell it so, and for light vehicles tells the cycle in position 7: a letter from 2010 on.
_BOUND = "1245"


@dataclass(frozen=True, slots=True)
class VinHint:
    """`region` of the maker, and the model year; `is_sure` where its maker is bound to tell the year so."""

    region: str
    year: int | None
    is_sure: bool


def hint_from_vin(vin: str, *, this_year: int) -> VinHint:
    """What a sound VIN hints at. The year is the newest that the letter can mean by now, next year's models included.

    Whether a maker outside North America tells it there at all is up to them (ISO 3779).
    """
    region = next(name for letters, name in _REGIONS if vin[0] in letters)
    is_bound = vin[0] in _BOUND
    place = _YEARS.find(vin[9])
    if place < 0:
        return VinHint(region, None, is_bound)
    year = _FIRST_YEAR + place
    is_late = vin[6].isalpha() if is_bound else year + 30 <= this_year + 1
    return VinHint(region, year + 30 if is_late else year, is_bound)
