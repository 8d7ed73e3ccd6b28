"""What one process knows of the stream of facts, and the boards that listen."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from core import clock, outbox
from core.db import AWAY, Database, Reader
from core.outbox import Fact, Offset
from portals.fleet_rows import FleetRows
from portals.live.client import Client
from portals.live.messages import Message
from portals.live.table import Change, Sight, Table, cut
from portals.live.told import TELLERS, TOLD_MOST, News, Told, tell, vehicles_of

log = logging.getLogger(__name__)

GATHER_S = 0.1
# A fact may stay behind a longer transaction after the call that announced it: it is looked for this often more.
LOOKS_AFTER_CALL = 5
RECORDS_FRESH_S = 30.0
# After a longer rest, reading everything is less work than reading what happened meanwhile.
REST_S = 60.0
PAGE = 1_000
BEGINNING = Offset(0, 0)


class Hub:
    """Reads the stream once for all boards of the process.

    What is known (table, news, place) and who listens change together under one lock, so what a board is told when it
    joins and what it is told afterwards fit without a gap and without an overlap. Reading the database happens under
    a lock of its own: nobody who only wants to be told something waits for it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading = threading.RLock()
        self._lock = threading.Lock()
        self._rows = FleetRows()
        self._renewed_at = self._read_at = float("-inf")
        self._table = Table({}, {}, since=BEGINNING, until=0.0)
        self._news = News(BEGINNING)
        self._epoch = ""
        self._offset = BEGINNING
        self._clients: set[Client] = set()
        self._snapshots: dict[Sight, Message] = {}
        self._thread: threading.Thread | None = None

    def join(self, sight: Sight, *, epoch: str, offset: str) -> Client:
        """Add a board that was at that place; the first one starts the reading."""
        place = self._prepare(epoch, offset)
        client = Client(sight)
        with self._lock:
            client.offer(self._catch_up(sight, place))
            self._clients.add(client)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-hub", daemon=True)
                self._thread.start()
        return client

    def leave(self, client: Client) -> None:
        """Forget a board."""
        with self._lock:
            self._clients.discard(client)

    def catch_up(self, sight: Sight, *, epoch: str, offset: str) -> Message:
        """What brings a browser that only asks now and then from where it was to the present."""
        place = self._prepare(epoch, offset)
        with self._lock:
            return self._catch_up(sight, place)

    def refresh(self, client: Client) -> Message | None:
        """For a board to which nothing was sent for a while: everything if it is lost, else a sign of life."""
        with self._lock:
            if client.is_lost:
                client.is_lost = False
                client.offer(self._snapshot(client.sight, client.place))
            if client.has_news:
                return None
            # Nothing waits and nothing can be queued now, so this place is not ahead of the board.
            client.place = self._offset
            return Message("tick", self._epoch, self._offset)

    def _prepare(self, epoch: str, offset: str) -> Offset | None:
        """Come to the present, and return the place of a board that can be told what changed since or what was told
        since; None for one that is nowhere we know.
        """
        self._read_to_the_end(since=time.monotonic())
        place = Offset.parse(offset)
        if place is None or epoch != self._epoch:
            return None
        if place < self._news.since:
            self._reach_back(place)
        return place if place <= max(self._offset, self._table.since) else None

    def _catch_up(self, sight: Sight, place: Offset | None) -> Message:
        if place is None or place < self._table.since:
            return self._snapshot(sight, place)
        rows, gone = self._table.rows_since(sight, place)
        told = self._news.after(place, sight)
        return Message("delta", self._epoch, max(place, self._offset), vehicles=rows, gone=gone, facts=told)

    def _snapshot(self, sight: Sight, place: Offset | None) -> Message:
        """Everything in sight, made once for all boards of it; only one that missed words has one of its own."""
        told = [] if place is None else self._news.after(place, sight)
        if told:
            return Message("snapshot", self._epoch, self._offset, vehicles=self._table.rows(sight), facts=told)
        if sight not in self._snapshots:
            rows = self._table.rows(sight)
            self._snapshots[sight] = Message("snapshot", self._epoch, self._offset, vehicles=rows, facts=[])
        return self._snapshots[sight]

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
            looks = 0
            while self._is_wanted():
                self._read_to_the_end(since=time.monotonic())
                looks = max(0, looks - 1)
                # One sleep for all that woke us: as many as have come are given at once, whatever stop_after says.
                if list(listening.notifies(timeout=0 if looks else 1.0, stop_after=1)):
                    looks = LOOKS_AFTER_CALL
                if looks:
                    time.sleep(GATHER_S)

    def _is_wanted(self) -> bool:
        with self._lock:
            if not self._clients and self._thread is threading.current_thread():
                self._thread = None
            return self._thread is threading.current_thread()

    def _read_to_the_end(self, *, since: float) -> None:
        """Read what is new, unless somebody else has begun to after `since`.

        A hundred boards that come at once wait for one reading, not for a hundred.
        """
        with self._reading:
            if self._read_at >= since:
                return
            began = time.monotonic()
            with self._database.reading() as reader:
                while self._advance(reader) == PAGE:
                    pass
            self._read_at = began

    def _advance(self, reader: Reader) -> int:
        """Read a page of facts and tell every board; returns how many there were.

        The epoch is read first and on the same connection: what follows is of the database that it names.
        """
        epoch, head = outbox.head(reader)
        now = time.monotonic()
        if epoch != self._epoch or (self._thread is None and now > self._read_at + REST_S):
            self._load(reader, epoch, head)
        facts = outbox.read_since(reader, self._offset, most=PAGE)
        if facts or now > self._renewed_at + RECORDS_FRESH_S:
            self._take(reader, facts)
        return len(facts)

    def _load(self, reader: Reader, epoch: str, head: Offset) -> None:
        """Begin, or begin again: after a rest, or because the database is another and nothing shown may be true."""
        self._renew(reader)
        rows = self._rows.read(reader)
        since = outbox.horizon(reader)
        table = Table(rows, self._rows.park_ids, since=since, until=self._settled_at())
        with self._lock:
            self._table, self._news = table, News(head)
            self._epoch, self._offset = epoch, head
            self._snapshots.clear()
            for client in self._clients:
                client.start_over()

    def _take(self, reader: Reader, facts: Sequence[Fact]) -> None:
        """Read what these facts changed, once, and say it to every board in the words of its sight."""
        named = {vehicle_id for fact in facts for vehicle_id in vehicles_of(fact)}
        if time.monotonic() > self._renewed_at + RECORDS_FRESH_S or _touches_records(facts):
            self._renew(reader)
            rows = self._rows.read(reader)
            removed = self._table.ids() - rows.keys()
        else:
            ordered = {v for fact in facts if fact.name.startswith("access.") for v in vehicles_of(fact)}
            if ordered:
                self._rows.renew_locks(reader, ordered)
            rows = self._rows.read(reader, named)
            removed = set()
        told = tell(reader, facts, self._rows)
        horizon = outbox.horizon(reader)
        with self._lock:
            changes = self._table.take(
                rows, self._rows.park_ids, removed=removed, horizon=horizon, until=self._settled_at()
            )
            self._news.add(told)
            if facts:
                self._offset = facts[-1].offset
            self._table.settle(time.monotonic(), self._offset)
            if facts or changes:
                self._snapshots.clear()
            self._deliver(changes, told)

    def _deliver(self, changes: Sequence[Change], told: Sequence[Told]) -> None:
        messages: dict[Sight, Message | None] = {}
        for client in self._clients:
            if client.sight not in messages:
                messages[client.sight] = self._delta(client.sight, changes, told)
            if (message := messages[client.sight]) is not None:
                client.offer(message)

    def _delta(self, sight: Sight, changes: Sequence[Change], told: Sequence[Told]) -> Message | None:
        rows, gone = cut(changes, sight)
        facts = [each.item for each in told if sight is None or each.park_id in sight]
        if not (rows or gone or facts):
            return None
        return Message("delta", self._epoch, self._offset, vehicles=rows, gone=gone, facts=facts)

    def _renew(self, reader: Reader) -> None:
        self._rows.renew_records(reader, at=clock.now())
        self._rows.renew_locks(reader)
        self._renewed_at = time.monotonic()

    def _reach_back(self, place: Offset) -> None:
        """Read what was told before this process began to read; the next board that comes from there finds it."""
        with self._reading, self._database.reading() as reader:
            if place < self._news.since and not outbox.is_forgotten(reader, place):
                facts = outbox.read_since(reader, place, names=list(TELLERS), most=TOLD_MOST)
                told = tell(reader, facts, self._rows)
                with self._lock:
                    self._news.reach_back(place, told)

    @staticmethod
    def _settled_at() -> float:
        """When every process has noticed what this one notices now without a fact."""
        return time.monotonic() + 2 * RECORDS_FRESH_S


def _touches_records(facts: Sequence[Fact]) -> bool:
    return any(fact.name.startswith(("vehicles.", "drivers.")) for fact in facts)
