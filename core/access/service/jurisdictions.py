"""The law as data: a change is a new version, and each park stands under one jurisdiction."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit
from core.access.models import Jurisdiction, ParkJurisdiction
from core.access.rules import JurisdictionRules
from core.access.rules.law import NewLaw, find_faults
from core.access.service.fairness import DEFAULT
from core.access.service.held import check_words
from core.db import Writer, take_transaction_lock
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Actor, needs
from core.vehicles.models import Park


@needs("access:configure")
def write_law(session: Writer, *, actor: Actor, at: datetime, code: str, law: NewLaw, based_on: int) -> int:
    """Write a new version of the rules of a jurisdiction; returns its number. `based_on` is the version that was read,
    0 for a jurisdiction that is new. Orders keep the version that they were given under.

    Raises Invalid, and Conflict when somebody else has written a version meanwhile, or nothing would change.
    """
    check_words("why", law.why)
    if faults := find_faults(law.rules):
        raise Invalid("No version was written.", fields=faults)
    take_transaction_lock(session, f"access:jurisdiction:{code}")
    newest = session.scalars(
        sa.select(Jurisdiction).where(Jurisdiction.code == code).order_by(Jurisdiction.version.desc()).limit(1)
    ).one_or_none()
    _check_base(newest, code, based_on)
    said = (law.rules, law.name, law.source)
    if newest is not None and said == (msgspec.convert(newest.rules, JurisdictionRules), newest.name, newest.source):
        raise Conflict("It says the same as the version before, so none was written.", code=code)
    version, rules = based_on + 1, msgspec.to_builtins(law.rules)
    session.add(
        Jurisdiction(
            code=code,
            version=version,
            name=law.name,
            source=law.source,
            rules=rules,
            written_by=actor.name,
            written_at=at,
            why=law.why.strip(),
        )
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.law_written",
        subject=("jurisdiction", code),
        version=version,
        rules=rules,
        why=law.why.strip(),
    )
    return version


@needs("access:configure")
def set_park_law(session: Writer, *, actor: Actor, at: datetime, park_id: int, code: str) -> None:
    """Let a park stand under a jurisdiction. What was ordered before keeps the law that it was ordered under.

    Raises NotFound when there is no such park or jurisdiction.
    """
    if session.get(Park, park_id) is None or not actor.sees_park(park_id):
        raise NotFound(f"There is no park {park_id}.")
    if not session.scalar(sa.select(sa.exists().where(Jurisdiction.code == code))):
        raise NotFound(f"There is no jurisdiction {code}. Write its rules first.")
    before = session.scalar(sa.select(ParkJurisdiction.code).where(ParkJurisdiction.park_id == park_id)) or DEFAULT
    if before == code:
        return
    stands = {"code": code, "set_by": actor.name, "set_at": at}
    new = insert(ParkJurisdiction).values(park_id=park_id, **stands)
    session.execute(new.on_conflict_do_update(index_elements=[ParkJurisdiction.park_id], set_=stands))
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.park_law_set",
        subject=("park", park_id),
        code=code,
        before=before,
    )


def _check_base(newest: Jurisdiction | None, code: str, based_on: int) -> None:
    version = 0 if newest is None else newest.version
    if version == based_on:
        return
    if newest is None:
        raise NotFound(f"There is no jurisdiction {code}.")
    if based_on == 0:
        raise Conflict(f"There is a jurisdiction {code} already. Write a new version of it instead.", code=code)
    raise Conflict(
        f"{newest.written_by} has written version {version} meanwhile. Read it, and write yours anew.", code=code
    )
