"""Reads about links to accounts, and about letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity import passwords
from core.identity.models import Letter, Ticket, TicketKind, User
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class TicketHolder:
    """Whom a link is for."""

    name: str
    email: str


def find_ticket_holder(reader: Reader, *, at: datetime, token: str, kind: TicketKind) -> TicketHolder | None:
    """Whom a link is for, while it is good, or None. Looking does not use it up: mail servers look into letters."""
    row = reader.execute(
        sa.select(User.name, User.email)
        .join(Ticket, Ticket.user_id == User.id)
        .where(
            Ticket.token_hash == passwords.hash_secret(token),
            Ticket.kind == kind,
            Ticket.used_at.is_(None),
            Ticket.expires_at > at,
            User.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else TicketHolder(row.name, row.email)


def list_letters(reader: Reader, *, viewer: Actor, user_id: int) -> list[dict[str, Any]]:
    """The newest ten letters to a person, when they left or what was wrong. Needs identity:read."""
    viewer.require("identity:read")
    columns: tuple[Any, ...] = (
        Letter.id,
        Letter.subject,
        Letter.created_at,
        Letter.sent_at,
        Letter.next_at,
        Letter.attempts,
        Letter.problem,
    )
    query = sa.select(*columns).where(Letter.user_id == user_id).order_by(Letter.id.desc()).limit(10)
    return plain_rows(reader.execute(query))
