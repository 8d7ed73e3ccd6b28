"""Tables of the documents that drivers hand in."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum


class DocumentKind(enum.StrEnum):
    """What a document proves."""

    LICENCE = "licence"
    INSURANCE = "insurance"
    IDENTITY = "identity"
    WORK_PERMIT = "work_permit"
    BACKGROUND_CHECK = "background_check"
    MEDICAL = "medical"
    TAXI_PERMIT = "permit"
    OTHER = "other"


class DocumentState(enum.StrEnum):
    """How far a document has come. A draft is being photographed; nobody but its driver sees it."""

    DRAFT = "draft"
    HANDED_IN = "handed_in"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class RefusalReason(enum.StrEnum):
    """Why a document was not accepted."""

    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    WRONG_DOCUMENT = "wrong_document"
    WRONG_PERSON = "wrong_person"
    EXPIRED = "expired"
    DATA_DIFFER = "data_differ"
    NOT_ORIGINAL = "not_original"
    OTHER = "other"


class Document(Base):
    """One document as it was handed in. It is never overwritten: a newer one puts `replaced_at` on it.

    Of each kind but `other` a driver has at most one draft, one that waits and one that is accepted at a time.
    `valid_until` is its last day. `title_sealed` says what an `other` one is, `words_sealed` why it was refused.
    """

    __tablename__ = "drivers_documents"
    __table_args__ = (
        sa.Index(
            "uq_drivers_documents_current",
            "driver_id",
            "kind",
            "state",
            unique=True,
            postgresql_where=sa.text("replaced_at IS NULL AND state <> 'refused' AND kind <> 'other'"),
        ),
        sa.Index("ix_drivers_documents_driver", "driver_id", "id"),
        sa.Index(
            "ix_drivers_documents_waiting",
            "handed_in_at",
            postgresql_where=sa.text("state = 'handed_in' AND replaced_at IS NULL"),
        ),
        sa.Index(
            "ix_drivers_documents_expiry",
            "valid_until",
            postgresql_where=sa.text("state = 'accepted' AND replaced_at IS NULL"),
        ),
        sa.CheckConstraint("(state IN ('accepted', 'refused')) = (decided_at IS NOT NULL)", name="decided"),
        sa.CheckConstraint("(state = 'refused') = (refusal_reason IS NOT NULL)", name="refused_with_reason"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    kind: Mapped[DocumentKind] = mapped_column(text_enum(DocumentKind, "kind"))
    state: Mapped[DocumentState] = mapped_column(text_enum(DocumentState, "state"))
    title_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    valid_until: Mapped[date | None] = mapped_column(sa.Date)
    begun_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    handed_in_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    handed_in_by_kind: Mapped[str] = mapped_column(sa.Text)
    handed_in_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    decided_by_kind: Mapped[str | None] = mapped_column(sa.Text)
    decided_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    refusal_reason: Mapped[RefusalReason | None] = mapped_column(text_enum(RefusalReason, "refusal_reason"))
    words_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    replaced_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class DocumentPage(Base):
    """One picture or PDF of a document, in its place. `upload_key` names one upload, so that a repeated one is one."""

    __tablename__ = "drivers_document_pages"
    __table_args__ = (
        sa.UniqueConstraint("document_id", "position"),
        sa.UniqueConstraint("document_id", "upload_key"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey(Document.id))
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    file_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("files_files.id"), unique=True)
    upload_key: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
