"""Tables of groups: names by which the vehicles of a park are taken together."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.vehicles.models.registry import Park, Vehicle


class VehicleGroup(Base):
    """A group of a park, by its name; how it is written there first is how it is written."""

    __tablename__ = "vehicles_groups"
    __table_args__ = (sa.Index("uq_vehicles_groups_name", "park_id", sa.text("lower(name)"), unique=True),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    park_id: Mapped[int] = mapped_column(sa.ForeignKey(Park.id))
    name: Mapped[str] = mapped_column(sa.Text)
    made_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class GroupMember(Base):
    """A vehicle in a group. It may be in several."""

    __tablename__ = "vehicles_group_members"

    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey(Vehicle.id), primary_key=True)
    group_id: Mapped[int] = mapped_column(sa.ForeignKey(VehicleGroup.id), primary_key=True, index=True)
