"""Who has which vehicle when."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.drivers.models.people import Driver


class AssignmentKind(enum.StrEnum):
    """On what terms a driver has a vehicle (DRV-4)."""

    SHIFT = "shift"
    RENTAL = "rental"
    BUY_OUT = "buy_out"


class Assignment(Base):
    """Who has which vehicle when. PostgreSQL refuses two at once, for the vehicle and for the driver.

    The one-number ranges stand in for `=`: exclusion on a bigint needs an extension, on a range it does not.
    """

    __tablename__ = "drivers_assignments"
    __table_args__ = (
        ExcludeConstraint(
            (sa.text("int8range(vehicle_id, vehicle_id, '[]')"), "&&"),
            ("during", "&&"),
            using="gist",
            name="ex_drivers_assignments_vehicle",
        ),
        ExcludeConstraint(
            (sa.text("int8range(driver_id, driver_id, '[]')"), "&&"),
            ("during", "&&"),
            using="gist",
            name="ex_drivers_assignments_driver",
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"), index=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey(Driver.id), index=True)
    kind: Mapped[AssignmentKind] = mapped_column(text_enum(AssignmentKind, "kind"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
