"""The live hub: what happens reaches every open board, and a board that was away misses nothing.

Every message carries the epoch of the database and an offset in the stream of facts. A browser that comes back says
where it was; it gets every fact since then and the present rows of every vehicle they name. When that is too much, or
the epoch is another, it gets a snapshot. Each process reads the stream once, encodes each message once per sight, and
never waits for a slow browser: one whose queue is full starts over from a snapshot.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Blueprint, request
from flask_login import current_user
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from core import clock, outbox
from core.access import queries as access
from core.db import AWAY, Database, Reader
from core.outbox import Fact, Offset
from core.permissions import OPERATOR, STAFF, Actor
from portals.doors import ErpApp, erp, stop_reading
from portals.fleet_rows import BOARD, FleetRows, Row
from portals.security import is_same_origin

log = logging.getLogger(__name__)
bp = Blueprint("live", __name__)
sock = Sock(bp)

GATHER_S = 0.1
TICK_S = 5.0
RECORDS_FRESH_S = 30.0
# More facts than this, and a snapshot is the shorter message.
GAP_MOST = 5_000
CLIENT_QUEUE = 32

Sight = frozenset[int] | None


@dataclass(eq=False)
class Client:
    """One open board: what it may see, and what waits to be sent to it."""

    sight: Sight
    waiting: queue.Queue[bytes] = field(default_factory=lambda: queue.Queue(CLIENT_QUEUE))
    is_lost: bool = False

    def offer(self, message: bytes) -> None:
        """Queue a message; a board that is too far behind is marked and starts over."""
        try:
            self.waiting.put_nowait(message)
        except queue.Full:
            self.is_lost = True


class Hub:
    """What one process knows of the stream, and who listens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clients: set[Client] = set()
        self._lock = threading.Lock()
        self._rows = FleetRows()
        self._rows_lock = threading.Lock()
        self._renewed_at = 0.0
        self._epoch = ""
        self._offset = Offset(0, 0)
        self._thread: threading.Thread | None = None

    def join(self, sight: Sight) -> Client:
        """Add a board; the first one starts the reading, from a place known before any board is told anything."""
        client = Client(sight)
        with self._lock:
            self._clients.add(client)
            if self._thread is None:
                with self._database.reading() as reader:
                    self._epoch, self._offset = outbox.head(reader)
                self._thread = threading.Thread(target=self._run, name="live-hub", daemon=True)
                self._thread.start()
        return client

    def leave(self, client: Client) -> None:
        """Forget a board."""
        with self._lock:
            self._clients.discard(client)

    def catch_up(self, sight: Sight, *, epoch: str, offset: str) -> list[dict[str, Any]]:
        """The messages that bring a board from where it was to the present."""
        with self._database.reading() as reader:
            now_epoch, head = outbox.head(reader)
            was = Offset.parse(offset) if epoch == now_epoch else None
            facts = None if was is None else _facts_since(reader, was)
            if facts is None:
                self._renew(reader)
                return [_message("snapshot", now_epoch, head, vehicles=self._read(reader, sight))]
            self._renew(reader, facts)
            return [self._delta(reader, now_epoch, facts[-1].offset if facts else was or head, facts, sight)]

    def tick(self) -> bytes:
        """A sign of life for a board to which nothing has been said for a while."""
        return orjson.dumps(_message("tick", self._epoch, self._offset))

    def _run(self) -> None:
        """Read as long as somebody listens: a process without boards does not ask the database anything."""
        while self._is_wanted():
            try:
                self._follow()
            except AWAY as problem:
                log.warning("the live stream broke off, taking it up again: %s", problem)
                time.sleep(1)
            except Exception:
                log.exception("the live stream broke off, taking it up again")
                time.sleep(1)

    def _follow(self) -> None:
        with self._database.listen(outbox.CHANNEL) as listening:
            with self._database.reading() as reader:
                epoch, head = outbox.head(reader)
            if epoch != self._epoch:
                self._start_over(epoch, head)
            while self._is_wanted():
                while self._advance():
                    pass
                # One sleep for all that woke us: as many as have come are given at once, whatever stop_after says.
                if list(listening.notifies(timeout=1.0, stop_after=1)):
                    time.sleep(GATHER_S)

    def _is_wanted(self) -> bool:
        with self._lock:
            if not self._clients and self._thread is threading.current_thread():
                self._thread = None
            return self._thread is threading.current_thread()

    def _start_over(self, epoch: str, head: Offset) -> None:
        """The database was restored from a backup: what the boards show may never have happened."""
        self._epoch, self._offset = epoch, head
        for client in self._listening():
            client.is_lost = True

    def _advance(self) -> bool:
        """Read what is new once, and say it to every board in the words of its sight; False when nothing was."""
        with self._database.reading() as reader:
            facts = outbox.read_since(reader, self._offset)
            if not facts:
                return False
            self._renew(reader, facts)
            messages: dict[Sight, bytes | None] = {}
            for client in self._listening():
                if client.sight not in messages:
                    delta = self._delta(reader, self._epoch, facts[-1].offset, facts, client.sight)
                    messages[client.sight] = orjson.dumps(delta) if delta["vehicles"] or delta["facts"] else None
                if (message := messages[client.sight]) is not None:
                    client.offer(message)
            self._offset = facts[-1].offset
        return True

    def _listening(self) -> list[Client]:
        with self._lock:
            return list(self._clients)

    def _renew(self, reader: Reader, facts: Sequence[Fact] | None = None) -> None:
        with self._rows_lock:
            stale = time.monotonic() - self._renewed_at > RECORDS_FRESH_S
            if stale or facts is None or any(f.name.startswith(("vehicles.", "drivers.")) for f in facts):
                self._rows.renew_records(reader, at=clock.now())
                self._rows.renew_locks(reader)
                self._renewed_at = time.monotonic()
            elif ordered := {f.ids["vehicle_id"] for f in facts if f.name.startswith("access.")}:
                self._rows.renew_locks(reader, ordered)

    def _read(self, reader: Reader, sight: Sight, vehicle_ids: Iterable[int] | None = None) -> list[Row]:
        rows = self._rows.read(reader, vehicle_ids)
        return [row for row in rows if self._sees(sight, row["vehicle_id"])]

    def _sees(self, sight: Sight, vehicle_id: int) -> bool:
        return sight is None or self._rows.park_ids.get(vehicle_id) in sight

    def _delta(self, reader: Reader, epoch: str, offset: Offset, facts: Sequence[Fact], sight: Sight) -> dict[str, Any]:
        rows = self._read(reader, sight, {v for fact in facts for v in _vehicles_of(fact)})
        names = {row["vehicle_id"]: row["name"] for row in rows}
        told = [
            {
                "name": fact.name,
                "vehicle_id": vehicle_id,
                "at": round(fact.at.timestamp() * 1000),
                "text": _describe(reader, fact, names[vehicle_id]),
            }
            for fact in facts
            if fact.name in _TOLD and (vehicle_id := fact.ids["vehicle_id"]) in names
        ]
        return _message("delta", epoch, offset, vehicles=rows, facts=told)


