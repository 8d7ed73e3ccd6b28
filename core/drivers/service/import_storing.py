"""Many drivers at once into the records, each sealed under a key of their own, in as many round trips as one takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver, Profile, ProfileChange, Stage, StageChange, StageReason
from core.drivers.service.import_judging import Judged
from core.drivers.service.import_known import SEALED, Blinds
from core.drivers.service.import_lines import DriverLine
from core.imports import Outcome
from core.permissions import Actor


def store_new(session: Writer, judged: Sequence[Judged], *, actor: Actor, at: datetime, source: str) -> dict[int, int]:
    """Add the new ones, who drive from now on; returns their ids by line."""
    new = [one for one in judged if one.verdict.outcome is Outcome.NEW]
    if not new:
        return {}
    keys = vault.make_keys(session, count=len(new), at=at)
    sealed = _seal_all(session, {key: one.said for key, one in zip(keys, new, strict=True)})
    write = session.connection().execute
    rows = [_row(one, key, sealed[key], at) for key, one in zip(keys, new, strict=True)]
    added = write(sa.insert(Driver).returning(Driver.key_id, Driver.id), rows)
    by_key = {row.key_id: row.id for row in added}
    profiles = [
        {"driver_id": by_key[key], **_profile(one.said, sealed[key], at)} for key, one in zip(keys, new, strict=True)
    ]
    write(sa.insert(Profile), profiles)
    ids = {one.number: by_key[key] for key, one in zip(keys, new, strict=True)}
    entries = [(("driver", id_), {"file": source, "line": number}) for number, id_ in ids.items()]
    audit.record_each(session, actor=actor, at=at, action="drivers.driver_registered", entries=entries)
    outbox.publish_each(session, "drivers.driver_registered", at=at, ids=[{"driver_id": id_} for id_ in ids.values()])
    _write_steps(session, ids, actor=actor, at=at)
    return ids


def store_changed(session: Writer, judged: Sequence[Judged], *, actor: Actor, at: datetime, source: str) -> None:
    """Write what is changed of those who are there, and which parts that were: not what stood there."""
    changed = [(one, one.known) for one in judged if one.verdict.outcome is Outcome.CHANGED and one.known is not None]
    if not changed:
        return
    sealed = _seal_all(session, {known.key_id: one.said for one, known in changed})
    write = session.connection().execute
    own = [{"of_id": known.id, **_own(one.said, sealed[known.key_id])} for one, known in changed]
    write(sa.update(Driver).where(Driver.id == sa.bindparam("of_id")), own)
    profiles = [{"driver_id": known.id, **_profile(one.said, sealed[known.key_id], at)} for one, known in changed]
    # Not everybody has a profile yet.
    kept = insert(Profile)
    names = [name for name in profiles[0] if name != "driver_id"]
    write(
        kept.on_conflict_do_update(index_elements=["driver_id"], set_={name: kept.excluded[name] for name in names}),
        profiles,
    )
    ids = {one.number: known.id for one, known in changed}
    parts = {one.number: sorted({_part(change.field) for change in one.verdict.changes}) for one, _ in changed}
    told = {"at": at, "actor_kind": actor.kind, "actor_id": actor.id}
    write(sa.insert(ProfileChange), [{"driver_id": ids[number], "fields": parts[number], **told} for number in ids])
    entries = [
        (("driver", id_), {"fields": parts[number], "file": source, "line": number}) for number, id_ in ids.items()
    ]
    audit.record_each(session, actor=actor, at=at, action="drivers.profile_changed", entries=entries)
    outbox.publish_each(session, "drivers.profile_changed", at=at, ids=[{"driver_id": id_} for id_ in ids.values()])


def _seal_all(session: Writer, said: Mapping[int, DriverLine]) -> dict[int, dict[str, bytes | None]]:
    """By key what each line says of who has it, sealed."""
    parts = [(key, name) for key in said for name in SEALED if getattr(said[key], name) is not None]
    texts = [(key, SEALED[name], str(getattr(said[key], name))) for key, name in parts]
    sealed: dict[int, dict[str, bytes | None]] = {key: dict.fromkeys(SEALED) for key in said}
    for (key, name), value in zip(parts, vault.seal_texts(session, texts), strict=True):
        sealed[key][name] = value
    return sealed


def _row(one: Judged, key: int, sealed: Mapping[str, bytes | None], at: datetime) -> dict[str, Any]:
    stage = {"stage": Stage.ACTIVE, "stage_since": at, "created_at": at}
    return {"park_id": one.park_id, "key_id": key, **_own(one.said, sealed), **stage}


def _own(said: DriverLine, sealed: Mapping[str, bytes | None]) -> dict[str, Any]:
    """What stands in the record of the driver itself; the rest is in the profile."""
    return {"name_sealed": sealed["name"], "phone_sealed": sealed["phone"], "phone_blind": Blinds.of(said).phone}


def _profile(said: DriverLine, sealed: Mapping[str, bytes | None], at: datetime) -> dict[str, Any]:
    return {
        "email_sealed": sealed["email"],
        "birth_date_sealed": sealed["birth_date"],
        "address_sealed": sealed["address"],
        "licence_number_sealed": sealed["licence_number"],
        "licence_blind": Blinds.of(said).licence,
        "licence_country": said.licence_country,
        "licence_region": said.licence_region,
        "licence_categories": list(said.licence_categories or ()),
        "licence_valid_until": said.licence_valid_until,
        "updated_at": at,
    }


def _part(field: str) -> str:
    """The part of a record that a column is in, by the name that changes are kept under."""
    return "licence" if field.startswith("licence_") else field


def _write_steps(session: Writer, ids: Mapping[int, int], *, actor: Actor, at: datetime) -> None:
    """That they are drivers from now on, and where they came from."""
    step = {
        "at": at,
        "from_stage": None,
        "to_stage": Stage.ACTIVE,
        "reason": StageReason.IMPORTED,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
    }
    steps = sa.insert(StageChange).returning(StageChange.driver_id, StageChange.id)
    rows = session.connection().execute(steps, [{"driver_id": id_, **step} for id_ in ids.values()]).all()
    detail = {"from_stage": None, "to_stage": Stage.ACTIVE, "reason": StageReason.IMPORTED}
    entries = [(("driver", row.driver_id), detail) for row in rows]
    audit.record_each(session, actor=actor, at=at, action="drivers.stage_changed", entries=entries)
    facts = [{"driver_id": row.driver_id, "change_id": row.id} for row in rows]
    outbox.publish_each(session, "drivers.stage_changed", at=at, ids=facts)
