"""Tables of investors' holdings."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Holding(Base):
    """A share of a vehicle, in millionths of the whole, so that thirds add up to what was sold."""

    __tablename__ = "investors_holdings"
    __table_args__ = (sa.CheckConstraint("share_ppm BETWEEN 1 AND 1000000", name="share_range"),)

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("identity_users.id"), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_vehicles.id"), primary_key=True, index=True)
    share_ppm: Mapped[int] = mapped_column(sa.Integer)
    since: Mapped[date] = mapped_column(sa.Date)
