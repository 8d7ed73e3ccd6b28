"""A new driver with all that is known of them: what the office's verb and an application share."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver
from core.drivers.models.lives import Stage, StageReason
from core.drivers.queries.names import NAME, PHONE
from core.drivers.rules import licences
from core.drivers.schemas.profiles import Personal
from core.drivers.service.records import check_unique, flush_unique, write_step
from core.drivers.service.sealing import blind_licence, write_profile
from core.errors import Invalid
from core.permissions import Actor

OLDEST_YEAR = 1900


def add_driver(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    park_id: int,
    name: str,
    phone: str,
    personal: Personal,
    stage: Stage,
    reason: StageReason,
    user_id: int | None = None,
) -> int:
    """Write a person down who is not known yet; returns the id. Raises Invalid, and Conflict for one who is known."""
    check_personal(personal, at.date())
    phone_blind = vault.blind(field=PHONE, text=phone)
    licence_blind = None if personal.licence is None else blind_licence(personal.licence)
    check_unique(session, actor=actor, phone_blind=phone_blind, licence_blind=licence_blind)
    key_id = vault.make_key(session, at=at)
    driver = Driver(
        park_id=park_id,
        user_id=user_id,
        key_id=key_id,
        name_sealed=vault.seal_text(session, key_id=key_id, field=NAME, text=name.strip()),
        phone_sealed=vault.seal_text(session, key_id=key_id, field=PHONE, text=phone),
        phone_blind=phone_blind,
        stage=stage,
        stage_since=at,
        created_at=at,
    )
    session.add(driver)
    flush_unique(session)
    write_profile(session, driver=driver, known=msgspec.structs.asdict(personal), at=at)
    flush_unique(session)
    audit.record(session, actor=actor, at=at, action="drivers.driver_registered", subject=("driver", driver.id))
    outbox.publish(session, "drivers.driver_registered", at=at, driver_id=driver.id)
    write_step(session, actor=actor, at=at, driver=driver, to=stage, reason=reason, is_first=True)
    return driver.id


def check_personal(personal: Personal, today: date) -> None:
    """Raise Invalid for a licence or a day of birth that cannot be."""
    problems: dict[str, str] = {}
    if personal.birth_date is not None and not (
        personal.birth_date.year >= OLDEST_YEAR and personal.birth_date < today
    ):
        problems["birth_date"] = "Enter the day of birth."
    if personal.licence is not None:
        one = personal.licence
        found = licences.licence_problems(one.country, one.region, one.number, one.categories)
        problems |= {f"licence.{name}": text for name, text in found.items()}
    if problems:
        raise Invalid(f"Nothing was kept. {next(iter(problems.values()))}", fields=problems)
