"""A fleet in which every free text was written by an enemy of whoever reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import vault
from core.access import service as access
from core.access.models import Reason
from core.access.schemas import HoldStatus, ImmobilizationOrder, IncidentFact, NewHold, Severity
from core.config import AccessTiming, StandingThresholds
from core.db import Database
from core.drivers.models import Driver
from core.drivers.queries.names import NAME, PHONE
from core.events import service as events
from core.events.schemas import NewCircle, NewGeofence
from core.identity import service as identity
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from core.vehicles import service as vehicles
from core.vehicles.models import VehicleStatus
from tests.conftest import ROOT
from tests.core.telemetry.test_ingest import DEVICES
from tests.orders import PLENTY
from tests.portals.history import keep_detection

MARK = "pwned"
HOSTILE = f"""=<script>{MARK}()</script>"'><img src=x onerror={MARK}()>{{{{7*7}}}}<a href=javascript:{MARK}()>"""

ENEMY = replace(ROOT, name=HOSTILE)

# Table, column, and a cast that keeps each row's text apart from the others'.
TEXTS = (
    *(("vehicles_parks", "name"), ("vehicles_vehicles", "name"), ("vehicles_vehicles", "make")),
    *(("vehicles_vehicles", "model"), ("vehicles_vehicles", "plate")),
    *(("drivers_assignments", "created_by"), ("identity_users", "name")),
    *(("identity_user_roles", "granted_by"), ("identity_api_clients", "name"), ("events_geofences", "name")),
    *(("events_geofences", "created_by"), ("events_geofences", "no_lock"), ("access_jobs", "note")),
    *(("access_jobs", "ordered_by"), ("access_jobs", "waiting_for"), ("health_beats", "words")),
    ("telemetry_states", "driver_key"),
)


def plant(database: Database, at: datetime) -> None:
    """Fill the fleet of the tests with records of every kind, and write HOSTILE into all that is free text."""
    with database.transaction() as session:
        _make_records(session, at)
    keep_detection(database, 1, "harsh_braking", at - timedelta(minutes=5), subject=HOSTILE, lat=37.7, lon=-122.4)
    with database.transaction() as session:
        for table, column in TEXTS:
            text = sa.text(f"UPDATE {table} SET {column} = :hostile || substr(md5(ctid::text), 1, 4)")
            session.execute(text, {"hostile": HOSTILE})
        for driver in session.scalars(sa.select(Driver)):
            driver.name_sealed = vault.seal_text(
                session, key_id=driver.key_id, field=NAME, text=f"{HOSTILE}{driver.id}"
            )
            driver.phone_sealed = vault.seal_text(session, key_id=driver.key_id, field=PHONE, text=HOSTILE)


def _make_records(session: sa.orm.Session, at: datetime) -> None:
    circle = NewCircle(lat=37.77, lon=-122.41, radius_m=500)
    new = NewGeofence(name="Depot", park_id=1, circle=circle)
    events.add_geofence(session, actor=ENEMY, at=at, new=new)
    identity.create_client(session, actor=ENEMY, at=at, name=HOSTILE, scopes=["vehicles:read"])
    point = Point(ts=at, lat=37.77, lon=-122.41, speed_kmh=0, driver_key=HOSTILE)
    readings = [Reading(index=0, vehicle_id=1, point=point)]
    telemetry.ingest(session, actor=DEVICES, at=at, source="test", readings=readings)
    job = access.immobilize(
        session,
        actor=ENEMY,
        at=at,
        vehicle_id=1,
        order=ImmobilizationOrder(reason=Reason.THEFT),
        timing=AccessTiming(),
        limits=PLENTY,
    )
    vehicles.change_status(session, actor=ENEMY, at=at, vehicle_id=1, status=VehicleStatus.RENTED, reason=HOSTILE)
    hold = NewHold(status=HoldStatus.LOCKED_OUT, why=HOSTILE)
    enemy = replace(ENEMY, kind="user")
    access.hold_driver(session, actor=enemy, at=at, driver_id=1, new=hold, thresholds=StandingThresholds())
    fact = IncidentFact(as_of=at, severity=Severity.MINOR, at=at)
    access.note_driver_fact(
        session, actor=ENEMY, at=at, driver_id=1, key="i1", fact=fact, thresholds=StandingThresholds()
    )
    hostile = {"hostile": HOSTILE, "json": json.dumps({HOSTILE: HOSTILE}), "at": at, "job": job}
    for statement in (
        "INSERT INTO telemetry_refusals (received_at, source, vehicle_id, device_uid, rule, detail, raw)"
        " VALUES (:at, :hostile, 1, :hostile, :hostile, :hostile, :hostile)",
        "INSERT INTO vehicles_unknown_devices (device_uid, source, first_seen_at, last_seen_at, address)"
        " VALUES (:hostile, :hostile, :at, :at, :hostile)",
        "INSERT INTO access_attempts (job_id, number, started_at, ttl_s, answered_at, outcome, answer)"
        " VALUES (:job, 1, :at, 4, :at, 'unknown', :hostile)",
        "INSERT INTO telemetry_mileage_readings (vehicle_id, read_at, odometer_m, reason, recorded_by, recorded_at)"
        " VALUES (1, :at, 1000, :hostile, :hostile, :at)",
        "INSERT INTO health_beats (process, at, lag_ms, words) VALUES ('worker', :at, 1, :hostile)",
        "INSERT INTO audit_entries (at, actor_kind, actor_name, action, subject_kind, subject_id, detail)"
        " VALUES (:at, 'user', :hostile, :hostile, :hostile, :hostile, CAST(:json AS jsonb))",
    ):
        session.execute(sa.text(statement), hostile)
