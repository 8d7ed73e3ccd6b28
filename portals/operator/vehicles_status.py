"""Moving a vehicle, or many, to another status: the form."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import request
from msgspec import Meta

from core.errors import Invalid
from portals.forms import parse_form
from portals.operator.vehicles_words import STATUSES

WANTED = {"status": "Choose one of the list.", "status_reason": "Say why, in 3 to 500 characters."}
REFUSED = "The status was not changed."


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a vehicle is to stand, and why."""

    status: str
    status_reason: Annotated[str, Meta(min_length=3, max_length=500)]


def parse_status() -> StatusChange:
    """The form as it was sent. Raises Invalid with the fields."""
    try:
        change = parse_form(StatusChange, {name: request.form.get(name, "") for name in WANTED})
    except Invalid as invalid:
        fields = {name: WANTED.get(name, words) for name, words in invalid.fields.items()}
        raise Invalid(REFUSED, fields=fields) from invalid
    if change.status not in STATUSES:
        raise Invalid(REFUSED, fields={"status": WANTED["status"]})
    return change
