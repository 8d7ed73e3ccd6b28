"""Endpoints, facts and workers of tests, with a clock that can be put forward."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import clock, outbox
from core.db import Database
from core.webhooks import queries, service
from core.webhooks.delivery import Delivery
from core.webhooks.gateway import Address, HttpSender
from core.webhooks.models import Message, MessageState
from core.webhooks.rules.addresses import Allowed
from core.webhooks.schemas import NewEndpoint
from core.webhooks.service import NewSecret
from tests.conftest import ROOT, Fleet
from tests.core.webhooks.receiver import Receiver

KEY = bytes(range(32))


@dataclass
class World:
    """One receiver's side and ours."""

    database: Database
    receiver: Receiver
    fleet: Fleet
    ahead: timedelta = timedelta()
    timeout_s: float = 15.0
    workers: list[Delivery] = field(default_factory=list)

    def now(self) -> datetime:
        """The moment it is here."""
        return clock.now() + self.ahead

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.ahead += by

    def forward_to_next_try(self) -> None:
        """Let time pass until the first message that waits is tried again."""
        with self.database.transaction() as session:
            due = session.execute(sa.select(sa.func.min(Message.next_at))).scalar_one()
        self.ahead = max(self.ahead, due - clock.now() + timedelta(milliseconds=1))

    def add_endpoint(
        self,
        *,
        facts: list[str] | None = None,
        park_ids: list[int] | None = None,
        actor: Any = ROOT,
        url: str | None = None,
    ) -> NewSecret:
        url = url or self.receiver.url
        address = Address(url, "http", "127.0.0.1", self.receiver.port)
        new = NewEndpoint(url=url, facts=facts, park_ids=park_ids)
        with self.database.transaction() as session:
            return service.add_endpoint(session, actor=actor, at=self.now(), new=new, address=address, sealing_key=KEY)

    def publish(self, name: str, **ids: Any) -> None:
        """Publish a fact, and wait until readers come to it: the server's own upkeep may hold the stream back."""
        with self.database.transaction() as session:
            outbox.publish(session, name, at=self.now(), **ids)
            txid = session.execute(sa.text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
        ends = time.monotonic() + 30
        while self._settled() < txid:
            assert time.monotonic() < ends, "a transaction holds the stream of facts back"
            time.sleep(0.01)

    def _settled(self) -> int:
        with self.database.reading() as reader:
            return outbox.head(reader)[1].txid

    def worker(self, name: str = "worker") -> Delivery:
        sender = HttpSender(Allowed.parse([self.receiver.allowed]), timeout_s=self.timeout_s)
        made = Delivery(self.database, sender, self.now, KEY, name)
        self.workers.append(made)
        return made

    def deliver(self, worker: Delivery | None = None) -> None:
        """Let one worker do all there is to do by now."""
        (worker or (self.workers[0] if self.workers else self.worker())).run_until_idle()

    def messages(self, state: MessageState | None = None) -> Sequence[Message]:
        with self.database.transaction() as session:
            query = sa.select(Message).order_by(Message.id)
            return session.scalars(query if state is None else query.where(Message.state == state)).all()

    def endpoint(self, endpoint_id: int) -> queries.EndpointRecord:
        with self.database.reading() as reader:
            return queries.get_endpoint(reader, viewer=ROOT, at=self.now(), endpoint_id=endpoint_id)

    def attempts(self, message: Message) -> list[dict[str, Any]]:
        with self.database.reading() as reader:
            return queries.list_attempts(
                reader,
                viewer=ROOT,
                at=self.now(),
                endpoint_id=message.endpoint_id,
                message_id=message.public_id,
            )

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
