"""Ratings as they were computed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class DriverRating(Base):
    """The rating of a driver on a day of their park, with all it was computed from. Append-only.

    One that is computed anew the same day, as an appeal was granted or a late event came, is the next `revision`.
    """

    __tablename__ = "ratings_ratings"
    __table_args__ = (sa.UniqueConstraint("driver_id", "day", "revision"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    day: Mapped[date] = mapped_column(sa.Date)
    revision: Mapped[int] = mapped_column(sa.Integer)
    value: Mapped[float] = mapped_column(sa.Double)
    trips: Mapped[int] = mapped_column(sa.Integer)
    rules_version: Mapped[int] = mapped_column(sa.Integer)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    computed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
