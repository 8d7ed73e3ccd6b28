"""The decoders of what comes by HTTP, as the fuzzer feeds them: each chunk is a body."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qs

from core.errors import Refusal
from core.telemetry.schemas import Point
from infra.bench.fuzz_targets import Swallowed
from portals.api_v1.telemetry.ingest import decode_batch
from portals.devices.faults import Malformed
from portals.devices.osmand.client import read_body, read_location
from portals.devices.osmand.form import read_form
from portals.devices.traccar.positions import read_positions
from portals.forms import Malformed as MalformedBody

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

OSMAND_FORM = (
    b"id=902064&lat=42.06288&lon=-88.23412&timestamp=1442068686579&hdop=6.0&altitude=224.0&speed=0.0",
    b"lat=49.60688&lon=6.15788&timestamp=2014-06-04+09%3A10%3A11&altitude=384.7&speed=0.0&id=353861053849681",
    b"id=123456789012345&timestamp=1504763810&location=40.7232,-74.0061&bearing=7.1&speed=40&ignition=true&rpm=933",
)
OSMAND_CLIENT = (
    b'{"device_id":"1","location":{"timestamp":"2025-06-15T13:45:12.862Z","coords":{"latitude":37.42,"longitude":'
    b'-122.08,"accuracy":5,"speed":0,"heading":-1,"altitude":5},"is_moving":false,"odometer":0,"event":"motionchange",'
    b'"battery":{"level":1,"is_charging":false},"activity":{"type":"still"},"extras":{}}}',
)
TRACCAR = (
    b'{"position":{"attributes":{"sat":19,"ignition":true,"odometer":41397,"power":14.304},"protocol":"teltonika",'
    b'"deviceTime":"2024-05-20T14:29:55.000+00:00","fixTime":"2024-05-20T14:29:55.000+00:00","valid":true,'
    b'"latitude":-23.5,"longitude":-46.6,"altitude":760.0,"speed":13.5,"course":180.0,"accuracy":0.0},'
    b'"device":{"uniqueId":"123456789012345"}}',
)
BATCH = (
    b'{"points":[{"vehicle_id":1,"ts":"2026-03-01T11:59:00Z","lat":37.7,"lon":-122.4,"speed_kmh":31.5,"dtc":["P0299"],'
    b'"extra":{"a":[1,{"b":null}]}},{"device_uid":"x","ts":"2026-03-01T11:59:00Z"}]}',
)


def swallow_osmand_form(chunks: Iterable[bytes]) -> Swallowed:
    """A query, or a form in a body."""

    def read(body: bytes) -> list[Point]:
        fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
        return [read_form(fields, received_at=NOW).point]

    return _swallow(read, chunks)


def swallow_osmand_client(chunks: Iterable[bytes]) -> Swallowed:
    """The JSON of Traccar Client."""

    def read(body: bytes) -> list[Point]:
        return [read_location(*read_body(body)).point]

    return _swallow(read, chunks)


def swallow_traccar(chunks: Iterable[bytes]) -> Swallowed:
    """What a Traccar server forwards."""
    return _swallow(lambda body: [each.point for each in read_positions(body) if each.point is not None], chunks)


def swallow_batch(chunks: Iterable[bytes]) -> Swallowed:
    """The batch of the API."""
    return _swallow(lambda body: [point for _, point in decode_batch(body)[0]], chunks)


def _swallow(read: Callable[[bytes], list[Point]], chunks: Iterable[bytes]) -> Swallowed:
    swallowed = Swallowed()
    for body in chunks:
        try:
            points = read(body)
        except (Malformed, MalformedBody, Refusal):
            swallowed.refused += 1
            continue
        swallowed.records += len(points)
        swallowed.wrong += [objection for point in points if (objection := _objection(point))]
    return swallowed


def _objection(point: Point) -> str:
    """A point must be one that can be judged: with a moment of a zone, and numbers that are numbers."""
    if point.ts.tzinfo is None:
        return f"a moment without a zone: {point.ts}"
    numbers = (point.lat, point.lon, point.speed_kmh, point.course_deg, point.altitude_m, point.hdop, point.rpm)
    wrong = [number for number in numbers if number is not None and not math.isfinite(number)]
    return f"{wrong[0]} is taken for a number" if wrong else ""
