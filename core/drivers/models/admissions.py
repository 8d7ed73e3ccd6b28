"""Tables of how parks take drivers in: what they ask for, and who is on the way."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Admission(Base):
    """What one park asks of its drivers, and the link by which people apply. A park without a row asks for nothing
    and takes no applications.

    `link` is public: whoever has it may apply while `is_open`; a new one makes the old one dead.
    """

    __tablename__ = "drivers_admissions"

    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), primary_key=True)
    required_kinds: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    least_age_years: Mapped[int] = mapped_column(sa.SmallInteger, server_default="18")
    link: Mapped[str] = mapped_column(sa.Text, unique=True)
    is_open: Mapped[bool] = mapped_column(server_default=sa.false())
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class Application(Base):
    """The private link of somebody who applied and has no account yet: where they hand in documents and read how it
    stands. Only its hash is kept.
    """

    __tablename__ = "drivers_applications"

    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(sa.Text, unique=True)
    applied_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
