"""The shapes of vehicles, shared by the API and the forms."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.vehicles.models import Powertrain, RelayGateway, VehicleClass, VehicleStatus

__all__ = [
    "FAMILIES",
    "NewTracker",
    "NewVehicle",
    "Powertrain",
    "RecordId",
    "RelayGateway",
    "TrackerFamily",
    "VehicleClass",
    "VehicleStatus",
]

# What a database can hold as the id of a record.
RecordId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Text = Annotated[str, Meta(min_length=1, max_length=120)]
DeviceUid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{3,64}$")]
DeviceKey = Annotated[str, Meta(min_length=4, max_length=128)]
# Of models whose maker numbers their values differently from its others.
TrackerFamily = Literal["fmb", "fm36", "fmb6", "ft"]
FAMILIES: dict[TrackerFamily, str] = {
    "fmb": "Teltonika FMB, FMC, FMM",
    "fm36": "Teltonika FM36",
    "fmb6": "Teltonika FMB6",
    "ft": "Teltonika FT",
}


class NewTracker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The device of a vehicle. Without `key` the device is known by its uid alone."""

    device_uid: DeviceUid
    key: DeviceKey | None = None
    relay_gateway: RelayGateway | None = None
    relay_output: Annotated[int, Meta(ge=1, le=16)] = 1
    relay_inverted: bool = False
    family: TrackerFamily | None = None


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
