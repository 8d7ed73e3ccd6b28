"""The verbs by which parks take drivers in: what they ask for, and who applies."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.drivers.models.admissions import Admission, Application
from core.drivers.models.lives import Stage, StageReason
from core.drivers.rules.lives import compute_age
from core.drivers.schemas.documents import AdmissionRules
from core.drivers.schemas.profiles import NewApplication
from core.drivers.service.additions import add_driver
from core.drivers.service.records import find_today
from core.errors import Invalid, NotFound, check_version
from core.identity.passwords import hash_secret
from core.permissions import Actor, needs
from core.vehicles import queries as vehicles

# How long the private link of an applicant leads anywhere.
LINK_HOLDS = timedelta(days=90)
CLOSED = "This link does not lead to an application any more. Ask the park for the one it uses now."


@dataclass(frozen=True, slots=True)
class Applied:
    """Somebody applied. `secret` is what their private link ends in: it is told once, and only its hash is kept."""

    driver_id: int
    secret: str = field(repr=False)


@needs("drivers:configure")
def set_admission(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    park_id: int,
    rules: AdmissionRules,
    versions: Collection[int] | None = None,
) -> None:
    """Say what a park asks of its drivers, and whether its link takes applications. Every driver is judged anew."""
    admission = _lock_admission(session, actor=actor, park_id=park_id)
    check_version(admission.version, versions)
    kinds = [kind.value for kind in dict.fromkeys(rules.required_kinds)]
    admission.required_kinds, admission.least_age_years = kinds, rules.least_age_years
    admission.is_open = rules.is_open
    _record(session, "drivers.admission_changed", actor=actor, at=at, park_id=park_id, required_kinds=kinds)


@needs("drivers:configure")
def renew_application_link(session: Writer, *, actor: Actor, at: datetime, park_id: int) -> None:
    """Give a park another link: the old one, which may stand where it should not, leads nowhere from now on."""
    admission = _lock_admission(session, actor=actor, park_id=park_id)
    admission.link = _new_link()
    _record(session, "drivers.admission_changed", actor=actor, at=at, park_id=park_id, link="renewed")


@needs("drivers:apply")
def apply(session: Writer, *, actor: Actor, at: datetime, link: str, new: NewApplication) -> Applied:
    """Take an application that came by a park's link. Raises NotFound for a link that is closed, Invalid with the
    fields, Conflict for a person who is known.
    """
    admission = session.scalars(sa.select(Admission).where(Admission.link == link, Admission.is_open)).one_or_none()
    if admission is None:
        raise NotFound(CLOSED)
    born = new.personal.birth_date
    if born is None:
        raise Invalid("Not sent yet. Enter your day of birth.", fields={"birth_date": "Enter your day of birth."})
    if compute_age(born, find_today(session, admission.park_id, at)) < admission.least_age_years:
        told = f"Drivers of this park are {admission.least_age_years} or older."
        raise Invalid(f"Not sent. {told}", fields={"birth_date": told})
    driver_id = add_driver(
        session,
        actor=actor,
        at=at,
        park_id=admission.park_id,
        name=new.name,
        phone=new.phone,
        personal=new.personal,
        stage=Stage.APPLIED,
        reason=StageReason.APPLIED,
    )
    secret = secrets.token_urlsafe(24)
    session.add(
        Application(driver_id=driver_id, secret_hash=hash_secret(secret), applied_at=at, expires_at=at + LINK_HOLDS)
    )
    return Applied(driver_id, secret)


def _lock_admission(session: Writer, *, actor: Actor, park_id: int) -> Admission:
    parks = {park["id"] for park in vehicles.list_parks(session.connection(), viewer=actor)}
    if park_id not in parks:
        raise NotFound(f"There is no park {park_id}.")
    actor.require("drivers:configure", park_id=park_id)
    admission = session.get(Admission, park_id, with_for_update=True)
    if admission is None:
        admission = Admission(park_id=park_id, link=_new_link(), version=1)
        session.add(admission)
        session.flush()
    return admission


def _new_link() -> str:
    return secrets.token_urlsafe(9)


def _record(session: Writer, action: str, *, actor: Actor, at: datetime, park_id: int, **detail: object) -> None:
    session.flush()
    audit.record(session, actor=actor, at=at, action=action, subject=("park", park_id), **detail)
    outbox.publish(session, "drivers.admission_changed", at=at, park_id=park_id)
