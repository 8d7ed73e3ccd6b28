"""What an address asks for: words and numbers that a database can be asked about, whatever was typed."""

from __future__ import annotations

import re

from flask import request


def asked_text(name: str) -> str:
    """The words given as `name`, trimmed; PostgreSQL has no place for NUL, so it is left out."""
    return request.args.get(name, "").replace("\0", "").strip()


def as_id(text: str) -> int | None:
    """The number of a record, or None when `text` cannot be one."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None
