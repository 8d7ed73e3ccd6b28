"""The tracker of a vehicle: put in, taken out."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.vehicles import service
from core.vehicles.schemas import NewTracker, RelayGateway, TrackerFamily
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.api_v1.idempotency import keep_no_answer
from portals.doors import actor, at, write

DeviceUid = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{3,64}$")]


class TrackerFitting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The device that is put into a vehicle."""

    device_uid: DeviceUid
    family: TrackerFamily | None = None
    relay_gateway: RelayGateway | None = None
    relay_output: Annotated[int, Meta(ge=1, le=16)] = 1
    relay_inverted: bool = False
    with_key: Annotated[bool, Meta(description="Make a key that the device has to show.")] = True
    replace: Annotated[bool, Meta(description="Take out the one that is in the vehicle.")] = False


class FittedTracker(msgspec.Struct, frozen=True, kw_only=True):
    """The device in a vehicle, and its new key."""

    vehicle_id: int
    device_uid: str
    key: Annotated[str | None, Meta(description="Shown this once, and kept by nobody. Null without a key.")]


EXAMPLE = {"device_uid": "356307042441013", "family": "fmb", "relay_gateway": "teltonika_codec12"}


@bp.put("/vehicles/<int:vehicle_id>/tracker")
@operation(body=TrackerFitting, answers={200: FittedTracker}, refuses=(409,), keyed=True, example=EXAMPLE)
def fit_tracker(vehicle_id: int, body: TrackerFitting) -> FittedTracker:
    """Put a device into a vehicle, whether it has reported yet or not. Its key is in this answer and nowhere else.

    409 when the device is in another vehicle, which `vehicle_id` names, or this one has a device and `replace` is not
    said.
    """
    tracker = NewTracker(
        device_uid=body.device_uid,
        family=body.family,
        relay_gateway=body.relay_gateway,
        relay_output=body.relay_output,
        relay_inverted=body.relay_inverted,
    )
    key = service.pair_tracker(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=vehicle_id,
        tracker=tracker,
        with_key=body.with_key,
        replace=body.replace,
    )
    keep_no_answer()
    return FittedTracker(vehicle_id=vehicle_id, device_uid=body.device_uid, key=key)


@bp.delete("/vehicles/<int:vehicle_id>/tracker")
@operation(answers={204: None}, refuses=(409,))
def take_out_tracker(vehicle_id: int) -> None:
    """Take the device out: the vehicle reports no more, and cannot be locked. 409 when there is none."""
    service.take_out_tracker(write(), actor=actor(), at=at(), vehicle_id=vehicle_id)
