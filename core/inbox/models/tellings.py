"""Tables of the letters that items ask for."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.inbox.models.items import Item
from core.inbox.rules.reminders import Audience


class Telling(Base):
    """That some are to be written to about an item, once for each occasion of a round, however often a job runs.

    `due_at` is when it is written, at the earliest; `settled_at` when that was done or was needed no more, and
    `letters` how many then left.
    """

    __tablename__ = "inbox_tellings"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "round", "occasion", "audience"),
        sa.Index("ix_inbox_tellings_due", "due_at", postgresql_where=sa.text("settled_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey(Item.id))
    round: Mapped[int] = mapped_column(sa.Integer)
    occasion: Mapped[str] = mapped_column(sa.Text)
    audience: Mapped[Audience] = mapped_column(text_enum(Audience, "audience"))
    due_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    letters: Mapped[int | None] = mapped_column(sa.Integer)
