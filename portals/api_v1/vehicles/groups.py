"""Vehicles in groups."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.db import Reader
from core.vehicles import queries, service
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.doors import actor, at, read, write

GroupName = Annotated[str, Meta(min_length=1, max_length=service.LONGEST_GROUP_NAME)]


class GroupPage(pages.Page, frozen=True, kw_only=True):
    """Names of groups."""

    items: list[str]


class GroupChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Into which groups a vehicle is put, and out of which it is taken. One that is not there is made."""

    into: Annotated[list[GroupName], Meta(max_length=20)] = []
    out_of: Annotated[list[GroupName], Meta(max_length=20)] = []


@bp.get("/vehicle_groups")
@operation(answers={200: GroupPage})
def list_vehicle_groups() -> dict[str, Any]:
    """The groups that vehicles in sight are in. Groups of one name in several parks are named once."""
    return pages.page(queries.list_group_names(read(), viewer=actor()), most=10_000, last_id=None)


@bp.get("/vehicles/<int:vehicle_id>/groups")
@operation(answers={200: GroupPage})
def list_groups_of_vehicle(vehicle_id: int) -> dict[str, Any]:
    """The groups that a vehicle is in."""
    queries.check_sight(read(), viewer=actor(), permission="vehicles:read", vehicle_id=vehicle_id)
    return _show(read(), vehicle_id)


@bp.patch("/vehicles/<int:vehicle_id>/groups")
@operation(body=GroupChange, answers={200: GroupPage}, example={"into": ["Airport"], "out_of": ["Night"]})
def change_groups_of_vehicle(vehicle_id: int, body: GroupChange) -> dict[str, Any]:
    """Put a vehicle into groups of its park and take it out of others. Where it is already, nothing changes."""
    session = write()
    for name in body.into:
        service.put_into_group(session, actor=actor(), at=at(), vehicle_id=vehicle_id, name=name)
    for name in body.out_of:
        service.take_out_of_group(session, actor=actor(), at=at(), vehicle_id=vehicle_id, name=name)
    # Nothing named: the verbs have not asked whether it is there.
    queries.check_reach(session.connection(), actor=actor(), permission="vehicles:change", vehicle_id=vehicle_id)
    return _show(session.connection(), vehicle_id)


def _show(reader: Reader, vehicle_id: int) -> dict[str, Any]:
    groups = queries.list_groups(reader, viewer=service.REGISTRAR, vehicle_ids=[vehicle_id])
    return pages.page(groups.get(vehicle_id, []), most=10_000, last_id=None)
