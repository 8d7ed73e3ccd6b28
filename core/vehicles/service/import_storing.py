"""Many vehicles at once into the registry, in as many statements as one would take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from core import audit, outbox
from core.db import Writer
from core.imports import Outcome
from core.permissions import Actor
from core.vehicles.models import Tracker, UnknownDevice, Vehicle, VehicleClass, VehicleStatus, VehicleStatusChange
from core.vehicles.service.import_judging import CHANGEABLE, Judged

_REASON = "Imported"


def store_new(session: Writer, judged: Sequence[Judged], *, actor: Actor, at: datetime, source: str) -> dict[int, int]:
    """Register the new ones; returns their ids by line."""
    new = [one for one in judged if one.verdict.outcome is Outcome.NEW]
    if not new:
        return {}
    write = session.connection().execute
    added = write(sa.insert(Vehicle).returning(Vehicle.vin, Vehicle.id), [_row(one, at) for one in new])
    by_vin = {row.vin: row.id for row in added}
    ids = {one.said.number: by_vin[one.said.vin] for one in new}
    begun = {"at": at, "actor_name": actor.name, "reason": _REASON}
    history = [{"vehicle_id": ids[one.said.number], "status": _first_status(one), **begun} for one in new]
    write(sa.insert(VehicleStatusChange), history)
    _fit(session, {ids[one.said.number]: one.said.device_uid for one in new if one.said.device_uid})
    entries = [(("vehicle", ids[one.said.number]), {"vin": one.said.vin, **_from(one, source)}) for one in new]
    audit.record_each(session, actor=actor, at=at, action="vehicles.vehicle_registered", entries=entries)
    facts = [{"vehicle_id": id_} for id_ in ids.values()]
    outbox.publish_each(session, "vehicles.vehicle_registered", at=at, ids=facts)
    return ids


_CHANGE = sa.text("""
    UPDATE vehicles_vehicles AS kept
    SET plate = said.plate, name = said.name, make = said.make, model = said.model, year = said.year,
        powertrain = said.powertrain, vehicle_class = said.vehicle_class
    FROM jsonb_to_recordset(:rows) AS said (
        id bigint, plate text, name text, make text, model text, year smallint, powertrain text, vehicle_class text)
    WHERE kept.id = said.id
""").bindparams(sa.bindparam("rows", type_=JSONB))


def store_changed(session: Writer, judged: Sequence[Judged], *, actor: Actor, at: datetime, source: str) -> None:
    """Write what is changed of those that are there."""
    changed = [(one, one.known) for one in judged if one.verdict.outcome is Outcome.CHANGED and one.known is not None]
    if not changed:
        return
    rows = [
        {"id": known.id} | {field: _later(getattr(one.said, field), getattr(known, field)) for field in CHANGEABLE}
        for one, known in changed
    ]
    session.execute(_CHANGE, {"rows": rows})
    fitted = {known.id: one.said.device_uid for one, known in changed if known.device_uid is None}
    _fit(session, {id_: uid for id_, uid in fitted.items() if uid is not None})
    entries = [
        (("vehicle", known.id), {"changes": [change._asdict() for change in one.verdict.changes], **_from(one, source)})
        for one, known in changed
    ]
    audit.record_each(session, actor=actor, at=at, action="vehicles.vehicle_changed", entries=entries)
    facts = [{"vehicle_id": known.id} for _, known in changed]
    outbox.publish_each(session, "vehicles.vehicle_changed", at=at, ids=facts)


def _row(one: Judged, at: datetime) -> dict[str, object]:
    said = one.said
    return {
        "park_id": one.park_id,
        "vin": said.vin,
        "plate": said.plate,
        "name": said.name or said.plate or said.vin,
        "make": said.make,
        "model": said.model,
        "year": said.year,
        "powertrain": said.powertrain,
        "vehicle_class": said.vehicle_class or VehicleClass.CAR,
        "status": _first_status(one),
        "created_at": at,
    }


def _first_status(one: Judged) -> VehicleStatus:
    return one.said.status or VehicleStatus.ONBOARDING


def _later(said: object, kept: object) -> object:
    return kept if said is None else said


def _fit(session: Writer, devices: dict[int, str]) -> None:
    """Put trackers into vehicles that have none; one that waited to be claimed waits no longer."""
    if not devices:
        return
    rows = [{"vehicle_id": id_, "device_uid": uid} for id_, uid in devices.items()]
    session.connection().execute(sa.insert(Tracker), rows)
    waiting = UnknownDevice.device_uid.in_(list(devices.values()))
    session.execute(sa.delete(UnknownDevice).where(waiting).execution_options(synchronize_session=False))


def _from(one: Judged, source: str) -> dict[str, object]:
    """Where it came from, for the audit."""
    return {"file": source, "line": one.said.number}
