"""Telemetry in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from flask import Response, jsonify, request
from msgspec import Meta
from werkzeug.exceptions import UnsupportedMediaType

from core.errors import Invalid
from core.permissions import Actor, system
from core.telemetry import service
from core.telemetry.schemas import IngestReport, PostedPoint, Reading, RefusedReading, plain
from core.vehicles import queries as vehicles
from core.vehicles.service import note_unknown_device
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.doors import actor, at, erp, write
from portals.errors import problem
from portals.forms import Malformed, explain
from portals.ranges import is_storable

MOST_POINTS = 10_000
NOTED_MOST = 100
INGEST = "telemetry:ingest"
INTAKE = system("telemetry intake", "vehicles:note_device")
# A larger body is looked over before anything is made of it: a few bytes of text may become a hundred of memory.
LARGE_BYTES = 1_000_000
MOST_VALUES = 100 * MOST_POINTS


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body, read in two steps so that one point that does not fit does not cost the others."""

    points: list[msgspec.Raw]


class GoodBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body when every point fits: read in one step, several times as fast."""

    points: list[PostedPoint]


class PointBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points to take in, of any vehicles in any order."""

    points: Annotated[list[PostedPoint], Meta(min_length=1, max_length=MOST_POINTS)]


class RefusedInBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A point of the batch that was not stored: the rule, and what to do about it."""

    index: Annotated[int, Meta(description="Its place in the batch, from 0.")]
    rule: str
    detail: str


class LeftOutInBatch(RefusedInBatch, frozen=True, kw_only=True):
    """A point of the batch that was stored without values that were not believed."""

    values: list[str]


class BatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: received = stored + duplicates + refused."""

    received: int
    stored: int
    duplicates: int
    refused: list[RefusedInBatch]
    left_out: list[LeftOutInBatch]


EXAMPLE = {
    "points": [
        {
            "device_uid": "356307042441013",
            "ts": "2026-11-24T08:00:00Z",
            "lat": 37.77,
            "lon": -122.41,
            "speed_kmh": 31.2,
            "ignition": True,
        }
    ]
}


@bp.post("/telemetry")
@operation(body=PointBatch, reads_body=True, answers={200: BatchReport}, example=EXAMPLE)
def ingest() -> Response:
    """Take in a batch. Each point is stored, a duplicate, or refused with its rule; nothing good is lost to a bad one.

    Each names its vehicle by exactly one of `vehicle_id` and `device_uid`. What is left out was not reported; it never
    means zero. 422 when not one point of the batch could be read.
    """
    body = request.get_data(cache=False)
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    posted, unreadable = decode_batch(body)
    session = write()
    readings, unknown = _resolve(session.connection(), actor(), posted)
    report = service.ingest(
        session,
        actor=actor(),
        at=at(),
        source="http",
        readings=readings,
        unreadable=[*unreadable, *unknown],
        limits=erp().limits,
    )
    _note_unknown(unknown)
    if unreadable and len(unreadable) == report.received:
        return _answer_unreadable(unreadable)
    return _answer(report)


Posted = list[tuple[int, PostedPoint]]


def decode_batch(body: bytes) -> tuple[Posted, list[RefusedReading]]:
    """The points of a batch with their places in it, and those that cannot be read. Raises Malformed and Invalid."""
    try:
        return _decode_at_once(body)
    except RecursionError as error:
        raise Malformed("The body is nested too deeply to be read. Send extra as a flat object.") from error


def _decode_at_once(body: bytes) -> tuple[Posted, list[RefusedReading]]:
    if len(body) > LARGE_BYTES:
        if body.count(b",") > MOST_VALUES:
            raise Invalid(f"points: the body holds more values than {MOST_POINTS} points have. Send several batches.")
        if body.count(b'"ts"') > MOST_POINTS:
            return _decode_one_by_one(body)
    try:
        points = msgspec.json.decode(body, type=GoodBatch).points
        _check_size(points)
        return list(enumerate(points)), []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_one_by_one(body)


