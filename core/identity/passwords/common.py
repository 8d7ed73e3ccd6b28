"""Passwords that are tried first: the ones most people choose, and the same dressed up to satisfy a rule."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("common.txt")
_NO_LETTER = r"[\W\d_]"
_DISGUISES = str.maketrans("013457@$!", "oieastasi")


def is_common(password: str) -> bool:
    """Whether `password` is one of the most common, with digits and signs around it or a letter in disguise or not, or
    repeats one, or repeats up to three letters. Digits and signs alone count as common: they are run through first.
    """
    plain = "".join(password.lower().split())
    core = re.sub(rf"^{_NO_LETTER}+|{_NO_LETTER}+$", "", plain)
    undisguised = re.sub(_NO_LETTER, "", core.translate(_DISGUISES))
    units = {_unit(text) for text in (plain, core, undisguised)}
    return not core or any(len(unit) < 4 or unit in _common() for unit in units)


def _unit(text: str) -> str:
    """What `text` repeats: abcabc is abc."""
    return text[: (text + text).find(text, 1)] if text else text


@cache
def _common() -> frozenset[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
