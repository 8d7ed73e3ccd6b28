"""A client of the fleet's API: one file, to be copied beside your program. It needs `httpx` and `msgspec`.

    from fleet_client import Fleet

    with Fleet("https://fleet.example.com", client_id, client_secret) as fleet:
        for vehicle in fleet.vehicles():
            print(vehicle.name, vehicle.status)

What it takes off your hands: tokens are got and renewed; lists are read page by page; refusals are exceptions with the
sentence the API said; what the network lost is asked again, and whatever changes something carries an Idempotency-Key,
so that it is done once however often it is asked. A `Fleet` may be shared by threads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

T = TypeVar("T")

# A token is renewed so long before it ends.
RENEW_S = 60.0
LONGEST_PAUSE_S = 5.0
# What says that a repetition may be answered better: too many requests, a proxy without a server, no database.
PASSING = frozenset({429, 502, 503, 504})
STILL_AT_IT = "urn:equinomix:problem:idempotency-key-in-flight"
GONE = "urn:equinomix:problem:cursor-expired"
MOST_POINTS = 10_000


# --- What can go wrong ---------------------------------------------------------------------------------------------


class FleetError(Exception):
    """Whatever this client raises."""


class NoAnswer(FleetError):
    """Nobody answered for as long as was waited. A request that changes something may or may not have been done."""


class Problem(FleetError):
    """A refusal (RFC 9457). `type` is stable; `detail` is for people; `fields` says what is wrong with which field;
    `members` are the further members, such as the number of the record in the way; `request_id` is in the server's log.
    """

    def __init__(self, status: int, document: Mapping[str, Any], *, request_id: str = "") -> None:
        known = {"type", "title", "status", "detail", "request_id", "errors"}
        self.status = status
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        self.request_id = str(document.get("request_id", request_id))
        self.fields = {str(error["field"]): str(error["detail"]) for error in document.get("errors", ())}
        self.members = {name: value for name, value in document.items() if name not in known}
        super().__init__(f"{status} {self.title}: {self.detail} [{self.type}, request {self.request_id}]")


class SignInFailed(Problem):
    """401: the client's id or secret is wrong, or it was disabled."""


class Forbidden(Problem):
    """403: the client lacks the scope in `members["permission"]`."""


class NotFound(Problem):
    """404: there is no such record, or not for this client."""


class Conflict(Problem):
    """409: the record's present state does not allow it."""


class CursorExpired(Problem):
    """410: read the records anew."""


class Changed(Problem):
    """412: somebody has changed the record since it was read."""


class Invalid(Problem):
    """422: see `fields`."""


class TooManyRequests(Problem):
    """429, for longer than was waited."""


_PROBLEMS: Mapping[int, type[Problem]] = {
    401: SignInFailed,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: CursorExpired,
    412: Changed,
    422: Invalid,
    429: TooManyRequests,
}


class NotFromTheFleet(FleetError):
    """A webhook whose signature is wrong, or too old, or missing: answer it with 400 and do nothing."""


