"""The shapes of fields that the office defines."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.vehicles.models import FieldKind
from core.vehicles.schemas.registry import RecordId

FieldName = Annotated[str, Meta(min_length=1, max_length=60)]
Unit = Annotated[str, Meta(min_length=1, max_length=20)]
Choices = Annotated[list[Annotated[str, Meta(min_length=1, max_length=60)]], Meta(max_length=50)]
# What stands in a field: text, a number, yes or no; a day as its text. Null: nothing.
FieldValue = str | int | float | bool | None


class NewField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field for the vehicles of a park, or without one for all. A number may have a unit, a choice has choices.

    Without a required one a vehicle is not ready for the road.
    """

    name: FieldName
    kind: FieldKind
    park_id: RecordId | None = None
    unit: Unit | None = None
    choices: Choices = []
    is_required: bool = False


class FieldChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different about a field; its kind stays. Choices are all that there are from now on."""

    name: FieldName | UnsetType = UNSET
    unit: Unit | UnsetType | None = UNSET
    choices: Choices | UnsetType = UNSET
    is_required: bool | UnsetType = UNSET
