"""The shapes of documents and of what parks ask for."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from core.drivers.models.documents import DocumentKind, RefusalReason
from core.drivers.schemas.profiles import Words


class NewPage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or PDF to be added to the draft of a kind. One that is sent again under its `upload_key` is one."""

    kind: DocumentKind
    upload_key: uuid.UUID
    name: str
    content: bytes


class HandIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft is ready to be looked at. `title` says what one of kind `other` is."""

    title: Annotated[str, Meta(max_length=120)] = ""
    valid_until: Annotated[date | None, Meta(description="Its last day, as far as who hands it in knows.")] = None


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document is accepted. `valid_until` is its last day; null for a kind that does not run out."""

    valid_until: date | None = None


class DocumentRefusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document is not accepted. The driver reads reason and words."""

    reason: RefusalReason
    words: Words = ""


class AdmissionRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a park asks of its drivers, and whether people may apply by its link."""

    required_kinds: tuple[DocumentKind, ...] = ()
    least_age_years: Annotated[int, Meta(ge=16, le=30)] = 18
    is_open: bool = False
