"""Every read about how parks take drivers in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import Driver, fields
from core.drivers.models.admissions import Admission, Application
from core.drivers.models.documents import Document, DocumentKind, DocumentState
from core.drivers.models.lives import Stage, StageChange, StageReason
from core.drivers.models.profiles import Profile
from core.drivers.queries.names import name_drivers
from core.drivers.rules import lives
from core.drivers.rules.documents import NAMES
from core.errors import NotFound
from core.identity.passwords import hash_secret
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park


@dataclass(frozen=True, slots=True)
class AdmissionRecord:
    """What a park asks of its drivers. Without `link` nobody has set that yet."""

    park_id: int
    park: str
    required_kinds: tuple[DocumentKind, ...]
    least_age_years: int
    link: str | None
    is_open: bool
    version: int | None


def list_admissions(reader: Reader, *, viewer: Actor) -> list[AdmissionRecord]:
    """What each park in reach asks for, by the name of the park. Needs drivers:configure."""
    viewer.require("drivers:configure")
    reach = in_reach(viewer, "drivers:configure", park_id=Park.id)
    return [_as_record(row) for row in reader.execute(_ADMISSIONS.where(reach))]


def get_open_admission(reader: Reader, *, viewer: Actor, link: str) -> AdmissionRecord:
    """The park that a public link leads to. Needs drivers:apply; NotFound for one that takes no applications."""
    viewer.require("drivers:apply")
    row = reader.execute(_ADMISSIONS.where(Admission.link == link, Admission.is_open)).one_or_none()
    if row is None:
        raise NotFound("This link does not lead to an application any more. Ask the park for the one it uses now.")
    return _as_record(row)


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    """Somebody's application, as their private link shows it to them. `words` are what the park wrote last."""

    driver_id: int
    name: str
    park: str
    time_zone: str
    stage: Stage
    since: datetime
    reason: StageReason
    words: str | None
    has_account: bool


def get_application(reader: Reader, *, viewer: Actor, at: datetime, secret: str) -> ApplicationRecord:
    """The application that a private link leads to. Needs drivers:apply; NotFound for a link that is none."""
    viewer.require("drivers:apply")
    row = reader.execute(
        sa.select(
            Driver.id,
            Park.name,
            Park.time_zone,
            Driver.stage,
            Driver.stage_since,
            StageChange.reason,
            StageChange.words_sealed,
            Driver.user_id.is_not(None),
        )
        .join(Application, Application.driver_id == Driver.id)
        .join(Park, Park.id == Driver.park_id)
        .join(StageChange, StageChange.driver_id == Driver.id)
        .where(Application.secret_hash == hash_secret(secret), Application.expires_at > at)
        .order_by(StageChange.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound("This link leads nowhere any more. Call your park: it knows how your application stands.")
    driver_id, park, zone, stage, since, reason, sealed, has_account = row
    words = vault.open_text(reader, sealed, field=fields.STAGE_WORDS)
    name = name_drivers(reader, [driver_id])[driver_id]
    return ApplicationRecord(driver_id, name, park, zone, stage, since, reason, words, has_account)


def list_obstacles(reader: Reader, *, viewer: Actor, driver_id: int, at: datetime) -> list[str]:
    """What is still in the way of becoming active, in words. Needs drivers:verify."""
    viewer.require("drivers:verify")
    reach = in_reach(viewer, "drivers:verify", park_id=Driver.park_id)
    row = reader.execute(
        sa.select(
            Park.time_zone,
            Admission.required_kinds,
            Admission.least_age_years,
            Profile.birth_date_sealed,
            Profile.licence_valid_until,
        )
        .select_from(Driver)
        .join(Park, Park.id == Driver.park_id)
        .outerjoin(Admission, Admission.park_id == Driver.park_id)
        .outerjoin(Profile, Profile.driver_id == Driver.id)
        .where(Driver.id == driver_id, reach)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no driver {driver_id}.")
    today = at.astimezone(ZoneInfo(row.time_zone)).date()
    born = vault.open_text(reader, row.birth_date_sealed, field=fields.BIRTH_DATE)
    candidate = lives.Candidate(
        required=frozenset(row.required_kinds or ()),
        accepted=_list_accepted(reader, driver_id, today),
        birth_date=date.fromisoformat(born) if born else None,
        least_age_years=row.least_age_years or 0,
        licence_valid_until=row.licence_valid_until,
        today=today,
    )
    return lives.list_obstacles(candidate, NAMES)


def _list_accepted(reader: Reader, driver_id: int, today: date) -> frozenset[str]:
    query = sa.select(Document.kind).where(
        Document.driver_id == driver_id,
        Document.state == DocumentState.ACCEPTED,
        Document.replaced_at.is_(None),
        sa.or_(Document.valid_until.is_(None), Document.valid_until >= today),
    )
    return frozenset(kind.value for kind in reader.execute(query).scalars())


_ADMISSIONS = (
    sa.select(
        Park.id,
        Park.name,
        Admission.required_kinds,
        Admission.least_age_years,
        Admission.link,
        Admission.is_open,
        Admission.version,
    )
    .outerjoin(Admission, Admission.park_id == Park.id)
    .order_by(Park.name)
)


def _as_record(row: sa.Row[*tuple[Any, ...]]) -> AdmissionRecord:
    return AdmissionRecord(
        park_id=row.id,
        park=row.name,
        required_kinds=tuple(DocumentKind(kind) for kind in row.required_kinds or ()),
        least_age_years=row.least_age_years or 18,
        link=row.link,
        is_open=bool(row.is_open),
        version=row.version,
    )
