"""Reads about the law: the jurisdictions with all their versions, and which park stands under which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from core.access.models import Jurisdiction, ParkJurisdiction
from core.access.rules import JurisdictionRules
from core.db import Reader
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles import queries as vehicles
from core.vehicles.models import Park, Vehicle

DEFAULT = "default"
_LAW = Jurisdiction.__table__.c


@dataclass(frozen=True, slots=True)
class LawRecord:
    """One version of the rules of a jurisdiction."""

    code: str
    version: int
    name: str
    source: str
    rules: JurisdictionRules
    written_by: str
    written_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class ParkLaw:
    """Under which jurisdiction a park stands, and who said so; nobody: it is what stands where nothing else is set."""

    park_id: int
    park: str
    code: str
    set_by: str | None
    set_at: datetime | None


def list_jurisdictions(reader: Reader, *, viewer: Actor) -> list[LawRecord]:
    """The newest version of each jurisdiction, by code. Needs access:configure."""
    viewer.require("access:configure")
    query = sa.select(*_LAW).ext(distinct_on(_LAW.code)).order_by(_LAW.code, _LAW.version.desc())
    return [_record(row) for row in reader.execute(query)]


def get_jurisdiction(reader: Reader, *, viewer: Actor, code: str) -> list[LawRecord]:
    """Every version of a jurisdiction, the newest first. Needs access:configure. Raises NotFound."""
    viewer.require("access:configure")
    found = [
        _record(row) for row in reader.execute(sa.select(*_LAW).where(_LAW.code == code).order_by(_LAW.version.desc()))
    ]
    if not found:
        raise NotFound(f"There is no jurisdiction {code}.")
    return found


def list_parks_law(reader: Reader, *, viewer: Actor) -> list[ParkLaw]:
    """Under which jurisdiction each park stands, by name. Needs access:configure."""
    viewer.require("access:configure")
    query = (
        sa.select(
            Park.id,
            Park.name,
            sa.func.coalesce(ParkJurisdiction.code, DEFAULT),
            ParkJurisdiction.set_by,
            ParkJurisdiction.set_at,
        )
        .outerjoin(ParkJurisdiction, ParkJurisdiction.park_id == Park.id)
        .where(in_reach(viewer, "access:configure", park_id=Park.id))
        .order_by(Park.name, Park.id)
    )
    return [ParkLaw(*row) for row in reader.execute(query)]


def get_vehicle_law(reader: Reader, *, viewer: Actor, vehicle_id: int) -> LawRecord:
    """The rules that an order to that vehicle would stand under now: those of its park. Needs access:read."""
    vehicles.check_sight(reader, viewer=viewer, permission="access:read", vehicle_id=vehicle_id)
    code = (
        sa.select(ParkJurisdiction.code)
        .join(Vehicle, Vehicle.park_id == ParkJurisdiction.park_id)
        .where(Vehicle.id == vehicle_id)
        .scalar_subquery()
    )
    newest = sa.select(*_LAW).where(_LAW.code == sa.func.coalesce(code, DEFAULT)).order_by(_LAW.version.desc())
    return _record(reader.execute(newest.limit(1)).one())


def _record(row: sa.Row[tuple[object, ...]]) -> LawRecord:
    plain = row._asdict()
    return LawRecord(**(plain | {"rules": msgspec.convert(plain["rules"], JurisdictionRules)}))