# --- What comes and goes. Fields that the API will have tomorrow are passed over ------------------------------------


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Something of the API. None is not known, never zero."""


class Park(Record, frozen=True, kw_only=True):
    """Where vehicles belong. Its time zone makes its days."""

    id: int
    name: str
    time_zone: str
    currency: str


class Tracker(Record, frozen=True, kw_only=True):
    """The device in a vehicle."""

    device_uid: str
    relay_gateway: str | None = None
    relay_output: int | None = None
    relay_inverted: bool | None = None


class Vehicle(Record, frozen=True, kw_only=True):
    """A vehicle; `etag` is of the version that was read, empty in lists."""

    id: int
    park_id: int
    vin: str
    name: str
    model: str
    status: str
    created_at: datetime
    plate: str | None = None
    make: str | None = None
    year: int | None = None
    powertrain: str | None = None
    vehicle_class: str | None = None
    tracker: Tracker | None = None
    warnings: list[str] = []
    etag: str = ""


class Reported(Record, frozen=True, kw_only=True):
    """What a device can say of one moment."""

    lat: float | None = None
    lon: float | None = None
    altitude_m: float | None = None
    speed_kmh: float | None = None
    course_deg: float | None = None
    satellites: int | None = None
    hdop: float | None = None
    ignition: bool | None = None
    odometer_m: int | None = None
    fuel_pct: float | None = None
    fuel_rate_lph: float | None = None
    rpm: float | None = None
    engine_temp_c: float | None = None
    voltage_v: float | None = None
    dtc: list[str] | None = None
    outputs: int | None = None
    relay_on: bool | None = None
    driver_key: str | None = None


class Point(Reported, frozen=True, kw_only=True):
    """A point that was stored."""

    ts: datetime
    received_at: datetime


class State(Reported, frozen=True, kw_only=True):
    """The newest of a vehicle: of each field what was said last."""

    vehicle_id: int
    ts: datetime
    received_at: datetime
    fix_ts: datetime | None = None
    standing_since: datetime | None = None


class NewPoint(Reported, frozen=True, kw_only=True, omit_defaults=True):
    """A point to send: its moment, and its vehicle by exactly one of `vehicle_id` and `device_uid`."""

    ts: datetime
    vehicle_id: int | None = None
    device_uid: str | None = None


class Refused(Record, frozen=True, kw_only=True):
    """A point that was not stored: its place among those sent, the rule, and what to do."""

    index: int
    rule: str
    detail: str


class Report(Record, frozen=True, kw_only=True):
    """What became of points."""

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    refused: list[Refused] = []


class Trip(Record, frozen=True, kw_only=True):
    """From setting off to standing still."""

    started_at: datetime
    distance_m: float
    moving_s: float
    idle_s: float
    point_count: int
    ended_at: datetime | None = None
    start_lat: float | None = None
    start_lon: float | None = None
    end_lat: float | None = None
    end_lon: float | None = None
    mean_speed_kmh: float | None = None
    max_speed_kmh: float | None = None
    start_odometer_m: int | None = None
    end_odometer_m: int | None = None
    fuel_l: float | None = None


class Circle(Record, frozen=True, kw_only=True):
    """Around a place."""

    lat: float
    lon: float
    radius_m: float


class Geofence(Record, frozen=True, kw_only=True):
    """A place with a name; `etag` is of the version that was read, empty in lists."""

    id: int
    name: str
    kind: str
    created_at: datetime
    park_id: int | None = None
    circle: Circle | None = None
    geometry: dict[str, Any] | None = None
    no_lock: str | None = None
    closed_at: datetime | None = None
    etag: str = ""


class Order(Record, frozen=True, kw_only=True):
    """An order to immobilize or to release. `result` is success, failed, expired or cancelled once it is completed."""

    job_id: str
    vehicle_id: int
    kind: str
    status: str
    state: str
    result: str | None = None
    waiting_for: str | None = None
    verdict: str | None = None
    evidence: dict[str, Any] | None = None

    @property
    def is_completed(self) -> bool:
        """Whether there is a verdict."""
        return self.status == "completed"


class Change(Record, frozen=True, kw_only=True):
    """That something happened: its name, when, and the numbers of the records it is about."""

    name: str
    at: datetime
    ids: dict[str, Any]

    @property
    def vehicle_ids(self) -> list[int]:
        """The vehicles it is about."""
        one = self.ids.get("vehicle_id")
        return [*self.ids.get("vehicle_ids", ()), *(() if one is None else (one,))]


class WebhookEndpoint(Record, frozen=True, kw_only=True):
    """An address that facts are told to; `facts` None are all but the batches of points."""

    id: int
    url: str
    description: str
    created_at: datetime
    facts: list[str] | None = None
    park_ids: list[int] | None = None
    disabled_at: datetime | None = None
    disabled_why: str | None = None


class Message(Record, frozen=True, kw_only=True):
    """A webhook whose signature was right. The same `id` comes again when an answer was lost: do it once."""

    id: str
    sent_at: datetime
    type: str
    data: dict[str, Any]


# --- Where it was left off ------------------------------------------------------------------------------------------


class CursorFile:
    """A cursor in a file, replaced as a whole, so that a crash leaves the old one or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> str | None:
        """The cursor, None before the first."""
        return self._path.read_text(encoding="ascii") if self._path.exists() else None

    def save(self, cursor: str) -> None:
        """Keep this one instead."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_text(cursor, encoding="ascii")
        fresh.replace(self._path)


# --- The client -----------------------------------------------------------------------------------------------------


class Fleet:
    """The API of one fleet, for one client. Close it, or use it as a context."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        scope: str | None = None,
        patience_s: float = 60.0,
        timeout_s: float = 40.0,
    ) -> None:
        """`scope` asks for less than the client may have. `patience_s` is how long what failed in passing is asked
        again, `timeout_s` how long one answer is waited for.
        """
        self._http = httpx.Client(base_url=base_url, timeout=timeout_s, headers={"User-Agent": "fleet-client/1"})
        self._form = {"grant_type": "client_credentials", **({} if scope is None else {"scope": scope})}
        self._auth = (client_id, client_secret)
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at_s = 0.0

    @classmethod
    def from_environment(cls) -> Fleet:
        """The fleet at FLEET_URL, as the client FLEET_CLIENT_ID with FLEET_CLIENT_SECRET."""
        names = ("FLEET_URL", "FLEET_CLIENT_ID", "FLEET_CLIENT_SECRET")
        missing = [name for name in names if not os.environ.get(name)]
        if missing:
            raise FleetError(f"Set {', '.join(missing)} in the environment.")
        return cls(*(os.environ[name] for name in names))

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # Vehicles

    def parks(self) -> Iterator[Park]:
        """The parks in sight."""
        return self._pages("/parks", Park, {})

    def vehicles(self) -> Iterator[Vehicle]:
        """The vehicles in sight, by number."""
        return self._pages("/vehicles", Vehicle, {"limit": 500})

    def vehicle(self, vehicle_id: int) -> Vehicle:
        """One vehicle. Raises NotFound."""
        return self._record(self.request("GET", f"/vehicles/{vehicle_id}"), Vehicle)

    def register_vehicle(self, **fields: Any) -> Vehicle:
        """Put a vehicle into the registry: `vin`, `model` and whatever else is known. Raises Invalid and Conflict."""
        return self._record(self.request("POST", "/transport_registry", json=fields), Vehicle)

    # Telemetry

    def send_points(self, points: Iterable[NewPoint], *, at_once: int = 1000) -> Report:
        """Send points in batches; returns what became of all of them. `index` of a refused one counts from the first.

        Sent again, the same points are duplicates and nothing more: after a crash begin a little earlier.
        """
        left, total = iter(points), Report()
        while batch := list(islice(left, min(at_once, MOST_POINTS))):
            total = _add(total, self._send(batch))
        return total

    def _send(self, batch: Sequence[NewPoint]) -> Report:
        try:
            return _decode(self.request("POST", "/telemetry", json={"points": batch}), Report)
        except Invalid as none_is_good:
            if not none_is_good.fields or len(batch) == 1:
                refused = [Refused(index=n, rule="malformed", detail=none_is_good.detail) for n in range(len(batch))]
                return Report(received=len(batch), refused=refused)
            middle = len(batch) // 2
            return _add(self._send(batch[:middle]), self._send(batch[middle:]))

    def states(self, *, changed_since: datetime | None = None) -> Iterator[State]:
        """What every vehicle in sight does now, by number."""
        since = {} if changed_since is None else {"changed_since": changed_since.isoformat()}
        return self._pages("/telemetry/states", State, {"limit": 500, **since})

    def last_points(self, vehicle_id: int, most: int = 10) -> list[Point]:
        """The newest points of a vehicle, newest first."""
        answer = self.request("GET", f"/telemetry/{vehicle_id}", params={"limit": most})
        return msgspec.convert(answer.json()["points"], list[Point])

    def trips(self, vehicle_id: int, since: datetime, until: datetime) -> Iterator[Trip]:
        """The trips of a vehicle that touch a range of at most 31 days, by start."""
        window = {"from": since.isoformat(), "to": until.isoformat()}
        return self._pages(f"/telemetry/{vehicle_id}/trips", Trip, {"limit": 500, **window})

    def save_track(self, vehicle_id: int, since: datetime, until: datetime, path: Path, *, kind: str = "gpx") -> None:
        """Write every point of a range into a file, as gpx or csv, whatever its size. A file that is there is whole."""
        params = {"from": since.isoformat(), "to": until.isoformat()}
        fresh = path.with_name(f"{path.name}.new")
        address = f"/api/v1/telemetry/{vehicle_id}/track.{kind}"
        with self._http.stream("GET", address, params=params, headers=self._bearer()) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            with fresh.open("wb") as file:
                for piece in answer.iter_bytes():
                    file.write(piece)
        fresh.replace(path)

    def record_mileage(self, vehicle_id: int, odometer_m: int, reason: str, *, read_at: datetime | None = None) -> None:
        """Record what an odometer says. Raises Conflict when there is a reading of that very moment."""
        moment = {} if read_at is None else {"read_at": read_at.isoformat()}
        reading = {"odometer_m": odometer_m, "reason": reason, **moment}
        self.request("POST", f"/telemetry/{vehicle_id}/mileage", json=reading)

    # Geofences

    def geofences(self) -> Iterator[Geofence]:
        """The open geofences in sight, by number."""
        return self._pages("/geofences", Geofence, {"limit": 500})

    def geofence(self, geofence_id: int) -> Geofence:
        """One geofence. Raises NotFound."""
        return self._record(self.request("GET", f"/geofences/{geofence_id}"), Geofence)

    def add_geofence(self, name: str, form: Circle | Mapping[str, Any], *, park_id: int | None = None) -> Geofence:
        """Add a circle, or a GeoJSON Polygon or MultiPolygon. Raises Conflict when the name is taken in the park."""
        shape = {"circle": form} if isinstance(form, Circle) else {"geometry": form}
        body = {"name": name, "park_id": park_id, **shape}
        return self._record(self.request("POST", "/geofences", json=body), Geofence)

    def rename_geofence(self, fence: Geofence, name: str) -> Geofence:
        """Give another name to what was read. Raises Changed when somebody has changed it since."""
        headers = {"If-Match": fence.etag} if fence.etag else {}
        answer = self.request("PATCH", f"/geofences/{fence.id}", json={"name": name}, headers=headers)
        return self._record(answer, Geofence)

    def close_geofence(self, fence: Geofence) -> Geofence:
        """Let it detect nothing more. Raises Changed when somebody has changed it since it was read."""
        headers = {"If-Match": fence.etag} if fence.etag else {}
        return self._record(self.request("DELETE", f"/geofences/{fence.id}", headers=headers), Geofence)

    # Orders

    def immobilize(self, vehicle_id: int, reason: str, *, note: str = "", break_glass: bool = False) -> Order:
        """Order an immobilization. It waits for a second person and is carried out once the vehicle stands; ask
        `order` how it is. `break_glass`, for theft and police alone, does not wait for a second person.

        Raises Conflict when an order is open (`members["job_id"]`), the vehicle has no relay, locks are held back, or
        it would be unfair.
        """
        body = {"reason": reason, "note": note, "break_glass": break_glass}
        made = self.request("POST", f"/access/{vehicle_id}/immobilize", json=body).json()
        return self.order(vehicle_id, made["job_id"])

    def release(self, vehicle_id: int, *, note: str = "") -> Order:
        """Order a release. It overtakes an open immobilization."""
        made = self.request("POST", f"/access/{vehicle_id}/release", json={"note": note}).json()
        return self.order(vehicle_id, made["job_id"], kind="release")

    def order(self, vehicle_id: int, job_id: str, *, kind: str = "immobilize") -> Order:
        """How an order stands."""
        return _decode(self.request("GET", f"/access/{vehicle_id}/{kind}/{job_id}"), Order)

    def wait_for(self, order: Order, *, within_s: float, every_s: float = 1.0) -> Order:
        """Ask until there is a verdict, or for so long: see `is_completed`. An order goes on when you stop asking."""
        until_s = time.monotonic() + within_s
        while not order.is_completed and time.monotonic() < until_s:
            time.sleep(every_s)
            order = self.order(order.vehicle_id, order.job_id, kind=order.kind)
        return order

    # What happens

    def cursor(self) -> str:
        """The present, for `changes_after`. Take it before you read the records that you keep a copy of."""
        cursor: str = self.request("GET", "/changes").json()["next_cursor"]
        return cursor

    def changes_after(
        self, cursor: str, *, names: Sequence[str] = (), wait_s: int = 25, most: int = 500
    ) -> tuple[list[Change], str]:
        """The next changes, and the cursor after them. Waits up to `wait_s` for one. Raises CursorExpired."""
        params = {"cursor": cursor, "wait_s": wait_s, "limit": most}
        answer = self.request("GET", "/changes", params=params | ({"names": ",".join(names)} if names else {})).json()
        return [_change(item) for item in answer["items"]], answer["next_cursor"]

    def follow(
        self, saved: CursorFile, read_anew: Callable[[], None], *, names: Sequence[str] = (), wait_s: int = 25
    ) -> Iterator[list[Change]]:
        """Whatever happens from where it was left off, for ever, in order and nothing missed; a list at a time, which
        may be empty. A list is left behind when the next is asked for: one that was not finished comes again.

        `read_anew` reads all that you keep a copy of: at the very first, and when the cursor has expired.
        """
        cursor = saved.load()
        while True:
            if cursor is None:
                cursor = self.cursor()
                read_anew()
                saved.save(cursor)
            try:
                changes, after = self.changes_after(cursor, names=names, wait_s=wait_s)
            except CursorExpired:
                cursor = None
                continue
            yield changes
            cursor = after
            saved.save(cursor)

    # Webhooks

    def webhook_endpoints(self) -> Iterator[WebhookEndpoint]:
        """The endpoints of this client."""
        return self._pages("/webhooks/endpoints", WebhookEndpoint, {"limit": 500})

    def add_webhook_endpoint(
        self, url: str, *, facts: Sequence[str] | None = None, description: str = ""
    ) -> tuple[WebhookEndpoint, str]:
        """Have facts told to an address; returns its record and the secret for `read_webhook`, shown this once."""
        body = {"url": url, "facts": facts, "description": description}
        made = self.request("POST", "/webhooks/endpoints", json=body)
        return _decode(made, WebhookEndpoint), str(made.json()["secret"])

    def remove_webhook_endpoint(self, endpoint_id: int) -> None:
        """Tell it nothing more."""
        self.request("DELETE", f"/webhooks/endpoints/{endpoint_id}")

    # Requests

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Any request to the API; `path` is without /api/v1. Raises Problem and NoAnswer."""
        sent = dict(headers or {})
        if method not in {"GET", "HEAD"}:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        if json is not None:
            sent["Content-Type"] = "application/json"
        content = None if json is None else msgspec.json.encode(json)

        def ask() -> httpx.Response:
            answer = self._http.request(
                method, f"/api/v1{path}", params=params, content=content, headers=sent | self._bearer()
            )
            if answer.status_code != 401:
                return answer
            self._token = ""  # it was revoked before its time: once more with a new one
            return self._http.request(
                method, f"/api/v1{path}", params=params, content=content, headers=sent | self._bearer()
            )

        answer = self._patiently(ask)
        if answer.is_error:
            raise _problem(answer)
        return answer

    def _patiently(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask, and ask again what failed in passing, until patience ends; the waits grow, and differ by chance."""
        until_s = time.monotonic() + self._patience_s
        tries = 0
        while True:
            tries += 1
            failure: httpx.TransportError | None = None
            answer: httpx.Response | None = None
            try:
                answer = ask()
                if not _passes(answer):
                    return answer
            except httpx.TransportError as lost:
                failure = lost
            pause_s = max(_asked_pause_s(answer), min(LONGEST_PAUSE_S, 0.1 * 2**tries) * random.uniform(0.5, 1.0))
            if time.monotonic() + pause_s > until_s:
                if answer is not None:
                    return answer
                raise NoAnswer(f"Nobody answered in {self._patience_s:.0f} s: {failure!r}.") from failure
            time.sleep(pause_s)

    def _bearer(self) -> dict[str, str]:
        with self._lock:
            if not self._token or time.monotonic() >= self._renew_at_s:
                self._renew()
            return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> None:
        asked_at_s = time.monotonic()
        answer = self._http.post("/oauth/token", data=self._form, auth=self._auth)
        if _passes(answer):
            raise httpx.ReadError(f"no token just now: {answer.status_code}", request=answer.request)
        said = _said(answer)
        if answer.is_error:  # RFC 6749 section 5.2
            detail = str(said.get("error_description", said.get("detail", "")))
            raise SignInFailed(answer.status_code, {"title": said.get("error", "No token"), "detail": detail})
        self._token = str(said["access_token"])
        self._renew_at_s = asked_at_s + float(said["expires_in"]) - RENEW_S

    def _pages(self, path: str, kind: type[T], params: Mapping[str, Any]) -> Iterator[T]:
        asked = dict(params)
        while True:
            page = self.request("GET", path, params=asked).json()
            yield from (msgspec.convert(item, kind) for item in page["items"])
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    @staticmethod
    def _record(answer: httpx.Response, kind: type[T]) -> T:
        return msgspec.convert({**answer.json(), "etag": answer.headers.get("ETag", "")}, kind)


