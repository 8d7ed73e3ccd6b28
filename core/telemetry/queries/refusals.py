"""What was refused: how much, what exactly, and how much of it can be judged anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.permissions import Actor
from core.telemetry.models import Refusal
from core.telemetry.schemas import RefusalFilter
from core.telemetry.store.refusals import IS_OPEN, matching
from core.vehicles import queries as vehicles

ALL = RefusalFilter()
_SIDES = {
    "rule": (Refusal.rule,),
    "source": (Refusal.source,),
    "owner": (Refusal.vehicle_id, sa.case((Refusal.vehicle_id.is_(None), Refusal.device_uid)).label("device_uid")),
}


def count_refusals(reader: Reader, *, viewer: Actor, since: datetime) -> list[dict[str, Any]]:
    """Refused points since a moment by rule and source, most first. Needs health:read.

    `left_out` names the values without which the points were stored; None where they were refused whole.
    """
    viewer.require("health:read")
    query = (
        sa.select(
            Refusal.rule,
            Refusal.source,
            Refusal.left_out,
            sa.func.count().label("count"),
            sa.func.max(Refusal.detail).label("example"),
        )
        .where(Refusal.received_at >= since)
        .group_by(Refusal.rule, Refusal.source, Refusal.left_out)
        .order_by(sa.func.count().desc())
    )
    return plain_rows(reader.execute(query))


def count_refusals_by(
    reader: Reader, *, viewer: Actor, side: Literal["rule", "source", "owner"], wanted: RefusalFilter, most: int = 20
) -> list[dict[str, Any]]:
    """Refused points by one side of them, most first. Needs health:read.

    `count` is how many; of them `stored_count` were stored without a value, `open_count` can be judged anew.
    An owner is a vehicle (`vehicle_id`) or, where that is not known, a device (`device_uid`), or nobody at all.
    """
    viewer.require("health:read")
    columns = _SIDES[side]
    query = (
        sa.select(
            *columns,
            sa.func.count().label("count"),
            sa.func.count().filter(Refusal.left_out.is_not(None)).label("stored_count"),
            sa.func.count().filter(IS_OPEN).label("open_count"),
        )
        .where(*matching(wanted))
        .group_by(*columns)
        .order_by(sa.func.count().desc(), *columns)
        .limit(most)
    )
    return plain_rows(reader.execute(query))


def count_replayable(reader: Reader, *, viewer: Actor, wanted: RefusalFilter = ALL) -> int:
    """How many refused points can be judged anew: they could be read and are not stored yet. Needs health:read."""
    viewer.require("health:read")
    query = sa.select(sa.func.count()).select_from(Refusal).where(IS_OPEN, *matching(wanted))
    return reader.execute(query).scalar_one()


def list_refusals(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int | None = None,
    wanted: RefusalFilter = ALL,
    before: tuple[datetime, int] | None = None,
    most: int = 100,
) -> list[dict[str, Any]]:
    """The newest refused points: of one vehicle with telemetry:read, of all and of nobody with health:read.

    `wanted` narrows them; `before` is (received_at, id) of the last of the page before.
    """
    query = sa.select(Refusal.__table__).where(*matching(wanted))
    if vehicle_id is None:
        viewer.require("health:read")
    else:
        vehicles.check_sight(reader, viewer=viewer, permission="telemetry:read", vehicle_id=vehicle_id)
        query = query.where(Refusal.vehicle_id == vehicle_id)
    if before is not None:
        query = query.where(sa.tuple_(Refusal.received_at, Refusal.id) < before)
    rows = reader.execute(query.order_by(Refusal.received_at.desc(), Refusal.id.desc()).limit(most))
    return plain_rows(rows)


def has_room_for_strangers(reader: Reader, *, since: datetime, most: int) -> bool:
    """Whether fewer than `most` points of nobody we know were kept since a moment. For open doors, with no viewer."""
    of_nobody = (
        sa.select(sa.literal(1))
        .where(Refusal.vehicle_id.is_(None), Refusal.received_at >= since)
        .limit(most)
        .subquery()
    )
    return reader.execute(sa.select(sa.func.count()).select_from(of_nobody)).scalar_one() < most
