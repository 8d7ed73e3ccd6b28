"""What a VIN hints at, beyond what it must be: where the maker sits, and the model year."""

from __future__ import annotations

from dataclasses import dataclass

from core.vehicles.rules.vin_origins import find_country, find_region, is_north_american

# Position 10 in cycles of thirty years that begin with 1980: 49 CFR 565.15, table VII.
_YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"
_FIRST_YEAR = 1980


@dataclass(frozen=True, slots=True)
class VinHint:
    """`region` and, where known, `country` of the maker, and the model year; `is_sure` where its maker is bound to tell
    the year so: for light vehicles place 7 tells the cycle there, a letter from 2010 on.
    """

    region: str
    country: str | None
    year: int | None
    is_sure: bool


def hint_from_vin(vin: str, *, this_year: int) -> VinHint:
    """What a sound VIN hints at. The year is the newest that the letter can mean by now, next year's models included.

    Whether a maker outside North America tells it there at all is up to them (ISO 3779).
    """
    region, country, is_bound = find_region(vin), find_country(vin), is_north_american(vin)
    place = _YEARS.find(vin[9])
    if place < 0:
        return VinHint(region, country, None, is_bound)
    year = _FIRST_YEAR + place
    is_late = year + 30 <= this_year + 1 and (vin[6].isalpha() or not is_bound)
    return VinHint(region, country, year + 30 if is_late else year, is_bound)
