"""Tables of invitations and resets, and of the letters that carry them."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.identity.models.people import User


class TicketKind(enum.StrEnum):
    """What a ticket lets its holder do: take up an account, or set a new password."""

    INVITATION = "invitation"
    RESET = "reset"


class Ticket(Base):
    """A link that is good once and for some time; the database keeps only its hash."""

    __tablename__ = "identity_tickets"

    token_hash: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    kind: Mapped[TicketKind] = mapped_column(text_enum(TicketKind, "ticket_kind"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), index=True)
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class ResetRequest(Base):
    """Somebody asked for a new password at the sign-in page. A job looks whether there is such a person, so that the
    page answers the same, in the same time, for everybody.
    """

    __tablename__ = "identity_reset_requests"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(sa.Text)
    asked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Letter(Base):
    """An e-mail to be sent. Its text is sealed, because links in it are secrets, and dropped once it has left or is
    given up. `next_at` is when it is tried (again); None once it is settled.
    """

    __tablename__ = "identity_letters"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id), index=True)
    subject: Mapped[str] = mapped_column(sa.Text)
    sealed_text: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    next_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True), index=True)
    give_up_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    sent_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    problem: Mapped[str | None] = mapped_column(sa.Text)
