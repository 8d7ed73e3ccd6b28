"""Play a recording into the running product as its devices would send it: through the device port, or the API.

It knows the product only by its ports: vehicles it does not find are registered by the API, points go in by Wialon
IPS or by HTTP, and what became of them is read back by the API. Columns of a recording: docs/how-to/replay.md.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson

from core.config import Config
from infra.errors import CannotStart

API_BATCH = 1000
API_EVERY_S = 0.5
# A vehicle waits for each answer before it sends the next record, as trackers do; after this it connects again.
ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a recording to play."""

    source: str | None
    start: datetime | None
    end: datetime | None

    def holds(self, row: dict[str, str], ts: datetime) -> bool:
        """Whether the row is to be played."""
        return (
            (self.source is None or row.get("source") == self.source)
            and (self.start is None or ts >= self.start.replace(tzinfo=UTC))
            and (self.end is None or ts < self.end.replace(tzinfo=UTC))
        )


class Record(NamedTuple):
    """One row of a recording: whose, when it happened then, and its columns."""

    device_uid: str
    ts: datetime
    row: dict[str, str]


@dataclass
class Report:
    """What was sent and what became of it. It adds up when sent = stored + duplicates + refused."""

    sent: int
    vehicles: int
    anchor: datetime
    took_s: float
    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every point sent is accounted for."""
        return self.sent == self.stored + self.duplicates + self.refused

    def text(self) -> str:
        """The report for a person."""
        reasons = ", ".join(f"{rule} {count}" for rule, count in self.rules.most_common()) or "none"
        answers = ", ".join(f"{answer} {count}" for answer, count in self.answers.most_common())
        accounted = self.stored + self.duplicates + self.refused
        return (
            f"sent {self.sent} points of {self.vehicles} vehicles in {self.took_s:.1f} s\n"
            f"stored {self.stored} + duplicates {self.duplicates} + refused {self.refused} "
            f"= {accounted}: {'all there' if self.adds_up else 'POINTS ARE MISSING'}\n"
            f"refused by rule: {reasons}\n"
            f"answers: {answers}\n"
            f"to send the very same points again: --anchor {self.anchor:%Y-%m-%dT%H:%M:%S}"
        )


def play(config: Config, file: Path, *, via: str, window: Window, speed: float, anchor: datetime | None) -> Report:
    """Play the rows of `file` inside `window` at `speed`, the first of them shifted to `anchor`."""
    records = sorted(read_records(file, window), key=lambda record: record.ts)
    if not records:
        raise CannotStart(f"{file.name} has no rows in that window. Look at its source and ts columns.")
    first, last = records[0].ts, records[-1].ts
    start = anchor.replace(tzinfo=UTC) if anchor else _anchor_for(first, last, speed)
    shift = start - first
    product = Product(config)
    keys = {record.device_uid: _key(record.device_uid) for record in records}
    ids = product.ensure_vehicles(keys)
    before = product.intake()
    began_at, began = datetime.now(UTC), time.monotonic()
    if via == "ips":
        answers = asyncio.run(_play_devices(config, records, keys, shift=shift, speed=speed))
    else:
        answers = _play_batches(product, records, shift=shift, speed=speed)
    report = Report(
        sent=len(records), vehicles=len(keys), anchor=start, took_s=time.monotonic() - began, answers=answers
    )
    _account(report, product, ids, before, since=began_at)
    return report


def read_records(file: Path, window: Window) -> Iterator[Record]:
    """The rows of a recording inside `window`. Raises CannotStart naming the first bad line."""
    with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as text:
        for number, row in enumerate(csv.DictReader(text), start=2):
            try:
                ts = datetime.fromisoformat(row["ts"]).astimezone(UTC)
                record = Record(row["vehicle_id"], ts, row)
            except (KeyError, ValueError, TypeError) as problem:
                raise CannotStart(f"{file.name}, line {number}: no good ts or vehicle_id ({problem}).") from problem
            if window.holds(row, ts):
                yield record


def _anchor_for(first: datetime, last: datetime, speed: float) -> datetime:
    """Such that no point lies in the future when it is sent: the last one happens as it leaves."""
    length = last - first
    start = datetime.now(UTC) - length + length / speed
    return start.replace(microsecond=0)


def _key(device_uid: str) -> str:
    return hashlib.sha256(f"replay:{device_uid}".encode()).hexdigest()[:24]


class Product:
    """The running product by its API, with the logins of its demo.json."""

    def __init__(self, config: Config) -> None:
        path = config.home / "demo.json"
        if not path.exists():
            raise CannotStart(f"{path} is not there. Start the product first: make run.")
        demo = orjson.loads(path.read_bytes())
        self._client = demo["oauth_client"]
        self._http = httpx.Client(base_url=demo["base_url"], timeout=60, trust_env=False)
        self._token_until = 0.0

    def ensure_vehicles(self, keys: dict[str, str]) -> dict[str, int]:
        """The vehicle of each device; one that is not known yet is registered."""
        known = {
            vehicle["tracker"]["device_uid"]: vehicle["id"]
            for vehicle in self._pages("/api/v1/vehicles")
            if vehicle["tracker"]
        }
        missing = keys.keys() - known.keys()
        park_id = self.get("/api/v1/parks")["items"][0]["id"] if missing else None
        for device_uid in sorted(missing):
            new = _replayed_vehicle(device_uid, keys[device_uid], park_id)
            known[device_uid] = self.post("/api/v1/transport_registry", new)["id"]
        return {device_uid: known[device_uid] for device_uid in keys}

    def intake(self) -> dict[int, dict[str, int]]:
        """How many points of each vehicle have come in so far."""
        return {counts["vehicle_id"]: counts for counts in self._pages("/api/v1/telemetry/intake")}

    def refused_rules(self, vehicle_id: int, since: datetime) -> Counter[str]:
        """By which rules points of a vehicle were refused since a moment."""
        refused = self.get(f"/api/v1/telemetry/{vehicle_id}/refused?limit=500")["refused"]
        return Counter(r["rule"] for r in refused if datetime.fromisoformat(r["received_at"]) >= since)

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a GET."""
        return self._answer(self._http.get(path, headers=self._headers()))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a POST."""
        return self._answer(self._http.post(path, json=body, headers=self._headers()))

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=500{f'&cursor={cursor}' if cursor else ''}")
            yield from page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def _headers(self) -> dict[str, str]:
        if time.monotonic() > self._token_until:
            auth = (self._client["client_id"], self._client["client_secret"])
            form = {"grant_type": "client_credentials"}
            token = self._answer(self._http.post("/oauth/token", data=form, auth=auth))
            self._authorization = f"Bearer {token['access_token']}"
            self._token_until = time.monotonic() + token["expires_in"] / 2
        return {"Authorization": self._authorization}

    def _answer(self, response: httpx.Response) -> dict[str, Any]:
        if response.is_error:
            raise CannotStart(f"The product answered {response.status_code}: {response.text[:300]}")
        answer: dict[str, Any] = response.json()
        return answer


def _replayed_vehicle(device_uid: str, key: str, park_id: int | None) -> dict[str, Any]:
    """A recording has no VIN: an invented one outside North America, made from the device's name."""
    serial = hashlib.sha256(device_uid.encode()).hexdigest().upper()[:12]
    return {
        "vin": f"ZZZRP{serial}",
        "model": "Recorded vehicle",
        "name": device_uid,
        "park_id": park_id,
        "tracker": {"device_uid": device_uid, "key": key, "relay_gateway": None},
    }


