"""Tables of the rules of jurisdictions, kept as data, and of which park stands under which."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Jurisdiction(Base):
    """One version of the rules of one jurisdiction. Append-only: a change is a new version.

    `rules` has the shape of core.access.schemas.JurisdictionRules.
    """

    __tablename__ = "access_jurisdictions"

    code: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)
    source: Mapped[str] = mapped_column(sa.Text)
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB)
    written_by: Mapped[str] = mapped_column(sa.Text)
    written_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    why: Mapped[str] = mapped_column(sa.Text)


class ParkJurisdiction(Base):
    """Under which jurisdiction a park stands. A park without a row stands under `default`."""

    __tablename__ = "access_park_jurisdictions"

    park_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicles_parks.id"), primary_key=True)
    code: Mapped[str] = mapped_column(sa.Text)
    set_by: Mapped[str] = mapped_column(sa.Text)
    set_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