def _decode_one_by_one(body: bytes) -> tuple[Posted, list[RefusedReading]]:
    try:
        raws = msgspec.json.decode(body, type=Batch).points
    except msgspec.ValidationError as error:
        raise explain(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f'The body is not JSON: {error}. Send {{"points": [...]}} in UTF-8.') from error
    _check_size(raws)
    posted: Posted = []
    unreadable = []
    for index, raw in enumerate(raws):
        try:
            posted.append((index, msgspec.json.decode(raw, type=PostedPoint)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            detail = (
                explain(error).detail if isinstance(error, msgspec.ValidationError) else f"It is not JSON: {error}."
            )
            text = bytes(raw).decode(errors="replace")
            unreadable.append(RefusedReading(index=index, rule="malformed", detail=detail, raw=text))
    return posted, unreadable


def _check_size(points: Sequence[object]) -> None:
    if not points:
        raise Invalid("points: the batch is empty.", fields={"points": "Send at least one point."})
    if len(points) > MOST_POINTS:
        raise Invalid(
            f"points: {len(points)} points are more than {MOST_POINTS}. Send them in several batches.",
            fields={"points": f"At most {MOST_POINTS}."},
        )


def _resolve(reader: Any, viewer: Actor, posted: Posted) -> tuple[list[Reading], list[RefusedReading]]:
    """The points with their vehicles, and those of nobody we know."""
    asked = {vehicle_id for _, point in posted if (vehicle_id := point.vehicle_id) is not None}
    devices = {device_uid for _, point in posted if (device_uid := point.device_uid) is not None}
    by_device: dict[str, int] = {}
    if devices:
        by_device = vehicles.list_ids_by_device(reader, viewer=viewer, permission=INGEST, device_uids=devices)
    known = {*by_device.values()}
    if asked:
        known |= vehicles.list_known_ids(reader, viewer=viewer, permission=INGEST, vehicle_ids=asked)
    readings, unknown = [], []
    for index, point in posted:
        if point.ts.tzinfo is not UTC and not is_storable(point.ts):
            unknown.append(_turn_away_moment(index, point))
            continue
        by_id, uid = point.vehicle_id, point.device_uid
        vehicle_id = by_id if uid is None else by_device.get(uid)
        if vehicle_id is None or vehicle_id not in known or (by_id is not None and uid is not None):
            unknown.append(_turn_away(index, point))
        else:
            readings.append(Reading(index=index, point=point, vehicle_id=vehicle_id))
    return readings, unknown


def _turn_away(index: int, point: PostedPoint) -> RefusedReading:
    if (point.vehicle_id is None) == (point.device_uid is None):
        return _refuse(index, point, "malformed", "Say whose it is: either vehicle_id or device_uid.")
    named = f"vehicle {point.vehicle_id}" if point.device_uid is None else f"device {point.device_uid}"
    detail = f"There is no {named}. Register it by POST /api/v1/transport_registry first."
    return _refuse(index, point, "unknown_vehicle", detail)


def _turn_away_moment(index: int, point: PostedPoint) -> RefusedReading:
    """Refused without its moment, which cannot be kept beside it either."""
    detail = f"ts: {point.ts.isoformat()} is no moment that can be kept. Send UTC, with Z."
    raw = msgspec.json.encode(point).decode()
    return RefusedReading(index=index, rule="malformed", detail=detail, device_uid=point.device_uid, raw=raw)


def _refuse(index: int, point: PostedPoint, rule: str, detail: str) -> RefusedReading:
    return RefusedReading(
        index=index,
        rule=rule,
        detail=detail,
        device_uid=point.device_uid,
        ts=point.ts,
        raw=msgspec.json.encode(point).decode(),
        point=plain(point),
    )


def _note_unknown(refused: Sequence[RefusedReading]) -> None:
    """Let the devices that nobody knows wait to be claimed, in the order of their names as the verb wants it."""
    named = {refusal.device_uid for refusal in refused if refusal.device_uid and refusal.rule == "unknown_vehicle"}
    for device_uid in sorted(named)[:NOTED_MOST]:
        note_unknown_device(
            write(), actor=INTAKE, at=at(), device_uid=device_uid, source="http", address=request.remote_addr
        )


def _answer(report: IngestReport) -> Response:
    return jsonify(
        {
            "received": report.received,
            "stored": report.stored,
            "duplicates": report.duplicates,
            "refused": [
                {"index": refusal.index, "rule": refusal.rule, "detail": refusal.detail}
                for refusal in sorted(report.refused, key=_index)
            ],
            "left_out": [
                {"index": doubt.index, "rule": doubt.rule, "detail": doubt.detail, "values": doubt.left_out}
                for doubt in sorted(report.left_out, key=_index)
            ],
        }
    )


_index = attrgetter("index")


def _answer_unreadable(unreadable: list[RefusedReading]) -> Response:
    errors = [{"field": f"points[{refusal.index}]", "detail": refusal.detail} for refusal in unreadable[:100]]
    first = unreadable[0]
    detail = f"No point of the batch could be read. The first: {first.detail}"
    return problem(422, "invalid", "Some fields need attention", detail, errors=errors)
