"""Every read about who a driver is: the record, and what is known of the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import AccessStatus, Assignment, Driver, fields
from core.drivers.models.lives import Stage
from core.drivers.models.profiles import Profile
from core.drivers.queries.names import PHONE, name_drivers
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park


@dataclass(frozen=True, slots=True)
class DriverRecord:
    """A driver as the office and the API see them, without what is personal beyond name and phone."""

    id: int
    park_id: int
    park: str
    time_zone: str
    user_id: int | None
    name: str
    phone: str | None
    stage: Stage
    stage_since: datetime
    access_status: AccessStatus
    access_words: str | None
    vehicle_id: int | None
    licence_country: str | None
    licence_region: str | None
    licence_categories: tuple[str, ...]
    licence_valid_until: date | None
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class PersonalRecord:
    """What is known of a person. Who reads it is written down by who shows it."""

    driver_id: int
    name: str
    phone: str | None
    email: str | None
    birth_date: date | None
    address: str | None
    emergency_name: str | None
    emergency_phone: str | None
    licence_number: str | None
    licence_country: str | None
    licence_region: str | None
    licence_categories: tuple[str, ...]
    licence_valid_until: date | None


def get_driver(reader: Reader, *, viewer: Actor, driver_id: int, at: datetime) -> DriverRecord:
    """One driver, with the vehicle they have at `at`. Needs drivers:read; NotFound out of sight."""
    viewer.require("drivers:read")
    found = _read(reader, _records(at).where(Driver.id == driver_id, _is_readable(viewer)))
    if not found:
        raise NotFound(f"There is no driver {driver_id}.")
    return found[0]


def get_version(reader: Reader, *, driver_id: int) -> int:
    """The version of a record that was just written, for whoever wrote it."""
    return reader.execute(sa.select(Driver.version).where(Driver.id == driver_id)).scalar_one()


def list_records(
    reader: Reader,
    *,
    viewer: Actor,
    at: datetime,
    after_id: int = 0,
    most: int = 100,
    park_id: int | None = None,
    stage: Stage | None = None,
    status: AccessStatus | None = None,
) -> list[DriverRecord]:
    """Drivers in sight by id, after `after_id`. Needs drivers:read."""
    viewer.require("drivers:read")
    query = _records(at).where(Driver.id > after_id, _is_readable(viewer))
    if park_id is not None:
        query = query.where(Driver.park_id == park_id)
    if stage is not None:
        query = query.where(Driver.stage == stage)
    if status is not None:
        query = query.where(Driver.access_status == status)
    return _read(reader, query.order_by(Driver.id).limit(most))


def get_personal(reader: Reader, *, viewer: Actor, driver_id: int) -> PersonalRecord:
    """What is known of a person. Needs drivers:read_documents; NotFound out of sight. Write down who looked."""
    viewer.require("drivers:read_documents")
    reach = in_reach(viewer, "drivers:read_documents", park_id=Driver.park_id)
    return _open(reader, sa.and_(Driver.id == driver_id, reach), driver_id)


def get_own_personal(reader: Reader, *, viewer: Actor, driver_id: int) -> PersonalRecord:
    """What is known of oneself. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    return _open(reader, sa.and_(Driver.id == driver_id, Driver.user_id == viewer.id), driver_id)


def get_own_zone(reader: Reader, *, viewer: Actor, driver_id: int) -> str:
    """The time zone of one's own park. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    query = sa.select(Park.time_zone).join(Driver, Driver.park_id == Park.id)
    return reader.execute(query.where(Driver.id == driver_id, Driver.user_id == viewer.id)).scalar_one()


def _records(at: datetime) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Driver.id,
            Driver.park_id,
            Park.name.label("park"),
            Park.time_zone,
            Driver.user_id,
            Driver.phone_sealed,
            Driver.stage,
            Driver.stage_since,
            Driver.access_status,
            Driver.access_words,
            Assignment.vehicle_id,
            Profile.licence_country,
            Profile.licence_region,
            Profile.licence_categories,
            Profile.licence_valid_until,
            Driver.created_at,
            Driver.version,
        )
        .join(Park, Park.id == Driver.park_id)
        .outerjoin(Profile, Profile.driver_id == Driver.id)
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
    )


def _read(reader: Reader, query: sa.Select[*tuple[Any, ...]]) -> list[DriverRecord]:
    rows = reader.execute(query).all()
    names = name_drivers(reader, [row.id for row in rows])
    phones = vault.open_texts(reader, [row.phone_sealed for row in rows], field=PHONE)
    found = []
    for row, phone in zip(rows, phones, strict=True):
        plain = dict(row._mapping)
        del plain["phone_sealed"]
        plain["licence_categories"] = tuple(row.licence_categories or ())
        found.append(DriverRecord(**plain, name=names[row.id], phone=phone))
    return found


# The sealed columns, and what each was sealed for.
_SEALED: tuple[tuple[Any, str], ...] = (
    (Driver.phone_sealed, PHONE),
    (Profile.email_sealed, fields.EMAIL),
    (Profile.birth_date_sealed, fields.BIRTH_DATE),
    (Profile.address_sealed, fields.ADDRESS),
    (Profile.emergency_name_sealed, fields.EMERGENCY_NAME),
    (Profile.emergency_phone_sealed, fields.EMERGENCY_PHONE),
    (Profile.licence_number_sealed, fields.LICENCE_NUMBER),
)


def _open(reader: Reader, about: sa.ColumnElement[bool], driver_id: int) -> PersonalRecord:
    row = reader.execute(
        sa.select(
            *(column for column, _ in _SEALED),
            Profile.licence_country,
            Profile.licence_region,
            Profile.licence_categories,
            Profile.licence_valid_until,
        )
        .select_from(Driver)
        .outerjoin(Profile, Profile.driver_id == Driver.id)
        .where(about)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no driver {driver_id}.")
    phone, email, born, address, contact, contact_phone, number = (
        vault.open_text(reader, row[index], field=field) for index, (_, field) in enumerate(_SEALED)
    )
    return PersonalRecord(
        driver_id=driver_id,
        name=name_drivers(reader, [driver_id])[driver_id],
        phone=phone,
        email=email,
        birth_date=date.fromisoformat(born) if born else None,
        address=address,
        emergency_name=contact,
        emergency_phone=contact_phone,
        licence_number=number,
        licence_country=row.licence_country,
        licence_region=row.licence_region,
        licence_categories=tuple(row.licence_categories or ()),
        licence_valid_until=row.licence_valid_until,
    )


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "drivers:read", park_id=Driver.park_id)
