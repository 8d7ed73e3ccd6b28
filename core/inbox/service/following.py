"""Items follow what their sources say. Facts tell which source to ask at once; all are asked now and then anyway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.db import Writer, take_transaction_lock
from core.inbox.models import Item, StepAct
from core.inbox.queries.sources import FACTS, SOURCES
from core.inbox.rules.claims import Claim, ClosedWhy, ItemState, Known, Said
from core.inbox.rules.judging import Verdict, find_stage, is_gone, judge, severity_of
from core.inbox.rules.reminders import TOLD
from core.inbox.service.changes import note_step, plan_letters, tell_closed, tell_opened
from core.outbox import Offset, OutboxCursor, head, read_since
from core.permissions import Actor, needs

READER = "inbox"
MOST_FACTS = 1000
MOST_CHANGES = 200
_KNOWN = tuple(getattr(Item, name) for name in Known.__slots__)
_Place = tuple[str, str]


def list_sources() -> list[str]:
    """The names of all sources."""
    return sorted(SOURCES)


@needs("inbox:follow")
def take_facts(session: Writer, *, actor: Actor, at: datetime) -> list[str]:
    """Read the facts since the last call; returns the sources that are to be asked because of them.

    A source that is lost with the process that took its facts is asked in its turn within a minute.
    """
    epoch, settled = head(session.connection())
    start = {"reader": READER, "epoch": epoch, "txid": settled.txid, "fact_id": settled.fact_id}
    session.execute(insert(OutboxCursor).values(start).on_conflict_do_nothing())
    cursor = session.get_one(OutboxCursor, READER, with_for_update=True)
    if cursor.epoch != epoch:
        # Restored into another cluster, whose transactions are counted from its own beginning: ask all of them.
        cursor.epoch, cursor.txid, cursor.fact_id = epoch, *settled
        return list_sources()
    seen = Offset(cursor.txid, cursor.fact_id)
    facts = read_since(session.connection(), seen, names=sorted(FACTS), most=MOST_FACTS)
    reached = facts[-1].offset if len(facts) == MOST_FACTS else max(settled, seen)
    # Otherwise the row is left alone: nothing new to know is the rule.
    if facts:
        cursor.txid, cursor.fact_id = reached
    names = {fact.name for fact in facts}
    return [name for name, source in SOURCES.items() if names & source.facts]


@needs("inbox:follow")
def ask_source(session: Writer, *, actor: Actor, at: datetime, source: str) -> int:
    """Ask one source and let its items follow; returns how many changed, MOST_CHANGES at most: then it is to be asked
    again, so that no transaction is long. Asked twice, the second changes nothing.
    """
    # Two that ask at once would open a thing twice, or close what the other has just opened.
    take_transaction_lock(session, f"inbox source {source}")
    asked = SOURCES[source]
    said = asked.read(session.connection(), at)
    claims = {(claim.kind, claim.key): claim for claim in said.claims}
    known = _read_known(session, asked.kinds, claims)
    gone = [id_ for place, (id_, one) in known.items() if place not in claims and is_gone(one, said)]
    following = chain(
        (_follow_claim(session, claim, known.get(place), actor, at) for place, claim in claims.items()),
        (_follow_silence(session, id_, said, actor, at) for id_ in gone),
    )
    changed = 0
    for step in following:
        changed += step
        if changed == MOST_CHANGES:
            break
    return changed


def _read_known(
    session: Writer, kinds: Iterable[str], claims: Mapping[_Place, Claim]
) -> dict[_Place, tuple[int, Known]]:
    """The items of these kinds that are not closed, and those that are claimed. Nothing is locked yet: nearly all of
    them stay as they are.
    """
    keys = sa.cast(sorted({key for _, key in claims}), sa.ARRAY(sa.Text))
    query = sa.select(Item.id, Item.kind, Item.key, *_KNOWN).where(
        Item.kind.in_(list(kinds)), sa.or_(Item.state != ItemState.CLOSED, Item.key == sa.any_(keys))
    )
    return {(row.kind, row.key): (row.id, _as_known(row)) for row in session.execute(query)}


def _as_known(row: Any) -> Known:
    return Known(**{name: getattr(row, name) for name in Known.__slots__})


def _follow_claim(session: Writer, claim: Claim, known: tuple[int, Known] | None, actor: Actor, at: datetime) -> int:
    if known is None:
        _open(session, claim, actor=actor, at=at)
        return 1
    item_id, seen = known
    if judge(seen, claim, at=at) is None:
        return 0
    item = session.get_one(Item, item_id, with_for_update=True, populate_existing=True)
    # Somebody may have had it in hands meanwhile.
    verdict = judge(_as_known(item), claim, at=at)
    if verdict is not None:
        _apply(session, item, claim, verdict, actor=actor, at=at)
    return int(verdict is not None)


def _follow_silence(session: Writer, item_id: int, said: Said, actor: Actor, at: datetime) -> int:
    item = session.get_one(Item, item_id, with_for_update=True, populate_existing=True)
    if not is_gone(_as_known(item), said):
        return 0
    item.state, item.snoozed_until = ItemState.CLOSED, None
    item.closed_at, item.closed_why = at, ClosedWhy.GONE
    note_step(session, item, StepAct.CLOSED, actor=actor, at=at, why=ClosedWhy.GONE)
    tell_closed(session, item, at=at)
    return 1


def _open(session: Writer, claim: Claim, *, actor: Actor, at: datetime) -> None:
    item = Item(kind=claim.kind, key=claim.key, state=ItemState.OPEN, opened_at=at, open_since=at, round=1, version=1)
    _take_over(item, claim)
    session.add(item)
    session.flush()
    _announce(session, item, StepAct.OPENED, actor=actor, at=at)


def _apply(session: Writer, item: Item, claim: Claim, verdict: Verdict, *, actor: Actor, at: datetime) -> None:
    _take_over(item, claim)
    item.version += 1
    if verdict is Verdict.AGAIN:
        item.count += 1
    if verdict is Verdict.REOPENED:
        item.round, item.count, item.opened_at = item.round + 1, 1, at
        item.assigned_to = None
        item.closed_at, item.closed_why = None, None
    if verdict in {Verdict.REOPENED, Verdict.LOUDER}:
        item.state, item.open_since = ItemState.OPEN, at
        item.snoozed_until, item.acknowledged_at, item.escalated_at = None, None, None
        _announce(session, item, StepAct(verdict), actor=actor, at=at)


def _take_over(item: Item, claim: Claim) -> None:
    item.park_id, item.vehicle_id, item.driver_id = claim.park_id, claim.vehicle_id, claim.driver_id
    item.severity, item.stage, item.due_on = severity_of(claim), find_stage(claim), claim.due_on
    item.happened_at, item.detail = claim.happened_at, dict(claim.detail)


def _announce(session: Writer, item: Item, act: StepAct, *, actor: Actor, at: datetime) -> None:
    detail = {} if item.stage is None else {"stage": item.stage}
    note_step(session, item, act, actor=actor, at=at, severity=item.severity, **detail)
    tell_opened(session, item, at=at)
    if item.stage is not None:
        plan_letters(session, item, at=at, occasion=f"{item.due_on}:{item.stage}", audiences=TOLD[item.stage])
