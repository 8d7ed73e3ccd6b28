"""Trackers that report by HTTP: OsmAnd and Traccar Client, each for itself, and a Traccar server for its devices.

A request is one transaction and is answered after the commit. Whoever is not known is noted, so that an administrator
can put the device into a vehicle; the point is kept among the refused ones until then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

import msgspec
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from core.permissions import DEVICE, Actor
from core.telemetry import queries as telemetry
from core.telemetry import service
from core.telemetry.schemas import IngestReport, Point, Reading, RefusedReading
from core.vehicles import queries as vehicles
from core.vehicles.service import note_unknown_device
from portals.devices.faults import Malformed
from portals.devices.osmand.client import read_body, read_location
from portals.devices.osmand.form import Fields, read_device, read_form
from portals.devices.traccar.positions import Forwarded, read_positions
from portals.doors import actor, at, erp, write
from portals.errors import problem

bp = Blueprint("devices", __name__, url_prefix="/devices")

DEVICES = Actor("device", None, "devices by HTTP", roles=frozenset({DEVICE}), parks=None)
OSMAND, TRACCAR = "osmand", "traccar"
BODY_BYTES = 256 * 1024
# Anybody can send to the open door: of devices nobody knows this many points are kept, and no more.
STRANGERS_MOST, STRANGERS_WITHIN = 5_000, timedelta(hours=1)
NOTED_MOST = 100


@bp.before_request
def bound() -> None:
    """One report is small, and so is a burst of them."""
    request.max_content_length = BODY_BYTES


@bp.route("/osmand", methods=["GET", "POST"])
def take_osmand() -> ResponseReturnValue:
    """A report of one device. 200 with nothing, since a device takes what it is answered for a command."""
    return _take_client() if request.mimetype == "application/json" else _take_form()


@bp.post("/traccar")
def take_traccar() -> ResponseReturnValue:
    """A position that a Traccar server forwards, or a list of them: 200 with what became of each.

    404 when no device of them is known and 400 when none can be read, so that it stands in Traccar's own log.
    """
    try:
        forwarded = read_positions(request.get_data(cache=False))
    except Malformed as fault:
        return _malformed(fault.detail, 400)
    known = vehicles.list_ids_by_device(
        write().connection(),
        viewer=actor(),
        permission="telemetry:ingest",
        device_uids={each.device_uid for each in forwarded},
    )
    report = _take_forwarded(forwarded, known)
    unknown = sorted({each.device_uid for each in forwarded} - known.keys())
    for device_uid in unknown[:NOTED_MOST]:
        _note(device_uid, TRACCAR)
    if not any(each.point and each.device_uid in known for each in forwarded):
        first = next((each.problem for each in forwarded if each.problem), "There is no position in it.")
        return _unknown(unknown[0], 404) if unknown else _malformed(first, 400)
    return _answer(report)


def _take_form() -> ResponseReturnValue:
    fields = request.values.to_dict(flat=False)
    device_uid, key = read_device(fields)
    if device_uid is None:
        return _malformed("The id is missing; send id=…, the name under which the tracker is registered.", 400)
    return _take(
        device_uid, key, lambda: read_form(fields, received_at=at()).point, raw=_as_sent(fields), unknown_status=400
    )


def _take_client() -> ResponseReturnValue:
    try:
        device_uid, key, location = read_body(request.get_data(cache=False))
    except Malformed as fault:
        return _malformed(fault.detail, 400)
    raw = location.decode(errors="replace")
    return _take(
        device_uid,
        key or request.args.get("key"),
        lambda: read_location(device_uid, key, location).point,
        raw=raw,
        unknown_status=404,
    )


def _take(
    device_uid: str, key: str | None, read: Callable[[], Point], *, raw: str, unknown_status: int
) -> ResponseReturnValue:
    device = vehicles.find_device(write().connection(), device_uid=device_uid)
    if device is None:
        return _turn_away(device_uid, read, raw=raw, status=unknown_status)
    if not device.accepts(key or (request.authorization.password if request.authorization else None)):
        detail = f"Device {device_uid} has a key and this is not it. Send it as key=… or as the password of HTTP Basic."
        return problem(403, "wrong-key", "Not allowed", detail)
    try:
        reading = Reading(index=0, point=read(), vehicle_id=device.vehicle_id, raw=raw)
    except Malformed as fault:
        _ingest(DEVICES, OSMAND, unreadable=[_refuse(0, "malformed", fault.detail, device_uid, device.vehicle_id, raw)])
        return _malformed(fault.detail, 400)
    _ingest(DEVICES, OSMAND, readings=[reading])
    return Response(status=200, mimetype="text/plain")


def _turn_away(device_uid: str, read: Callable[[], Point], *, raw: str, status: int) -> ResponseReturnValue:
    """Note a device that nobody knows, and keep its point until somebody does."""
    has_room = telemetry.has_room_for_strangers(
        write().connection(), since=at() - STRANGERS_WITHIN, most=STRANGERS_MOST
    )
    with contextlib.suppress(Malformed):
        refusal = _stranger(0, device_uid, raw, read())
        if has_room:
            _ingest(DEVICES, OSMAND, unreadable=[refusal])
    _note(device_uid, OSMAND)
    return _unknown(device_uid, status)


def _take_forwarded(forwarded: list[Forwarded], known: dict[str, int]) -> IngestReport:
    readings, unreadable = [], []
    for index, each in enumerate(forwarded):
        vehicle_id = known.get(each.device_uid)
        if each.point is None:
            refusal = _refuse(index, "malformed", each.problem, each.device_uid, vehicle_id, each.raw)
            unreadable.append(refusal)
        elif vehicle_id is None:
            unreadable.append(_stranger(index, each.device_uid, each.raw, each.point))
        else:
            readings.append(Reading(index=index, point=each.point, vehicle_id=vehicle_id, raw=each.raw))
    return _ingest(actor(), TRACCAR, readings=readings, unreadable=unreadable)


def _ingest(
    sender: Actor, source: str, *, readings: list[Reading] | None = None, unreadable: list[RefusedReading] | None = None
) -> IngestReport:
    return service.ingest(
        write(),
        actor=sender,
        at=at(),
        source=source,
        readings=readings or [],
        unreadable=unreadable or [],
        limits=erp().limits,
    )


def _note(device_uid: str, source: str) -> None:
    note_unknown_device(
        write(), actor=DEVICES, at=at(), device_uid=device_uid, source=source, address=request.remote_addr
    )


def _stranger(index: int, device_uid: str, raw: str, point: Point) -> RefusedReading:
    detail = "No vehicle has this device. An administrator can put it into one and replay this point."
    refusal = _refuse(index, "unknown_vehicle", detail, device_uid, None, raw)
    return msgspec.structs.replace(refusal, ts=point.ts, point=point)


def _refuse(index: int, rule: str, detail: str, device_uid: str, vehicle_id: int | None, raw: str) -> RefusedReading:
    # A NUL cannot be stored, and a name longer than any tracker's is nobody's.
    name = device_uid.replace("\0", "")[:64]
    return RefusedReading(index=index, rule=rule, detail=detail, vehicle_id=vehicle_id, device_uid=name, raw=raw)


def _as_sent(fields: Fields) -> str:
    """What was sent, without the key."""
    return "&".join(f"{name}={value}" for name, values in fields.items() if name != "key" for value in values)


def _malformed(detail: str, status: int) -> Response:
    return problem(status, "malformed", "The report cannot be read", detail)


def _unknown(device_uid: str, status: int) -> Response:
    detail = (
        f"There is no device {device_uid[:64]} here yet. It was noted: an administrator finds it under Devices in the "
        "console and can put it into a vehicle."
    )
    return problem(status, "unknown-device", "Unknown device", detail)


def _answer(report: IngestReport) -> Response:
    return jsonify(
        received=report.received,
        stored=report.stored,
        duplicates=report.duplicates,
        refused=[{"index": each.index, "rule": each.rule, "detail": each.detail} for each in report.refused],
    )
