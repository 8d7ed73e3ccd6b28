"""The shape of a change to a vehicle's record."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.vehicles.models import Powertrain, VehicleClass

Words = Annotated[str, Meta(min_length=1, max_length=120)]


class VehicleChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays as it is, and null takes a value away."""

    plate: Annotated[str, Meta(min_length=1, max_length=16)] | UnsetType | None = UNSET
    name: Words | UnsetType = UNSET
    make: Words | UnsetType | None = UNSET
    model: Words | UnsetType = UNSET
    year: Annotated[int, Meta(ge=1950, le=2100)] | UnsetType | None = UNSET
    powertrain: Powertrain | UnsetType | None = UNSET
    vehicle_class: VehicleClass | UnsetType = UNSET
