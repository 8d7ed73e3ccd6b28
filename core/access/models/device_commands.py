"""Table of what a worker wants said to a device over the session that another process holds."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Problem(enum.StrEnum):
    """Why a device answered nothing. By all but UNANSWERED and LOST it was told nothing.

    not_connected: it has no connection. busy: it owes another an answer. cannot_command: its protocol has no commands,
    or not this one. too_late: its time was over before it could be said. withdrawn: nobody had taken it, and now
    nobody may. unanswered: said, and no answer came. lost: taken by one who broke before it could tell.
    """

    NOT_CONNECTED = "not_connected"
    BUSY = "busy"
    CANNOT_COMMAND = "cannot_command"
    TOO_LATE = "too_late"
    WITHDRAWN = "withdrawn"
    UNANSWERED = "unanswered"
    LOST = "lost"


class DeviceCommand(Base):
    """One text to say to one device, at most once and never after `deadline`.

    Taken by the process that says it before it is said: taken without an answer means that nobody knows; not taken by
    the deadline means that it never left. It is over with `answered_at`: an `answer`, or a `problem` (see Problem).
    """

    __tablename__ = "access_device_commands"
    __table_args__ = (
        sa.Index("ix_access_device_commands_waiting", "deadline", postgresql_where=sa.text("taken_at IS NULL")),
        sa.Index("ix_access_device_commands_job", "job_id", "attempt"),
    )

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid())
    job_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    attempt: Mapped[int | None] = mapped_column(sa.SmallInteger)
    device_uid: Mapped[str] = mapped_column(sa.Text)
    text: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    deadline: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    taken_by: Mapped[str | None] = mapped_column(sa.Text)
    taken_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    answer: Mapped[str | None] = mapped_column(sa.Text)
    problem: Mapped[str | None] = mapped_column(sa.Text)
