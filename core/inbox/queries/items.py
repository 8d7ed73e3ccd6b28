"""The items as lists, one by one, and counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Driver
from core.errors import NotFound
from core.identity.models import User
from core.inbox.models import Item, Step, StepAct
from core.inbox.queries.sight import in_sight
from core.inbox.rules.catalog import KINDS, Group, Kind, Severity, name, say
from core.inbox.rules.claims import ClosedWhy, ItemState
from core.permissions import Actor
from core.vehicles.models import Park

View = Literal["open", "mine", "snoozed", "closed"]
Sort = Literal["urgent", "due", "newest", "oldest"]
# Which items: what wants somebody now, what was given to the viewer, what was put off, what is closed.
VIEWS: tuple[View, ...] = ("open", "mine", "snoozed", "closed")
SORTS: tuple[Sort, ...] = ("urgent", "due", "newest", "oldest")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuery:
    """Which items are asked for. Of `severities`, `groups`, `kinds` and `park_ids` none means that any will do."""

    view: View = "open"
    severities: Collection[Severity] = ()
    groups: Collection[Group] = ()
    kinds: Collection[str] = ()
    park_ids: Collection[int] = ()
    vehicle_id: int | None = None
    driver_id: int | None = None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An item as the API and the pages show it."""

    id: int
    kind: str
    park_id: int | None
    park: str | None
    time_zone: str | None
    vehicle_id: int | None
    driver_id: int | None
    severity: int
    stage: int | None
    due_on: date | None
    happened_at: datetime | None
    detail: dict[str, Any]
    state: ItemState
    round: int
    count: int
    opened_at: datetime
    open_since: datetime
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    assigned_to: int | None
    assigned_name: str | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    closed_why: ClosedWhy | None
    version: int

    @property
    def words(self) -> Kind:
        """The words of its kind."""
        return KINDS[self.kind]

    @property
    def title(self) -> str:
        """What it is called."""
        return name(self.kind, self.detail)

    @property
    def sentence(self) -> str:
        """What it says in a sentence."""
        return say(self.kind, self.detail)

    @property
    def job_id(self) -> str | None:
        """The order it is about."""
        return self.detail.get("job_id")


_RECORD = (
    sa.select(
        Item.id,
        Item.kind,
        Item.park_id,
        Park.name.label("park"),
        Park.time_zone,
        Item.vehicle_id,
        Item.driver_id,
        Item.severity,
        Item.stage,
        Item.due_on,
        Item.happened_at,
        Item.detail,
        Item.state,
        Item.round,
        Item.count,
        Item.opened_at,
        Item.open_since,
        Item.escalated_at,
        Item.acknowledged_at,
        Item.assigned_to,
        User.name.label("assigned_name"),
        Item.snoozed_until,
        Item.closed_at,
        Item.closed_why,
        Item.version,
    )
    .outerjoin(Park, Park.id == Item.park_id)
    .outerjoin(User, User.id == Item.assigned_to)
)


def list_items(
    reader: Reader,
    *,
    viewer: Actor,
    query: ItemQuery,
    sort: Sort = "urgent",
    after_id: int | None = None,
    skip: int = 0,
    most: int = 100,
) -> list[ItemRecord]:
    """The items that are asked for, as far as they are in sight. Needs inbox:read.

    `after_id` lists by id instead, from the one after it.
    """
    viewer.require("inbox:read")
    found = _RECORD.where(*_asked(viewer, query)).offset(skip).limit(most)
    if after_id is None:
        found = found.order_by(*_order(sort, query.view))
    else:
        found = found.where(Item.id > after_id).order_by(Item.id)
    return [ItemRecord(*tuple(row)) for row in reader.execute(found)]


def get_item(reader: Reader, *, viewer: Actor, item_id: int) -> ItemRecord:
    """One item. Needs inbox:read; NotFound out of sight."""
    return _get(reader, viewer, "inbox:read", item_id)


def get_item_to_handle(reader: Reader, *, viewer: Actor, item_id: int) -> ItemRecord:
    """One item, for who handles it. Needs inbox:handle; NotFound out of sight."""
    return _get(reader, viewer, "inbox:handle", item_id)


def _get(reader: Reader, viewer: Actor, permission: str, item_id: int) -> ItemRecord:
    viewer.require(permission)
    row = reader.execute(_RECORD.where(Item.id == item_id, in_sight(viewer, permission))).one_or_none()
    if row is None:
        raise NotFound(f"There is no item {item_id} in the inbox.")
    return ItemRecord(*tuple(row))


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One thing that became of an item. `actor` is who did it; `to` whom it was given to."""

    id: int
    round: int
    at: datetime
    act: StepAct
    actor_kind: str
    actor: str | None
    to: str | None
    detail: dict[str, Any]


def list_steps(reader: Reader, *, viewer: Actor, item_id: int) -> list[StepRecord]:
    """What became of an item, the newest first. Needs inbox:read; NotFound out of sight."""
    get_item(reader, viewer=viewer, item_id=item_id)
    given = User.__table__.alias("given")
    query = (
        sa.select(
            Step.id, Step.round, Step.at, Step.act, Step.actor_kind, User.name, given.c.name.label("to"), Step.detail
        )
        .outerjoin(User, sa.and_(Step.actor_kind == "user", User.id == Step.actor_id))
        .outerjoin(given, given.c.id == sa.cast(Step.detail["user_id"].astext, sa.BigInteger))
        .where(Step.item_id == item_id)
        .order_by(Step.id.desc())
        .limit(200)
    )
    return [StepRecord(*row) for row in reader.execute(query)]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items match, and how many each view, severity, group and park would leave with all else as chosen."""

    matching: int
    by: Mapping[str, Mapping[str, int]]


