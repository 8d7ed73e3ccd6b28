"""Who has which vehicle when: bookings and their changes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flask import url_for
from msgspec import Meta

from core.drivers import queries, service
from core.drivers.queries import AssignmentRecord
from core.drivers.schemas import AssignmentChange, Booking, Ending, Swap
from core.vehicles.schemas import RecordId
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write
from portals.ranges import Moment

Kind = Literal["shift", "rental", "buy_out"]
State = Literal["planned", "begun", "ended", "cancelled"]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Who has which vehicle, from when until when."""

    id: int
    vehicle_id: int
    driver_id: int
    park_id: int
    kind: Kind
    state: Annotated[State, Meta(description="At the moment of the answer.")]
    starts_at: datetime
    ends_at: Annotated[datetime | None, Meta(description="No longer inside. Null: until further notice.")]
    cancelled_at: datetime | None
    pattern_id: Annotated[int | None, Meta(description="The weekly pattern that it was made from.")]
    created_at: datetime


class AssignmentPage(pages.Page, frozen=True, kw_only=True):
    """Assignments by id."""

    items: list[Assignment]


class AssignmentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done to an assignment, and how it then was."""

    at: datetime
    act: Literal["made", "changed", "swapped", "ended", "cancelled"]
    reason: str | None
    vehicle_id: int
    driver_id: int
    starts_at: datetime | None
    ends_at: datetime | None


class AssignmentHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was done to an assignment, oldest first."""

    items: list[AssignmentEvent]


class Swapped(msgspec.Struct, frozen=True, kw_only=True):
    """What holds now for the two drivers, in the order in which their assignments were named."""

    assignments: list[Assignment]


class AssignmentQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which assignments; cancelled ones are never among them."""

    vehicle_id: Annotated[RecordId | None, Meta(description="Of this vehicle.")] = None
    driver_id: Annotated[RecordId | None, Meta(description="Of this driver.")] = None
    park_id: Annotated[RecordId | None, Meta(description="Of the vehicles of this park.")] = None
    since: Annotated[Moment | None, Meta(description="That end after this moment.")] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[Moment | None, Meta(description="That begin before this moment.")] = msgspec.field(
        name="to", default=None
    )
    limit: pages.UpTo500 = 50


BOOKING = {
    "vehicle_id": 1,
    "driver_id": 2,
    "kind": "shift",
    "starts_at": "2199-11-24T08:00:00Z",
    "ends_at": "2199-11-24T16:00:00Z",
}


@bp.get("/assignments")
@operation(query=AssignmentQuery, answers={200: AssignmentPage})
def list_assignments(query: AssignmentQuery) -> dict[str, Any]:
    """Who has which vehicle when, by id: planned, running and past."""
    most = query.limit
    found = queries.list_assignments(
        read(),
        viewer=actor(),
        since=query.since,
        until=query.until,
        vehicle_ids=None if query.vehicle_id is None else [query.vehicle_id],
        driver_id=query.driver_id,
        park_id=query.park_id,
        after_id=pages.after_id(query.cursor),
        most=most,
    )
    return pages.page([_show(one) for one in found], most=most, last_id=found[-1].id if found else None)


@bp.post("/assignments")
@operation(body=Booking, answers={201: Assignment}, refuses=(404, 409), keyed=True, example=BOOKING)
def book_vehicle(body: Booking) -> Answer:
    """Give a driver a vehicle, from now on or in time to come.

    409 names the assignment in the way as `assignment_id`, or says what the driver or the vehicle lacks.
    """
    made = service.assign_vehicle(
        write(),
        actor=actor(),
        at=at(),
        driver_id=body.driver_id,
        vehicle_id=body.vehicle_id,
        kind=body.kind,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
    )
    return _show_written(made, location=url_for("api_v1.get_assignment", assignment_id=made))


@bp.get("/assignments/<int:assignment_id>")
@operation(answers={200: Assignment})
def get_assignment(assignment_id: int) -> Answer:
    """One assignment, cancelled or not."""
    found = queries.get_assignment(read(), viewer=actor(), assignment_id=assignment_id)
    return show_record(_show(found), found.version)


@bp.get("/assignments/<int:assignment_id>/history")
@operation(answers={200: AssignmentHistory})
def get_assignment_history(assignment_id: int) -> AssignmentHistory:
    """Everything that was done to it, oldest first. What was is never changed."""
    found = queries.list_assignment_changes(read(), viewer=actor(), assignment_id=assignment_id)
    return AssignmentHistory(
        items=[
            AssignmentEvent(
                at=one.at,
                act=one.act.value,
                reason=one.reason,
                vehicle_id=one.vehicle_id,
                driver_id=one.driver_id,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in found
        ]
    )


@bp.patch("/assignments/<int:assignment_id>")
@operation(
    body=AssignmentChange,
    answers={200: Assignment},
    refuses=(409,),
    conditional=True,
    example={"ends_at": "2199-11-24T18:00:00Z"},
)
def change_assignment(assignment_id: int, body: AssignmentChange) -> Answer:
    """Move, extend or shorten it. Once it has begun only its end can change; once it has ended nothing."""
    session = write()
    service.change_assignment(
        session, actor=actor(), at=at(), assignment_id=assignment_id, change=body, versions=wanted_versions()
    )
    return _show_written(assignment_id)


@bp.delete("/assignments/<int:assignment_id>")
@operation(answers={200: Assignment}, refuses=(409,), conditional=True)
def cancel_assignment(assignment_id: int) -> Answer:
    """Cancel it before it begins. It stays to be read."""
    service.cancel_assignment(write(), actor=actor(), at=at(), assignment_id=assignment_id, versions=wanted_versions())
    return _show_written(assignment_id)


@bp.post("/assignments/<int:assignment_id>/return")
@operation(body=Ending, answers={200: Assignment}, refuses=(409,), conditional=True, example={"reason": "driver_asked"})
def return_vehicle(assignment_id: int, body: Ending) -> Answer:
    """The vehicle is back: the assignment ends now, whatever end it had."""
    service.hand_back(
        write(),
        actor=actor(),
        at=at(),
        assignment_id=assignment_id,
        reason=body.reason,
        versions=wanted_versions(),
    )
    return _show_written(assignment_id)


@bp.post("/assignments/swaps")
@operation(
    body=Swap,
    answers={200: Swapped},
    refuses=(404, 409),
    keyed=True,
    example={"first_id": 1, "second_id": 2},
)
def swap_assignments(body: Swap) -> Swapped:
    """Let two assignments exchange their vehicles.

    Of two that have begun, both end now and the rest of each is made anew; two that lie ahead are changed.
    """
    ids = service.swap_assignments(write(), actor=actor(), at=at(), first_id=body.first_id, second_id=body.second_id)
    return Swapped(assignments=[_show(_get_written(assignment_id)) for assignment_id in ids])


def _get_written(assignment_id: int) -> AssignmentRecord:
    """As it stands in this transaction, for whoever may write it but perhaps not read."""
    session = write()
    session.flush()
    return queries.get_assignment(session.connection(), viewer=service.PLANNER, assignment_id=assignment_id)


def _show_written(assignment_id: int, *, location: str | None = None) -> Answer:
    written = _get_written(assignment_id)
    return show_record(_show(written), written.version, location=location)


def _show(one: AssignmentRecord) -> Assignment:
    return Assignment(
        id=one.id,
        vehicle_id=one.vehicle_id,
        driver_id=one.driver_id,
        park_id=one.park_id,
        kind=one.kind.value,
        state=one.state(at()).value,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        cancelled_at=one.cancelled_at,
        pattern_id=one.pattern_id,
        created_at=one.created_at,
    )
