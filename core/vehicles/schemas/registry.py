"""The shape of a vehicle, shared by the API and the forms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.vehicles.models import Powertrain, VehicleClass
from core.vehicles.schemas.trackers import NewTracker

# What a database can hold as the id of a record.
RecordId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Text = Annotated[str, Meta(min_length=1, max_length=120)]


class NewVehicle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed to put a vehicle into the registry. `park_id` may be left out when there is one park."""

    vin: Annotated[str, Meta(max_length=64)]
    model: Text
    park_id: RecordId | None = None
    plate: Annotated[str, Meta(min_length=1, max_length=16)] | None = None
    name: Text | None = None
    make: Text | None = None
    year: Annotated[int, Meta(ge=1950, le=2100)] | None = None
    powertrain: Powertrain | None = None
    vehicle_class: VehicleClass = VehicleClass.CAR
    tracker: NewTracker | None = None
