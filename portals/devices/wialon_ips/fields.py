"""One field of text to one value, or a named fault."""

from __future__ import annotations

from datetime import UTC, datetime

from portals.devices.wialon_ips.faults import Fault, Malformed

MISSING = frozenset({"NA", ""})  # the standard says NA; trackers in the field also leave the field empty
_BOUND = 1e9  # no field of the protocol comes near; keeps nan, inf and overflow out of everything behind


def number(text: str, fault: Fault, name: str) -> float | None:
    """A decimal, or None when the device does not know."""
    if text in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = _BOUND
    if not -_BOUND < value < _BOUND or "_" in text:
        raise Malformed(fault, f"{name} is {text[:40]!r}; send a decimal number or NA.")
    return value


def whole(text: str, fault: Fault, name: str) -> int | None:
    """A whole number that fits 32 bits, or None when the device does not know."""
    if text in MISSING:
        return None
    if not (text.isdecimal() and text.isascii() and len(text) <= 10 and int(text) < 2**32):
        raise Malformed(fault, f"{name} is {text[:40]!r}; send a whole number or NA.")
    return int(text)


def moment(date: str, time: str, received_at: datetime) -> datetime:
    """DDMMYY and HHMMSS[.fraction] in UTC; the moment of arrival when the device has no clock."""
    if date in MISSING or time in MISSING:
        return received_at
    clock, _, fraction = time.partition(".")
    digits = date + clock + fraction
    try:
        if len(date) != 6 or len(clock) != 6 or len(fraction) > 9 or not digits.isdecimal():
            raise ValueError
        return datetime(
            2000 + int(date[4:]), int(date[2:4]), int(date[:2]),
            int(clock[:2]), int(clock[2:4]), int(clock[4:]),
            int(fraction[:6].ljust(6, "0")) if fraction else 0, UTC,
        )  # fmt: skip
    except ValueError:
        detail = f"date and time are {date[:20]!r} and {time[:20]!r}; send DDMMYY and HHMMSS in UTC, or NA."
        raise Malformed(Fault.TIME, detail) from None


def angle(text: str, hemisphere: str, letters: str, name: str) -> float | None:
    """[D]DDMM.mmmm and a hemisphere letter to degrees; the second of `letters` is the negative one.

    Minutes of 60 and more are refused, though some servers accept them: the position would be a guess.
    Whether the degrees exist on earth is for the quality rules of ingest.
    """
    if text in MISSING and hemisphere in MISSING:
        return None
    value = number(text, Fault.COORDINATES, name)
    if value is not None and value >= 0 and len(hemisphere) == 1 and hemisphere in letters:
        degrees, minutes = divmod(value, 100)
        if minutes < 60:
            degrees += minutes / 60
            return -degrees if hemisphere == letters[1] else degrees
    wanted = f"send degrees and minutes with {letters[0]} or {letters[1]}, or NA;NA"
    raise Malformed(Fault.COORDINATES, f"{name} is {text[:40]!r};{hemisphere[:10]!r}; {wanted}.")
