"""Bodies of requests into shapes: what does not fit is refused with the field's name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from core.errors import Invalid, Refusal
from portals.ranges import is_unstorable_text

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
    body = request.get_data(cache=False)
    try:
        decoded = msgspec.json.decode(body, type=shape)
        json.loads(body, object_pairs_hook=_refuse_ambiguous)
    except msgspec.ValidationError as error:
        raise explain(error) from error
    except RecursionError as error:
        raise Malformed("The body is nested too deeply to be read.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not JSON: {error}. Send one JSON document in UTF-8.") from error
    return decoded


def _refuse_ambiguous(pairs: list[tuple[str, Any]]) -> None:
    """Refuse what a shape cannot: a name that stands twice in an object, of which JSON does not say which counts; NUL
    in any text; moments that no database takes.
    """
    names = {name for name, _ in pairs}
    if len(names) < len(pairs):
        twice = next(name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1)
        raise Malformed(f"The name {twice[:40]!r} stands twice in one object. Send it once.")
    for name, value in pairs:
        if _holds_nul(name) or _holds_nul(value):
            raise Invalid(f"{name[:40]!r}: it holds a NUL, which no text may.", fields={name[:40]: "No NUL."})
        if isinstance(value, str) and is_unstorable_text(value):
            told = "A moment with an offset from -15:59 to +15:59, of the years 1 to 9999."
            raise Invalid(f"{name[:40]}: {value} is no moment that can be kept.", fields={name[:40]: told})


def _holds_nul(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_nul(one) for one in value)
    return isinstance(value, str) and "\0" in value


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
