"""Tables of files."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.vault import VaultKey


class FileState(enum.StrEnum):
    """What is known of a file. One that waits, or that was found to be infected, is handed to nobody."""

    WAITING = "waiting"
    CLEAN = "clean"
    NOT_SCANNED = "not_scanned"
    INFECTED = "infected"


class File(Base):
    """One file. Its name and content are sealed under the key of the person or vehicle that it is about.

    Never changed; a better one is another file. `content_blind` is a keyed hash, by which the same content is found
    again. Who may see it is for the subsystem to say whose row names it.
    """

    __tablename__ = "files_files"

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid())
    key_id: Mapped[int] = mapped_column(sa.ForeignKey(VaultKey.id), index=True)
    purpose: Mapped[str] = mapped_column(sa.Text)
    media_type: Mapped[str] = mapped_column(sa.Text)
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    name_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    content_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    content_blind: Mapped[bytes] = mapped_column(sa.LargeBinary)
    state: Mapped[FileState] = mapped_column(text_enum(FileState, "state"))
    finding: Mapped[str | None] = mapped_column(sa.Text)
    kept_by_kind: Mapped[str] = mapped_column(sa.Text)
    kept_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    kept_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    __table_args__ = (
        sa.Index("ix_files_files_waiting", "kept_at", postgresql_where=sa.text("state = 'waiting'")),
        sa.CheckConstraint("size_bytes > 0", name="not_empty"),
    )
