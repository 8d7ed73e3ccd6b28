"""Drivers who are there, as far as lines of files speak of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core import vault
from core.db import Reader
from core.drivers.models import Driver, Profile, Stage, fields
from core.drivers.queries.names import NAME, PHONE
from core.drivers.service.import_lines import DriverLine, licence_key_of

# What is sealed of a driver, by the name it has in a line, and the field it is sealed for.
SEALED = {
    "name": NAME,
    "phone": PHONE,
    "email": fields.EMAIL,
    "birth_date": fields.BIRTH_DATE,
    "address": fields.ADDRESS,
    "licence_number": fields.LICENCE_NUMBER,
}


@dataclass(frozen=True, slots=True)
class Known:
    """A driver who is there, as far as lines speak of them."""

    id: int
    park_id: int
    key_id: int
    stage: Stage
    phone_blind: bytes | None
    licence_blind: bytes | None
    said: DriverLine


@dataclass(frozen=True, slots=True)
class Blinds:
    """The keyed hashes by which a line finds who it means: of the phone number and of the licence."""

    phone: bytes | None
    licence: bytes | None

    @classmethod
    def of(cls, said: DriverLine) -> Blinds:
        """Those of one line; None of what it does not say."""
        key = licence_key_of(said)
        return cls(
            None if said.phone is None else vault.blind(field=PHONE, text=said.phone),
            None if key is None else vault.blind(field=fields.LICENCE, text=key),
        )


_KNOWN = (
    sa.select(
        Driver.id,
        Driver.park_id,
        Driver.key_id,
        Driver.stage,
        Driver.phone_blind,
        Profile.licence_blind,
        Driver.name_sealed,
        Driver.phone_sealed,
        Profile.email_sealed,
        Profile.birth_date_sealed,
        Profile.address_sealed,
        Profile.licence_number_sealed,
        Profile.licence_country,
        Profile.licence_region,
        Profile.licence_categories,
        Profile.licence_valid_until,
    )
    .outerjoin(Profile, Profile.driver_id == Driver.id)
    .order_by(Driver.id)
)


def list_known(reader: Reader, blinds: Collection[Blinds], *, locked: bool) -> list[Known]:
    """Every driver who has a phone number or a licence of these lines, opened."""
    wanted = sa.union(
        sa.select(Driver.id).where(Driver.phone_blind == _any(one.phone for one in blinds)),
        sa.select(Profile.driver_id).where(Profile.licence_blind == _any(one.licence for one in blinds)),
    )
    query = _KNOWN.where(Driver.id.in_(wanted))
    rows = reader.execute(query.with_for_update(of=Driver) if locked else query).all()
    opened = {
        name: vault.open_texts(reader, [getattr(row, f"{name}_sealed") for row in rows], field=field)
        for name, field in SEALED.items()
    }
    return [_known(row, {name: texts[place] for name, texts in opened.items()}) for place, row in enumerate(rows)]


def _known(row: Any, opened: Mapping[str, str | None]) -> Known:
    born = opened["birth_date"]
    had = DriverLine(
        number=0,
        name=opened["name"],
        phone=opened["phone"],
        email=opened["email"],
        birth_date=None if born is None else date.fromisoformat(born),
        address=opened["address"],
        licence_number=opened["licence_number"],
        licence_country=row.licence_country,
        licence_region=row.licence_region,
        licence_categories=tuple(row.licence_categories) if row.licence_categories else None,
        licence_valid_until=row.licence_valid_until,
    )
    return Known(row.id, row.park_id, row.key_id, row.stage, row.phone_blind, row.licence_blind, had)


def _any(values: Iterable[bytes | None]) -> sa.ColumnElement[bytes]:
    return sa.func.any(sa.literal([value for value in values if value], ARRAY(sa.LargeBinary)))