def count_items(reader: Reader, *, viewer: Actor, query: ItemQuery) -> Counts:
    """How many items there are to choose among. Needs inbox:read."""
    viewer.require("inbox:read")
    group = sa.case({each: kind.group.value for each, kind in KINDS.items()}, value=Item.kind, else_="")
    values = {
        "severity": sa.cast(Item.severity, sa.Text),
        "group": group,
        "park": sa.func.coalesce(sa.cast(Item.park_id, sa.Text), ""),
    }
    by: dict[str, dict[str, int]] = {}
    for facet, value in values.items():
        where = _asked(viewer, query, but=facet)
        rows = reader.execute(sa.select(value, sa.func.count()).select_from(Item).where(*where).group_by(value))
        by[facet] = {key: count for key, count in rows if key}
    by["view"] = {
        view: reader.execute(
            sa.select(sa.func.count()).select_from(Item).where(in_sight(viewer, "inbox:read"), _in_view(viewer, view))
        ).scalar_one()
        for view in VIEWS
        if view != "closed"
    }
    matching = reader.execute(sa.select(sa.func.count()).select_from(Item).where(*_asked(viewer, query))).scalar_one()
    return Counts(matching, by)


def count_waiting(reader: Reader, *, viewer: Actor) -> tuple[int, int]:
    """How many items that nobody has answered wait in sight, and how many of them are to be acted on now.

    Needs inbox:read.
    """
    viewer.require("inbox:read")
    loud = sa.func.count().filter(Item.severity == Severity.ACT)
    query = sa.select(sa.func.count(), loud).where(in_sight(viewer, "inbox:read"), Item.state == ItemState.OPEN)
    waiting, acting = reader.execute(query).one()
    return waiting, acting


def list_own_reminders(reader: Reader, *, viewer: Actor) -> list[ItemRecord]:
    """What runs out of the driver whose account the viewer is, the next first. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    expiring = [each for each, kind in KINDS.items() if kind.group is Group.EXPIRY]
    query = (
        _RECORD.join(Driver, Driver.id == Item.driver_id)
        .where(Driver.user_id == viewer.id, Item.kind.in_(expiring), Item.state != ItemState.CLOSED)
        .order_by(Item.due_on, Item.id)
    )
    return [ItemRecord(*tuple(row)) for row in reader.execute(query)]


def _asked(viewer: Actor, query: ItemQuery, *, but: str = "") -> list[sa.ColumnElement[bool]]:
    asked = [in_sight(viewer, "inbox:read"), _in_view(viewer, query.view)]
    if query.severities and but != "severity":
        asked.append(Item.severity.in_(query.severities))
    if query.groups and but != "group":
        asked.append(Item.kind.in_([each for each, kind in KINDS.items() if kind.group in query.groups]))
    if query.kinds:
        asked.append(Item.kind.in_(query.kinds))
    if query.park_ids and but != "park":
        asked.append(Item.park_id.in_(query.park_ids))
    if query.vehicle_id is not None:
        asked.append(Item.vehicle_id == query.vehicle_id)
    if query.driver_id is not None:
        asked.append(Item.driver_id == query.driver_id)
    return asked


def _in_view(viewer: Actor, view: View) -> sa.ColumnElement[bool]:
    if view == "closed":
        return Item.state == ItemState.CLOSED
    if view == "snoozed":
        return Item.state == ItemState.SNOOZED
    if view == "mine":
        is_mine = Item.assigned_to == viewer.id if viewer.kind == "user" else sa.false()
        return sa.and_(is_mine, Item.state != ItemState.CLOSED)
    return Item.state.in_([ItemState.OPEN, ItemState.ACKNOWLEDGED])


def _order(sort: Sort, view: View) -> list[Any]:
    if view == "closed":
        return [Item.closed_at.desc(), Item.id.desc()]
    orders: dict[Sort, list[Any]] = {
        # What nobody has answered stands above what somebody has in hand.
        "urgent": [
            sa.case((Item.state == ItemState.OPEN, 0), else_=1),
            Item.severity.desc(),
            Item.escalated_at.asc().nulls_last(),
            Item.due_on.asc().nulls_last(),
            Item.open_since,
        ],
        "due": [Item.due_on.asc().nulls_last(), Item.severity.desc()],
        "newest": [Item.opened_at.desc()],
        "oldest": [Item.opened_at],
    }
    return [*orders[sort], Item.id]
