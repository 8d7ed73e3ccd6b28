"""The shape of a document of a vehicle."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from core.vehicles.models import DocumentKind

Words = Annotated[str, Meta(min_length=1, max_length=120)]
# What each kind is called.
DOCUMENT_KINDS: dict[str, str] = {
    DocumentKind.REGISTRATION: "Registration",
    DocumentKind.INSURANCE: "Insurance",
    DocumentKind.INSPECTION: "Technical inspection",
    DocumentKind.PERMIT: "Permit",
    DocumentKind.OWNERSHIP: "Proof of ownership or lease",
    DocumentKind.OTHER: "Other",
}


class NewDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of a vehicle. It is good through `valid_until`; without that it has no end."""

    kind: DocumentKind
    number: Words | None = None
    issuer: Words | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was handed in."""

    name: str
    content: bytes
