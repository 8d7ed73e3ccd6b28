"""Bodies of requests into shapes: what does not fit is refused with the field's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from core.errors import Invalid, Refusal

Shape = TypeVar("Shape")


class Malformed(Refusal):
    """The body is not even readable."""

    code, status, title = "malformed", 400, "The body cannot be read"


def parse_form(shape: type[Shape], form: Mapping[str, str] | None = None) -> Shape:
    """The posted form as a `shape`; empty fields count as left out. Raises Invalid with the field."""
    # A NUL cannot be typed and cannot be stored.
    typed = {name: text.replace("\0", "").strip() for name, text in (form or request.form).items()}
    fields = _nested({name: text for name, text in typed.items() if text})
    fields.pop("csrf_token", None)
    try:
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        raise explain(error) from error


def record_id(text: str) -> int:
    """The number of a record as it stands in an address or a form. Raises ValueError for what can be none."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def parse_json(shape: type[Shape]) -> Shape:
    """The JSON body as a `shape`. Raises Malformed for broken JSON, Invalid with the field for a wrong one."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        return msgspec.json.decode(request.get_data(cache=False), type=shape)
    except msgspec.ValidationError as error:
        raise explain(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not JSON: {error}. Send one JSON document in UTF-8.") from error


def explain(error: msgspec.ValidationError) -> Invalid:
    """A validation error in words, with the name of its field."""
    text, _, path = str(error).partition(" - at `")
    field = path.rstrip("`").removeprefix("$").lstrip(".") or _named(text) or "body"
    return Invalid(f"{field}: {_plain(text)}.", fields={field: f"{_plain(text)}."})


def _named(text: str) -> str | None:
    found = re.search(r"field `(\w+)`", text)
    return found.group(1) if found else None


def _plain(text: str) -> str:
    text = re.sub(r"^Object contains unknown field `(\w+)`$", r"There is no field \1; look up its name and unit", text)
    return re.sub(r"^Object missing required field `(\w+)`$", r"This field is needed", text)


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """`tracker.key` in a form is the field `key` of `tracker`."""
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return nested