def _account(
    report: Report,
    product: Product,
    ids: dict[str, int],
    before: dict[int, dict[str, int]],
    *,
    since: datetime,
) -> None:
    after = product.intake()
    for vehicle_id in ids.values():
        was, now = before.get(vehicle_id, {}), after.get(vehicle_id, {})
        report.stored += now.get("stored_count", 0) - was.get("stored_count", 0)
        report.duplicates += now.get("duplicate_count", 0) - was.get("duplicate_count", 0)
        refused = now.get("refused_count", 0) - was.get("refused_count", 0)
        report.refused += refused
        if refused:
            report.rules += product.refused_rules(vehicle_id, since)


def _play_batches(product: Product, records: list[Record], *, shift: timedelta, speed: float) -> Counter[str]:
    answers: Counter[str] = Counter()
    began, first = time.monotonic(), records[0].ts
    place = 0
    while place < len(records):
        heard = first + timedelta(seconds=(time.monotonic() - began) * speed)
        batch: list[dict[str, Any]] = []
        while place < len(records) and len(batch) < API_BATCH and records[place].ts <= heard:
            batch.append(_point(records[place], shift))
            place += 1
        if batch:
            answer = product.post("/api/v1/telemetry", {"points": batch})
            answers["stored"] += answer["stored"]
            answers["duplicate"] += answer["duplicates"]
            answers["refused"] += len(answer["refused"])
        if len(batch) < API_BATCH:
            time.sleep(API_EVERY_S)
    return answers


