"""Things that want a person, made as those below would make them."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import outbox, vault
from core.access import service as access
from core.access.models import ImmobilizationJob, JobState, OrderKind, Reason
from core.access.schemas import DocumentFact, DocumentState
from core.config import StandingThresholds
from core.db import Database, Writer
from core.drivers.models import Assignment, Driver
from core.drivers.models.handovers import Damage, Handover, HandoverKind
from core.events.models import Detection
from core.events.models.disputes import Dispute
from core.events.models.incidents import Incident
from core.events.models.records import LoggedEvent
from core.inbox import queries, service
from core.inbox.queries import ItemQuery, ItemRecord
from core.inbox.rules.claims import ClosedWhy
from core.telemetry.models import states
from core.vehicles import service as vehicles
from core.vehicles.models import UnknownDevice
from core.vehicles.schemas import DocumentKind, NewDocument, Upload
from tasks import inbox
from tests.conftest import ROOT

ZONE = ZoneInfo("America/Los_Angeles")


def day_at(day: date, hour: int = 12) -> datetime:
    """An hour of a day by the clock of the parks."""
    return datetime.combine(day, time(hour), ZONE)


def note_document(
    database: Database, *, at: datetime, last_day: date, key: str = "licence", driver_id: int = 1
) -> None:
    """A document of a driver holds until the end of that day."""
    until = datetime.combine(last_day + timedelta(days=1), time(), ZONE)
    fact = DocumentFact(as_of=at, state=DocumentState.HELD, valid_until=until)
    with database.transaction() as session:
        access.note_driver_fact(
            session,
            actor=ROOT,
            at=at,
            driver_id=driver_id,
            key=key,
            fact=fact,
            thresholds=StandingThresholds(),
        )


def log_event(database: Database, *, at: datetime, kind: str = "fine", match: str = "nobody") -> int:
    """An event of the first vehicle is in the log; an incident has its file, reported."""
    with database.transaction() as session:
        event = LoggedEvent(
            park_id=1,
            kind=kind,
            vehicle_id=1,
            happened_at=at,
            driver_id=1 if match == "matched" else None,
            match_state=match,
            recorded_at=at,
            changed_at=at,
        )
        session.add(event)
        session.flush()
        if kind == "incident":
            session.add(Incident(event_id=event.id, key_id=vault.make_key(session, at=at), state="reported"))
        return event.id


def dispute(database: Database, event_id: int, *, at: datetime, due_at: datetime) -> None:
    """The driver says that an event is not so."""
    with database.transaction() as session:
        session.add(
            Dispute(
                event_id=event_id,
                driver_id=1,
                ground="not_so",
                words_sealed=b"",
                state="open",
                opened_at=at,
                opened_by_kind="user",
                due_at=due_at,
            )
        )


def settle_events(database: Database, *, at: datetime) -> None:
    """Whatever waits in the log is seen to."""
    with database.transaction() as session:
        session.execute(sa.update(LoggedEvent).values(match_state="decided", driver_id=1))
        session.execute(sa.update(Incident).values(state="under_review"))
        session.execute(sa.update(Dispute).values(state="taken_back", ended_at=at))


def add_vehicle_document(database: Database, *, at: datetime, last_day: date, vehicle_id: int = 1) -> None:
    """The insurance of a vehicle holds through that day."""
    new = NewDocument(kind=DocumentKind.INSURANCE, valid_until=last_day)
    page = Upload(name="page.png", content=b"\x89PNG\r\n\x1a\n" + bytes(9))
    with database.transaction() as session:
        vehicles.add_document(session, actor=ROOT, at=at, vehicle_id=vehicle_id, new=new, pages=[page])


def set_stage(database: Database, stage: str, *, driver_id: int = 1) -> None:
    """A driver has come so far."""
    with database.transaction() as session:
        session.execute(sa.update(Driver).where(Driver.id == driver_id).values(stage=stage))


def damage(
    database: Database,
    severity: str,
    *,
    at: datetime,
    kind: HandoverKind = HandoverKind.TAKING,
    vehicle_id: int = 1,
    is_signed: bool = True,
) -> None:
    """Damage was found at a handover of a vehicle."""
    with database.transaction() as session:
        assignment_id = session.scalar(sa.select(Assignment.id).where(Assignment.vehicle_id == vehicle_id))
        handover = Handover(
            assignment_id=assignment_id,
            kind=kind,
            vehicle_id=vehicle_id,
            driver_id=1,
            key_id=vault.make_key(session, at=at),
            begun_at=at,
            begun_by_kind="user",
        )
        session.add(handover)
        session.flush()
        mark = {"x": 1, "y": 1, "kind": "dent", "severity": severity}
        session.add(Damage(vehicle_id=vehicle_id, handover_id=handover.id, found_at=at, **mark))
        session.flush()
        if is_signed:
            handover.signed_at, handover.content_hash = at, bytes(32)


def mend_all(database: Database, *, at: datetime) -> None:
    """All damage is mended."""
    with database.transaction() as session:
        session.execute(sa.update(Damage).values(mended_at=at, mended_by_id=1))


def detect(
    database: Database, *, at: datetime, kind: str = "towing", vehicle_id: int = 1, subject: str = ""
) -> uuid.UUID:
    """Something is detected about a vehicle."""
    made = uuid.uuid4()
    with database.transaction() as session:
        session.add(
            Detection(
                vehicle_id=vehicle_id,
                id=made,
                kind=kind,
                subject=subject,
                started_at=at,
                detail={},
                detected_at=at,
                changed_at=at,
            )
        )
    return made


def take_back(database: Database, detection_id: uuid.UUID, *, at: datetime) -> None:
    """A late report shows that it was not so."""
    with database.transaction() as session:
        session.execute(sa.update(Detection).where(Detection.id == detection_id).values(withdrawn_at=at))


def hear(database: Database, *, at: datetime, vehicle_id: int = 1) -> None:
    """The tracker of a vehicle last reported at that moment."""
    with database.transaction() as session:
        session.execute(sa.delete(states).where(states.c.vehicle_id == vehicle_id))
        session.execute(sa.insert(states).values(vehicle_id=vehicle_id, ts=at, received_at=at))


def set_status(database: Database, status: str, *, vehicle_id: int = 1) -> None:
    """A vehicle has a status."""
    with database.transaction() as session:
        session.execute(
            sa.text("UPDATE vehicles_vehicles SET status = :status WHERE id = :id"),
            {"status": status, "id": vehicle_id},
        )


def order(
    database: Database, *, at: datetime, state: JobState, vehicle_id: int = 1, is_break_glass: bool = False
) -> uuid.UUID:
    """An order to a vehicle that has come so far."""
    with database.transaction() as session:
        job = ImmobilizationJob(
            vehicle_id=vehicle_id,
            kind=OrderKind.IMMOBILIZE if is_break_glass else OrderKind.RELEASE,
            method="vialon_relay",
            reason=Reason.THEFT if is_break_glass else Reason.RELEASED,
            ordered_by_kind="user",
            ordered_by_id=1,
            ordered_by="Admin",
            ordered_at=at,
            state=state,
            expires_at=at + timedelta(hours=1),
            is_break_glass=is_break_glass,
            review_due_at=at + timedelta(hours=24) if is_break_glass else None,
            finished_at=None if state.is_open else at,
        )
        session.add(job)
        session.flush()
        return job.id


def report_device(database: Database, *, at: datetime, count: int = 3, device_uid: str = "359000000000009") -> None:
    """A device that nobody knows has reported so often."""
    with database.transaction() as session:
        session.add(
            UnknownDevice(
                device_uid=device_uid, source="teltonika", first_seen_at=at, last_seen_at=at, seen_count=count
            )
        )


def close(session: Writer, item_id: int, *, at: datetime) -> None:
    """Somebody closes an item as done."""
    handled = service.close_items(session, actor=ROOT, at=at, item_ids=[item_id], why=ClosedWhy.DONE)
    assert handled.done == [item_id]


def sweep(database: Database, *, at: datetime) -> int:
    """The inbox follows everything; what it publishes has room on whatever day that is."""
    with database.transaction() as session:
        outbox.make_storage(session, at=at)
    return inbox.sweep(database, at=at)


def items(database: Database, **asked: object) -> list[ItemRecord]:
    """The items as who sees everything sees them."""
    with database.reading() as reader:
        return queries.list_items(reader, viewer=ROOT, query=ItemQuery(**asked))  # type: ignore[arg-type]


def the_item(database: Database, kind: str) -> ItemRecord:
    """The one item of a kind, whatever has become of it."""
    found = [one for view in ("open", "snoozed", "closed") for one in items(database, view=view, kinds=[kind])]
    assert len(found) == 1, found
    return found[0]
