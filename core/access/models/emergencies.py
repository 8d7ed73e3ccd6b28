"""Table of the codes by which a driver starts a locked vehicle in an emergency, without the office."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.access.models.jobs import ImmobilizationJob
from core.db import Base


class EmergencyCode(Base):
    """One code of one driver, good once. The database keeps only its hash; it is shown once, when it is made.

    `lock_job_id` is the lock it opened, `release_job_id` the release it ordered; until `free_until` no lock for debt
    or contract may be ordered for that driver.
    """

    __tablename__ = "access_emergency_codes"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), index=True)
    code_hash: Mapped[str] = mapped_column(sa.Text, unique=True)
    made_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    made_by: Mapped[str] = mapped_column(sa.Text)
    withdrawn_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    lock_job_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(ImmobilizationJob.id), index=True)
    release_job_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(ImmobilizationJob.id))
    free_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