def _point(record: Record, shift: timedelta) -> dict[str, Any]:
    row = record.row
    numbers = {name: _number(row.get(column)) for name, column in _COLUMNS.items()}
    point: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
    if "satellites" in point:
        point["satellites"] = int(point["satellites"])
    if row.get("occupied"):
        point["extra"] = {"occupied": int(row["occupied"])}
    return {"device_uid": record.device_uid, "ts": (record.ts + shift).isoformat(), **point}


_COLUMNS = {
    "lat": "lat",
    "lon": "lon",
    "altitude_m": "alt_m",
    "speed_kmh": "speed_kmh",
    "course_deg": "heading_deg",
    "satellites": "sats",
    "hdop": "hdop",
    "rpm": "rpm",
    "fuel_rate_lph": "fuel_rate_lph",
}


def _number(text: str | None) -> float | None:
    return float(text) if text else None


async def _play_devices(
    config: Config, records: list[Record], keys: dict[str, str], *, shift: timedelta, speed: float
) -> Counter[str]:
    by_device: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_device[record.device_uid].append(record)
    answers: Counter[str] = Counter()
    clock = _Clock(records[0].ts, speed)
    async with asyncio.TaskGroup() as devices:
        for device_uid, own in by_device.items():
            device = _Device(config.ips_port, device_uid, keys[device_uid], clock, answers)
            devices.create_task(device.play([(record.ts, _frame(record, shift)) for record in own]))
    return answers


class _Clock:
    """The recording's time, running `speed` times as fast as ours."""

    def __init__(self, first: datetime, speed: float) -> None:
        self._first, self._speed, self._began = first, speed, time.monotonic()

    async def reach(self, ts: datetime) -> None:
        """Wait until the recording's time is `ts`."""
        wait_s = (ts - self._first).total_seconds() / self._speed - (time.monotonic() - self._began)
        if wait_s > 0:
            await asyncio.sleep(wait_s)


class _Device:
    """A tracker that speaks Wialon IPS 1.1: logs in, sends a record, waits for the answer, sends the next."""

    def __init__(self, port: int, uid: str, key: str, clock: _Clock, answers: Counter[str]) -> None:
        self._port, self._uid, self._key, self._clock, self._answers = port, uid, key, clock, answers

    async def play(self, frames: Iterable[tuple[datetime, bytes]]) -> None:
        """Send every frame at its time; after a lost connection the unanswered one is sent again."""
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for ts, frame in frames:
            await self._clock.reach(ts)
            while True:
                try:
                    connection = connection or await self._connect()
                    answer = await self._say(*connection, frame)
                    break
                except (OSError, TimeoutError, asyncio.IncompleteReadError):
                    self._answers["connection lost, sent again"] += 1
                    connection = None
                    await asyncio.sleep(1)
            self._answers[answer] += 1
        if connection is not None:
            connection[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        answer = await self._say(reader, writer, f"#L#{self._uid};{self._key}\r\n".encode())
        if answer != "#AL#1":
            raise CannotStart(f"The gateway refused device {self._uid}: {answer}")
        return reader, writer

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frame: bytes) -> str:
        writer.write(frame)
        await writer.drain()
        async with asyncio.timeout(ANSWER_S):
            return (await reader.readuntil(b"\r\n")).decode().strip()


def _frame(record: Record, shift: timedelta) -> bytes:
    """A `D` record of Wialon IPS 1.1, section "Data packet" of its specification."""
    row, ts = record.row, record.ts + shift
    fields = [
        f"{ts:%d%m%y;%H%M%S}",
        _degrees(_number(row.get("lat")), "NS", 2),
        _degrees(_number(row.get("lon")), "EW", 3),
        *(row.get(column) or "NA" for column in ("speed_kmh", "heading_deg", "alt_m", "sats", "hdop")),
        *("NA", "NA", "", "NA"),
        _params(row),
    ]
    return f"#D#{';'.join(fields)}\r\n".encode()


def _degrees(value: float | None, hemispheres: str, digits: int) -> str:
    if value is None:
        return "NA;NA"
    whole, minutes = divmod(round(abs(value) * 60, 6), 60)
    return f"{int(whole):0{digits}d}{minutes:09.6f};{hemispheres[value < 0]}"


def _params(row: dict[str, str]) -> str:
    named = {"rpm": row.get("rpm"), "fuel_rate": row.get("fuel_rate_lph")}
    params = [f"{name}:2:{value}" for name, value in named.items() if value]
    if row.get("occupied"):
        params.append(f"occupied:1:{row['occupied']}")
    return ",".join(params) or "NA"
