"""What is told of an event, in the strict shape of its kind."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.events.models import RecordReason
from core.vehicles.schemas import RecordId

Moment = Annotated[datetime, Meta(tz=True)]
Minor = Annotated[int, Meta(ge=0, le=10**12, description="In minor units of the currency.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Reference = Annotated[str, Meta(min_length=1, max_length=60)]
Words = Annotated[
    str, Meta(max_length=2000, description="What else is to be said. Kept sealed under the key of the driver.")
]
Happened = Annotated[Moment, Meta(description="When it happened; its first moment when it is not known exactly.")]
VehicleRef = Annotated[RecordId, Meta(description="The vehicle it is about.")]
DriverRef = Annotated[
    RecordId | None, Meta(description="The driver, if you know; otherwise whoever had the vehicle then.")
]


class IncidentType(enum.StrEnum):
    """What an incident was."""

    COLLISION = "collision"
    DAMAGE = "damage"
    THEFT = "theft"
    VANDALISM = "vandalism"
    BREAKDOWN = "breakdown"
    FIRE = "fire"
    OTHER = "other"


class IncidentSeverity(enum.StrEnum):
    """How bad it was; it decides what follows for whoever answers for it."""

    MINOR = "minor"
    SERIOUS = "serious"
    SEVERE = "severe"


class FineOffence(enum.StrEnum):
    """What an authority fines."""

    SPEEDING = "speeding"
    PARKING = "parking"
    RED_LIGHT = "red_light"
    TOLL = "toll"
    LANE = "lane"
    PHONE = "phone"
    SEAT_BELT = "seat_belt"
    PAPERS = "papers"
    OTHER = "other"


class RepairWork(enum.StrEnum):
    """What was repaired."""

    ENGINE = "engine"
    BRAKES = "brakes"
    TYRES = "tyres"
    BODY = "body"
    ELECTRICS = "electrics"
    INTERIOR = "interior"
    SERVICE = "service"
    OTHER = "other"


class ViolationRule(enum.StrEnum):
    """Which rule of the park was broken."""

    LATE_RETURN = "late_return"
    NO_INSPECTION = "no_inspection"
    UNKNOWN_DRIVER = "unknown_driver"
    LEFT_AREA = "left_area"
    SMOKING = "smoking"
    DIRTY = "dirty"
    PHONE = "phone"
    OTHER = "other"


class NewIncident(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="incident"
):
    """An accident, damage, a theft. A file is opened for it."""

    vehicle_id: VehicleRef
    happened_at: Happened
    what: IncidentType
    severity: IncidentSeverity
    driver_id: DriverRef = None
    injured_count: Annotated[int, Meta(ge=0, le=1000)] = 0
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    words: Words = ""


class NewFine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="fine"):
    """A fine of an authority: its issuer and the number of its notice say which one it is."""

    vehicle_id: VehicleRef
    happened_at: Happened
    issuer: Annotated[str, Meta(min_length=1, max_length=120, description="The authority.")]
    number: Annotated[Reference, Meta(description="The number of the notice.")]
    offence: FineOffence
    amount_minor: Minor
    currency: Currency
    happened_until: Annotated[
        Moment | None, Meta(description="The moment lies before this, when only a day or a range is known.")
    ] = None
    driver_id: DriverRef = None
    due_on: Annotated[date | None, Meta(description="Until when it is to be paid.")] = None
    words: Words = ""


class NewRepair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="repair"):
    """A repair that was made."""

    vehicle_id: VehicleRef
    happened_at: Happened
    work: RepairWork
    reference: Annotated[Reference | None, Meta(description="The number of the invoice or work order.")] = None
    amount_minor: Minor | None = None
    currency: Currency | None = None
    odometer_m: Annotated[int, Meta(ge=0, le=10**10)] | None = None
    words: Words = ""


class NewViolation(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="violation"
):
    """A rule of the park that a driver broke: name the driver, or the vehicle they had."""

    happened_at: Happened
    rule: ViolationRule
    vehicle_id: Annotated[RecordId | None, Meta(description="The vehicle, if one is involved.")] = None
    driver_id: DriverRef = None
    amount_minor: Minor | None = None
    currency: Currency | None = None
    words: Words = ""


NewRecord = NewIncident | NewFine | NewRepair | NewViolation


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event really was: the whole of it anew, in the shape of its kind, and why."""

    reason: RecordReason
    record: NewRecord


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an event counts no more. It stays in the log."""

    reason: RecordReason
