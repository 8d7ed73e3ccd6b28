"""The shape of the device in a vehicle."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.vehicles.models import RelayGateway

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
