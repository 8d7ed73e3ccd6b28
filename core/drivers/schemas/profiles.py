"""The shapes of who a driver is."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.drivers.models.lives import Stage, StageReason

Name = Annotated[str, Meta(min_length=2, max_length=120)]
Phone = Annotated[str, Meta(pattern=r"^\+[0-9]{7,15}$", description="In international form: +14155550100.")]
Email = Annotated[str, Meta(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]
Words = Annotated[str, Meta(max_length=1000)]


class Licence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A driving licence. `categories` are the classes as they stand on it; `valid_until` is its last day."""

    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1, such as US.")]
    region: Annotated[
        Annotated[str, Meta(pattern="^[A-Z]{2,3}$")] | None,
        Meta(description="The state or province, where those issue licences: CA. Null elsewhere."),
    ] = None
    number: Annotated[str, Meta(min_length=3, max_length=40)]
    categories: Annotated[tuple[Annotated[str, Meta(max_length=8)], ...], Meta(min_length=1, max_length=20)]
    valid_until: date | None = None


class EmergencyContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is called when something happens to the driver."""

    name: Name
    phone: Phone


class Personal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the person beyond name and phone; all of it may be left out."""

    email: Email | None = None
    birth_date: date | None = None
    address: Annotated[str, Meta(min_length=5, max_length=400)] | None = None
    emergency_contact: EmergencyContact | None = None
    licence: Licence | None = None


class DriverChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a driver's record. What is left out stays; null takes out what may be missing."""

    name: Name | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    birth_date: date | UnsetType | None = UNSET
    address: Annotated[str, Meta(min_length=5, max_length=400)] | UnsetType | None = UNSET
    emergency_contact: EmergencyContact | UnsetType | None = UNSET
    licence: Licence | UnsetType | None = UNSET


class StageStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next step in somebody's life as a driver. `words` are kept sealed; the person reads them."""

    stage: Stage
    reason: StageReason
    words: Words = ""


class NewApplication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody tells who applies by a park's link."""

    name: Name
    phone: Phone
    personal: Personal = Personal()
