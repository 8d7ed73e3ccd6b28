"""The resources: one small function each, by method and path.

Source: Traccar's api/resource (ServerResource, DeviceResource, PositionResource, CommandResource, ReportResource).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec

from infra.simulators.http import Request, Response
from infra.simulators.traccar.errors import TraccarError
from infra.simulators.traccar.platform import Platform

USER = "fleet@simulated.example"


class _Command(msgspec.Struct, rename="camel"):
    device_id: int
    type: str
    attributes: dict[str, Any] = {}
    id: int = 0
    text_channel: bool = False
    description: str | None = None


Resource = Callable[[Platform, Request], Awaitable[Response]]


def resource_named(method: str, path: str) -> Resource | None:
    """What answers, if anything does."""
    return _RESOURCES.get((method, path))


def is_allowed(platform: Platform, request: Request) -> bool:
    """Bearer with the token, or Basic with the user and the token as password. The server resource is for all."""
    if request.path == "/api/server":
        return True
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            user, _, credentials = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return user == USER and hmac.compare_digest(credentials.encode(), platform.token.encode())
    return scheme == "Bearer" and hmac.compare_digest(credentials.encode(), platform.token.encode())


async def _server(platform: Platform, request: Request) -> Response:
    return _json({"id": 1, "attributes": {}, "registration": False, "readonly": False, "version": platform.version})


async def _devices(platform: Platform, request: Request) -> Response:
    unique_ids, numbers = request.query.get("uniqueId", []), _numbers(request, "id")
    found = platform.devices.values()
    if unique_ids or numbers:
        return _json([d.describe() for d in found if d.unit.device_uid in unique_ids or d.number in numbers])
    return _json([device.describe() for device in found])


async def _positions(platform: Platform, request: Request) -> Response:
    if ids := _numbers(request, "id"):
        kept = {position["id"]: position for device in platform.devices.values() for position in device.positions}
        if not set(ids) <= kept.keys():
            raise TraccarError('Cannot invoke "org.traccar.model.Position.getDeviceId()"', kind="NullPointerException")
        return _json([kept[number] for number in ids])
    numbers = _numbers(request, "deviceId")
    if not numbers:
        return _json([device.positions[-1] for device in platform.devices.values() if device.positions])
    positions = list(platform.device(numbers[0]).positions)
    if "from" in request.form and "to" in request.form:
        begin, end = _moment(request, "from"), _moment(request, "to")
        inside = [p for p in positions if begin <= datetime.fromisoformat(p["fixTime"]) <= end]
        return _json(sorted(inside, key=lambda position: str(position["fixTime"])))
    return _json(positions[-1:])


async def _send(platform: Platform, request: Request) -> Response:
    try:
        command = msgspec.json.decode(request.body, type=_Command)
    except msgspec.DecodeError as error:
        raise TraccarError(str(error), kind="MismatchedInputException") from None
    queued = await platform.send(platform.device(command.device_id), command.type, command.attributes)
    entity = {
        "id": 0,
        "attributes": command.attributes,
        "deviceId": command.device_id,
        "type": command.type,
        "textChannel": command.text_channel,
    }
    if queued is not None:
        return _json(entity | {"id": queued.id}, 202)
    return _json(entity | {"description": command.description})


async def _types(platform: Platform, request: Request) -> Response:
    numbers = _numbers(request, "deviceId")
    types = platform.device(numbers[0]).model.types if numbers else ("custom", "engineStop", "engineResume")
    return _json([{"type": type_} for type_ in types])


async def _events(platform: Platform, request: Request) -> Response:
    begin, end = _moment(request, "from").timestamp(), _moment(request, "to").timestamp()
    types = request.query.get("type", [])
    return _json(
        [
            event.describe()
            for number in _numbers(request, "deviceId")
            for event in platform.device(number).events
            if begin <= event.at <= end and (not types or "allEvents" in types or event.type in types)
        ]
    )


def _numbers(request: Request, name: str) -> list[int]:
    texts = request.query.get(name, [])
    if not all(text.isdecimal() for text in texts):
        raise TraccarError("HTTP 404 Not Found", kind="NotFoundException", status=404)
    return [int(text) for text in texts]


def _moment(request: Request, name: str) -> datetime:
    try:
        return datetime.fromisoformat(request.form[name])
    except (KeyError, ValueError):
        raise TraccarError("HTTP 404 Not Found", kind="NotFoundException", status=404) from None


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status)


_RESOURCES: dict[tuple[str, str], Resource] = {
    ("GET", "/api/server"): _server,
    ("GET", "/api/devices"): _devices,
    ("GET", "/api/positions"): _positions,
    ("POST", "/api/commands/send"): _send,
    ("GET", "/api/commands/types"): _types,
    ("GET", "/api/reports/events"): _events,
}
