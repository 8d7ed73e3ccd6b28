"""What the fleet is doing now."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from core.telemetry import queries
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.api_v1.telemetry.measured import State
from portals.doors import actor, read
from portals.ranges import Moment


class StatePage(pages.Page, frozen=True, kw_only=True):
    """States by vehicle id."""

    items: list[State]


class StateQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which vehicles."""

    changed_since: Annotated[Moment | None, Meta(description="Only those heard since, by our clock.")] = None
    limit: pages.UpTo1000 = 500


@bp.get("/telemetry/states")
@operation(query=StateQuery, answers={200: StatePage})
def list_states(query: StateQuery) -> dict[str, Any]:
    """The latest states of the vehicles in sight that ever reported, by vehicle id.

    To miss nothing, follow the feed of changes instead.
    """
    states = queries.list_states_by_id(
        read(),
        viewer=actor(),
        after_id=pages.after_id(query.cursor),
        changed_since=query.changed_since,
        most=query.limit,
    )
    return pages.page(states, most=query.limit, last_id=states[-1]["vehicle_id"] if states else None)