def _facts_since(reader: Reader, offset: Offset) -> list[Fact] | None:
    """The facts after `offset`, or None when they are too many or the oldest of them are already dropped."""
    if outbox.is_forgotten(reader, offset):
        return None
    facts = outbox.read_since(reader, offset, most=GAP_MOST)
    return facts if len(facts) < GAP_MOST else None


def _vehicles_of(fact: Fact) -> Iterable[int]:
    if "vehicle_ids" in fact.ids:
        return fact.ids["vehicle_ids"]  # type: ignore[no-any-return]
    return (fact.ids["vehicle_id"],) if "vehicle_id" in fact.ids else ()


_TOLD = frozenset({"access.job_ordered", "access.job_finished"})


def _describe(reader: Reader, fact: Fact, vehicle: str) -> str:
    job = access.find_job(reader, viewer=BOARD, job_id=fact.ids["job_id"])
    if job is None:
        return vehicle
    what = "Immobilization" if job.kind == "immobilize" else "Release"
    if fact.name == "access.job_ordered":
        return f"{vehicle}: {what.lower()} ordered by {job.ordered_by}"
    return f"{vehicle}: {what.lower()} {job.state}. {job.verdict or ''}".strip()


def _message(kind: str, epoch: str, offset: Offset, **members: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "epoch": epoch,
        "offset": str(offset),
        "now": round(clock.now().timestamp() * 1000),
        **members,
    }


@sock.route("/live")  # type: ignore[untyped-decorator]
def live(ws: Server) -> None:
    """The websocket of a board."""
    actor = _viewer()
    if actor is None or not is_same_origin():
        ws.close(1008, "Sign in as an operator.")
        return
    stop_reading()
    hub = hub_of(erp())
    client = hub.join(actor.parks)
    try:
        _serve(ws, hub, client, epoch=request.args.get("epoch", ""), offset=request.args.get("offset", ""))
    except ConnectionClosed:
        pass
    finally:
        hub.leave(client)


def _serve(ws: Server, hub: Hub, client: Client, *, epoch: str, offset: str) -> None:
    for message in hub.catch_up(client.sight, epoch=epoch, offset=offset):
        ws.send(orjson.dumps(message).decode())
    while ws.connected:
        if client.is_lost:
            client.is_lost = False
            _drain(client.waiting)
            for message in hub.catch_up(client.sight, epoch="", offset=""):
                ws.send(orjson.dumps(message).decode())
        try:
            ws.send(client.waiting.get(timeout=TICK_S).decode())
        except queue.Empty:
            ws.send(hub.tick().decode())


def _drain(waiting: queue.Queue[bytes]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return


def hub_of(app: ErpApp) -> Hub:
    """The hub of this process."""
    hub: Hub = app.extensions["live-hub"]
    return hub


def _viewer() -> Actor | None:
    if not current_user.is_authenticated:
        return None
    actor: Actor = current_user.actor
    return None if actor.roles.isdisjoint({OPERATOR, STAFF}) else actor


def install(app: ErpApp) -> None:
    """Give the application its hub; it reads nothing before the first board opens."""
    app.extensions["live-hub"] = Hub(app.database)
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": 20, "max_message_size": 4096}
    app.register_blueprint(bp)
