"""Who has which vehicle when, how that came, and the weekly patterns by which shifts are made ahead."""

from __future__ import annotations

import enum
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.drivers.models.people import Driver


class AssignmentKind(enum.StrEnum):
    """On what terms a driver has a vehicle (DRV-4)."""

    SHIFT = "shift"
    RENTAL = "rental"
    BUY_OUT = "buy_out"


class AssignmentAct(enum.StrEnum):
    """What was done to an assignment."""

    MADE = "made"
    CHANGED = "changed"
    SWAPPED = "swapped"
    ENDED = "ended"
    CANCELLED = "cancelled"


class ChangeReason(enum.StrEnum):
    """Why an assignment was changed, ended or taken back: words of a list, so that nobody writes about a person."""

    PLAN_CHANGED = "plan_changed"
    DRIVER_ASKED = "driver_asked"
    DRIVER_ABSENT = "driver_absent"
    VEHICLE_NOT_AVAILABLE = "vehicle_not_available"
    HANDED_BACK = "handed_back"
    MISTAKE = "mistake"


class DayOutcome(enum.StrEnum):
    """What became of one day of a shift pattern."""

    MADE = "made"
    SKIPPED = "skipped"
    REFUSED = "refused"


class ShiftPattern(Base):
    """Shifts that come back each week: on these days, from `starts` to `ends` by the clock of the park.

    `weekdays` are numbers of ISO 8601, Monday is 1. An end that is not after the start is on the next day.
    """

    __tablename__ = "drivers_shift_patterns"
    __table_args__ = (
        sa.CheckConstraint("weekdays <@ '{1,2,3,4,5,6,7}' AND cardinality(weekdays) > 0", name="weekdays_known"),
        sa.CheckConstraint("last_day >= first_day", name="days_in_order"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), index=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"), index=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey(Driver.id), index=True)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(sa.SmallInteger))
    starts: Mapped[time] = mapped_column(sa.Time)
    ends: Mapped[time] = mapped_column(sa.Time)
    first_day: Mapped[date] = mapped_column(sa.Date)
    last_day: Mapped[date | None] = mapped_column(sa.Date)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_by_kind: Mapped[str] = mapped_column(sa.Text)
    created_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class Assignment(Base):
    """Who has which vehicle when. PostgreSQL refuses two at once, for the vehicle and for the driver.

    The one-number ranges stand in for `=`: exclusion on a bigint needs an extension, on a range it does not. Both are
    deferrable, so that two assignments can exchange their vehicles in one transaction.
    One that was taken back before it began keeps its row and has the empty range, which contains and overlaps nothing;
    when it was to be is in its history.
    """

    __tablename__ = "drivers_assignments"
    __table_args__ = (
        ExcludeConstraint(
            (sa.text("int8range(vehicle_id, vehicle_id, '[]')"), "&&"),
            ("during", "&&"),
            using="gist",
            deferrable=True,
            name="ex_drivers_assignments_vehicle",
        ),
        ExcludeConstraint(
            (sa.text("int8range(driver_id, driver_id, '[]')"), "&&"),
            ("during", "&&"),
            using="gist",
            deferrable=True,
            name="ex_drivers_assignments_driver",
        ),
        sa.CheckConstraint("isempty(during) = (cancelled_at IS NOT NULL)", name="empty_when_cancelled"),
        sa.UniqueConstraint("pattern_id", "pattern_day"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"), index=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey(Driver.id), index=True)
    kind: Mapped[AssignmentKind] = mapped_column(text_enum(AssignmentKind, "kind"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    pattern_id: Mapped[int | None] = mapped_column(sa.ForeignKey(ShiftPattern.id))
    pattern_day: Mapped[date | None] = mapped_column(sa.Date)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class AssignmentChange(Base):
    """One thing that was done to an assignment, and how it then was: `during` is what it had been for one that was
    cancelled. Append-only.
    """

    __tablename__ = "drivers_assignment_changes"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    assignment_id: Mapped[int] = mapped_column(sa.ForeignKey(Assignment.id), index=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    act: Mapped[AssignmentAct] = mapped_column(text_enum(AssignmentAct, "act"))
    reason: Mapped[ChangeReason | None] = mapped_column(text_enum(ChangeReason, "reason"))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"))
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey(Driver.id))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)


class ShiftDay(Base):
    """What became of one day of a pattern: a shift was made, the office skips it, or a shift could not be made.

    `problem` is the code of why not and `in_the_way_id` the assignment that was in the way, if one was.
    """

    __tablename__ = "drivers_shift_days"

    pattern_id: Mapped[int] = mapped_column(sa.ForeignKey(ShiftPattern.id), primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    outcome: Mapped[DayOutcome] = mapped_column(text_enum(DayOutcome, "outcome"))
    problem: Mapped[str | None] = mapped_column(sa.Text)
    in_the_way_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Assignment.id))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
