"""Tables of what is kept on file about a vehicle: its documents, with their pages, and its photos."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, text_enum
from core.vehicles.models.registry import Vehicle


class DocumentKind(enum.StrEnum):
    """What a document of a vehicle is (VEH-2)."""

    REGISTRATION = "registration"
    INSURANCE = "insurance"
    INSPECTION = "inspection"
    PERMIT = "permit"
    OWNERSHIP = "ownership"
    OTHER = "other"


class VehicleDocument(Base):
    """A document of a vehicle. The newest of a kind that was not withdrawn is the one that counts; the others stay."""

    __tablename__ = "vehicles_documents"
    __table_args__ = (
        sa.CheckConstraint("valid_until >= valid_from", name="validity_in_order"),
        sa.Index("ix_vehicles_documents_current", "vehicle_id", "kind", sa.text("id DESC")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey(Vehicle.id))
    kind: Mapped[DocumentKind] = mapped_column(text_enum(DocumentKind, "kind"))
    number: Mapped[str | None] = mapped_column(sa.Text)
    issuer: Mapped[str | None] = mapped_column(sa.Text)
    valid_from: Mapped[date | None] = mapped_column(sa.Date)
    valid_until: Mapped[date | None] = mapped_column(sa.Date)
    added_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(sa.Text)
    withdrawn_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    withdrawn_by: Mapped[str | None] = mapped_column(sa.Text)
    withdrawn_why: Mapped[str | None] = mapped_column(sa.Text)


class DocumentPage(Base):
    """A page of a document: a photo of it, or a PDF."""

    __tablename__ = "vehicles_document_pages"

    document_id: Mapped[int] = mapped_column(sa.ForeignKey(VehicleDocument.id), primary_key=True)
    number: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    file_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("files_files.id"), unique=True)


class VehiclePhoto(Base):
    """A photo of a vehicle. They are shown by `position`; the first is the one by which the vehicle is known."""

    __tablename__ = "vehicles_photos"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey(Vehicle.id), index=True)
    file_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("files_files.id"), unique=True)
    position: Mapped[int] = mapped_column(sa.Integer)
    added_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(sa.Text)
    removed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    removed_by: Mapped[str | None] = mapped_column(sa.Text)
