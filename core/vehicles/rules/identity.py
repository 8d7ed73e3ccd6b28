"""What a VIN and the name of a device must be."""

from __future__ import annotations

import re

from core.vehicles.rules.vin_origins import is_north_american

_FORM = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_DEVICE_UID = re.compile(r"[A-Za-z0-9_.:-]{3,64}")
_VALUES = dict(
    zip(
        "0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        [*range(10), *range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)],
        strict=True,
    )
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
# What a maker of Mexico writes into places 4 to 6 for the markets of Europe, where place 9 is a filler too.
_FILLER = "ZZZ"


def normal_vin(text: str) -> str:
    """A VIN as it is kept: upper case, without the spaces and dashes people type."""
    return re.sub(r"[\s-]", "", text).upper()


def compute_check_digit(vin: str) -> str:
    """The check digit that position 9 of `vin` should hold (49 CFR 565.15)."""
    total = sum(_VALUES[letter] * weight for letter, weight in zip(vin, _WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


def is_check_digit_bound(vin: str) -> bool:
    """Whether position 9 has to be the check digit: for makers of North America (49 CFR 565 and Canada's CMVSS 115,
    NOM-001-SSP in Mexico). ISO 3779 leaves it free.
    """
    return is_north_american(vin) and vin[3:6] != _FILLER


def vin_problem(vin: str) -> str | None:
    """Why `vin` is refused, in words, or None."""
    if len(vin) != 17:
        return f"A VIN has 17 characters; this one has {len(vin)}."
    if not _FORM.fullmatch(vin):
        wrong = "".join(sorted(set(vin) - set(_VALUES)))
        return f"A VIN has digits and capital letters without I, O and Q; found {wrong}."
    if is_check_digit_bound(vin) and vin[8] != (digit := compute_check_digit(vin)):
        return f"The check digit (position 9) is {vin[8]} but should be {digit}: one character was mistyped."
    return None


def vin_warning(vin: str) -> str | None:
    """What looks odd about a VIN that is accepted: outside North America a failing check digit is only a hint."""
    if not is_check_digit_bound(vin) and vin[8] != compute_check_digit(vin):
        return "The check digit (position 9) does not match. Outside North America it need not; check the papers."
    return None


def is_device_uid(text: str) -> bool:
    """Whether a tracker may be registered under `text`."""
    return _DEVICE_UID.fullmatch(text) is not None