# --- Webhooks -------------------------------------------------------------------------------------------------------


def read_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None, within_s: float = 300
) -> Message:
    """The message in a webhook, once its signature is right (Standard Webhooks 1.0). Raises NotFromTheFleet.

    `body` are the bytes as they came, not as they were read. While a secret is being replaced either one is right.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent, signatures = (lower[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        sent_s = int(sent)
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise NotFromTheFleet(f"A header is missing or unreadable: {error}.") from error
    if abs((time.time() if now_s is None else now_s) - sent_s) > within_s:
        raise NotFromTheFleet("It was sent too long ago, or by a clock that is wrong.")
    digest = hmac.new(key, f"{message_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    if not any(hmac.compare_digest(wanted.encode(), shown.encode()) for shown in signatures.split()):
        raise NotFromTheFleet("The signature is wrong.")
    said = msgspec.json.decode(body)
    return msgspec.convert({"id": message_id, "sent_at": said["timestamp"], **said}, Message)


# --- Small print ----------------------------------------------------------------------------------------------------


def _passes(answer: httpx.Response) -> bool:
    """Whether it may be answered better in a moment."""
    return answer.status_code in PASSING or (answer.status_code == 409 and _said(answer).get("type") == STILL_AT_IT)


def _asked_pause_s(answer: httpx.Response | None) -> float:
    text = "" if answer is None else answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else 0.0


def _said(answer: httpx.Response) -> dict[str, Any]:
    """The object in an answer; an empty one when it holds none, as the page of a proxy."""
    try:
        said = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _problem(answer: httpx.Response) -> Problem:
    kind = _PROBLEMS.get(answer.status_code, Problem)
    document = {"title": answer.reason_phrase, **_said(answer)}
    return kind(answer.status_code, document, request_id=answer.headers.get("X-Request-Id", ""))


def _decode(answer: httpx.Response, kind: type[T]) -> T:
    return msgspec.json.decode(answer.content, type=kind)


def _change(item: Mapping[str, Any]) -> Change:
    ids = {name: value for name, value in item.items() if name not in {"name", "at"}}
    return msgspec.convert({"name": item["name"], "at": item["at"], "ids": ids}, Change)


def _add(total: Report, more: Report) -> Report:
    moved = [msgspec.structs.replace(refused, index=refused.index + total.received) for refused in more.refused]
    return Report(
        received=total.received + more.received,
        stored=total.stored + more.stored,
        duplicates=total.duplicates + more.duplicates,
        refused=[*total.refused, *moved],
    )
