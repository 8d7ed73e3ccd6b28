"""Codes by which a driver starts a locked vehicle without the office: their form, and when one may be used. Pure."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from core.access.models import Reason
from core.access.rules.law import DebtLaw

# 60 random bits: a copy of the hashes gives none away, and nobody guesses one.
CODE_LENGTH = 12
MOST_LIVE = 2
# So often within so many seconds may it be tried: from one place, and for one plate.
TRIES, TRIES_PER_S = 10, 900
# For these nobody starts without the office: whoever sits in it may be a thief.
OFFICE_ONLY = frozenset({Reason.THEFT, Reason.POLICE})


def make_code(random: bytes) -> str:
    """The code of eight random bytes, in three groups of four: letters and digits that are not mistaken for others."""
    plain = base64.b32encode(random).decode().lower()[:CODE_LENGTH]
    return "-".join(plain[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def plain_code(text: str) -> str:
    """A code as it is hashed: as somebody typed it, without what stands between, and with what is often mistaken."""
    kept = "".join(letter for letter in text.lower() if letter.isalnum())
    return kept.translate(str.maketrans("018", "olb"))


def plain_plate(text: str) -> str:
    """A plate as it is compared: letters and digits alone."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


def find_refusal(reason: Reason, law: DebtLaw, *, used: int) -> str | None:
    """Why a right code does not start the vehicle, in words that say what to do; None: it does."""
    if reason in OFFICE_ONLY:
        return "This vehicle can only be released by the office. Call it now, at any hour."
    if law.emergency_start_hours == 0:
        return "The rules of this place know no emergency start. Call the office: it can release the vehicle."
    if used >= law.emergency_starts:
        times = "once" if used == 1 else f"{used} times"
        return f"It was started in an emergency {times}, which is all that there is. Call the office."
    return None


def find_free_until(law: DebtLaw, *, at: datetime) -> datetime:
    """Until when the vehicle is not locked again for debt or contract."""
    return at + timedelta(hours=law.emergency_start_hours)
