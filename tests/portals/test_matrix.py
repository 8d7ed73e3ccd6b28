"""Every route, asked by everybody: what is answered is what the policy says.

The expectation is worked out here from the two tables alone, `POLICY` and `PERMISSIONS`, not by the code that enforces
them; the records of two parks show that what belongs to the other one is not there.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.access import service as access
from core.access.models import Reason
from core.access.schemas import ImmobilizationOrder, ToldDebt
from core.config import AccessTiming, Config
from core.db import Database, Writer
from core.drivers import queries as driver_records
from core.drivers import service as drivers
from core.drivers.models import AssignmentKind
from core.drivers.schemas import (
    DamageKind,
    DamageSeverity,
    HandIn,
    HandoverKind,
    NewDamage,
    NewDriver,
    NewShiftPattern,
)
from core.events import service as events
from core.events.queries import get_event
from core.events.schemas import CostKind, DisputeGround, EventSource, NewCircle, NewCost, NewGeofence, NewIncident
from core.identity import service as identity
from core.identity.models import Passkey, SavedView, User, UserGrant
from core.identity.tokens import Holder
from core.inbox.models import Item
from core.inbox.rules.claims import ItemState
from core.permissions import GRANTABLE, PERMISSIONS, Actor, system
from core.ratings.models import Appeal, AppealState
from core.ratings.schemas import AppealKind
from core.vehicles import service as vehicles
from core.vehicles.models import DocumentPage, RelayGateway
from core.vehicles.schemas import NewDocument, NewField, NewTracker, Upload
from core.webhooks import service as webhooks
from core.webhooks.gateway import Address
from core.webhooks.rules.catalog import public_id
from core.webhooks.schemas import NewEndpoint
from infra.bench.fuzz_api import without_limits
from portals.doors import ErpApp
from portals.policy import POLICY, PORTALS, Rule, Way
from tests.conftest import ROOT, Fleet
from tests.core.drivers.papers import new_page
from tests.core.events.log_world import PNG
from tests.orders import PLENTY

SIGN_IN, NOBODY, NOT_THERE, MAY_NOT, LET_IN = "302 to sign in", "401", "404", "403", "let in"
PEOPLE = ("admin", "park_admin", "operator", "dispatcher", "staff", "driver", "investor")
# Beside the people of the fleet: an administrator and park staff who see only the first park.
FURTHER = {"park_admin": "admin", "staff": "staff"}
# The app that acts for the operator has some of the operator's rights.
APP_SCOPES = frozenset({"vehicles:read", "access:immobilize"})

PAGE = Upload(name="page.png", content=b"\x89PNG\r\n\x1a\n" + bytes(9))
# A websocket needs a server: who is let in is told by tests/portals/test_live.py.
SOCKETS = {"live.live"}
# What they look for is not there: a device that the form would have named, an authenticator app, a contact address,
# a way to sign in elsewhere, a link that was sent, a session of somebody who has none.
LOOK_FOR_NOTHING = {
    "operator.show_handover_file",
    "driver.show_handover_file",
    "driver.remove_handover_damage",
    "operator.mend_damage",
    "operator.remove_handover_damage",
    "admin.claim_device",
    "admin.end_user_session",
    # An item is there for those alone who may see what it is about.
    "api_v1.get_inbox_item",
    "api_v1.acknowledge_inbox_item",
    "account.remove_totp",
    "security.show_contact",
    "transparency.show_checkpoint",
    "transparency.show_consistency",
    "auth.begin_external",
    "auth.finish_external",
    "auth.confirm_external",
    "account.unlink_external_login",
    "auth.show_invitation",
    "auth.accept_invitation",
    "auth.show_reset",
    "auth.reset_password",
    "apply.show_form",
}
# What is done last, since it ends a session or takes a record away.
LAST = (
    "operator.withdraw_document",
    "operator.remove_photo",
    "operator.take_out_tracker",
    "api_v1.withdraw_vehicle_document",
    "api_v1.remove_vehicle_photo",
    "api_v1.take_out_tracker",
    "api_v1.close_vehicle_field",
    "api_v1.close_geofence",
    "api_v1.cancel_assignment",
    "api_v1.cancel_immobilization",
    "api_v1.end_shift_pattern",
    "api_v1.remove_webhook_endpoint",
    "admin.remove_webhook",
    "admin.take_grant",
    "account.remove_passkey",
)
LAST_OF_ALL = "auth.sign_out"
# What is asked with, where an address alone asks for nothing or names the record beside it.
VEHICLE = {"vehicle_id": "{vehicle_id}"}
STATUS = {"status": "available", "status_reason": "Ready"}
THEFT = {"reason": "theft"}
NOTE = {"note": "Seen in the harbour"}
RANGE = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T06:00:00Z"}
QUERIES: dict[str, dict[str, str]] = {
    "admin.new_immobilization": VEHICLE,
    "admin.confirm_immobilization": VEHICLE | THEFT,
    "admin.choose_vehicle": {"device_uid": "waiting", "source": "http"} | VEHICLE,
    "operator.track_file": {"file": "track.gpx"},
    "api_v1.get_track": RANGE,
    "api_v1.get_track_csv": RANGE,
    "api_v1.get_track_gpx": RANGE,
    "api_v1.list_trips": RANGE,
    "api_v1.get_trips_csv": RANGE,
    "api_v1.list_stops": RANGE,
    "api_v1.get_stops_csv": RANGE,
    "api_v1.list_periods": RANGE | {"width": "1h"},
    "api_v1.get_periods_csv": RANGE | {"width": "1h"},
}
FORMS: dict[str, dict[str, str]] = {
    "operator.note_driver_fact": {"rating.key": "own", "rating.value": "4.9", "rating.trips": "30"},
    "operator.withdraw_driver_fact": {"kind": "rating", "key": "own"},
    "operator.hold_driver": {"status": "suspended", "why": "Complaint."},
    "operator.lift_hold": {"review": "Looked into."},
    "operator.change_driver": {"name": "Theirs", "phone": "+14155550177", "version": "1"},
    "operator.give_account": {},
    "admin.erase_driver": {"why": "asked", "driver_id": "1"},
    "operator.step_driver": {"stage": "left", "reason": "resigned"},
    "operator.add_page": {},
    "operator.remove_page": {},
    "operator.hand_in": {},
    "operator.accept_document": {"valid_until": "2030-01-31"},
    "operator.refuse_document": {"reason": "expired"},
    "operator.set_admission": {"least_age_years": "21"},
    "operator.renew_link": {},
    "driver.add_page": {},
    "driver.remove_page": {},
    "driver.hand_in": {},
    "operator.change_status": STATUS,
    "operator.decide_appeal": {"decision": "refused", "reason": "We looked at it again."},
    "driver.give_feedback": {"driver_id": "1", "score": "4"},
    "driver.withdraw_feedback": {},
    "driver.hand_in_appeal": {"against": "document:licence", "words": "It is valid and readable."},
    "driver.withdraw_appeal": {},
    "operator.handle_inbox_item": {"item": "{item_id}", "act": "acknowledge"},
    "admin.handle_inbox_item": {"item": "{item_id}", "act": "acknowledge"},
    "operator.remove_vehicles_view": {},
    "operator.change_vehicle_data": {"name": "Car 1", "model": "Accord", "vehicle_class": "car"},
    "operator.add_document": {},
    "operator.add_photos": {},
    "operator.withdraw_document": {"why": "Of another vehicle"},
    "operator.put_photo_first": {},
    "operator.change_groups": {"into": "Night"},
    "operator.fill_fields": {},
    "operator.remove_photo": {},
    "operator.pair_tracker": {"tracker.device_uid": "860000000000009"},
    "operator.take_out_tracker": {},
    "operator.finish_onboarding": {"anyway": "Papers are at the notary"},
    "operator.record_mileage": {"odometer_km": "80123", "read_for": "Inspection"},
    "operator.immobilize": THEFT | NOTE,
    "operator.cancel_immobilization": {"job_id": "{job_id}"},
    "operator.approve_immobilization": {"job_id": "{job_id}"},
    "operator.decline_immobilization": {"job_id": "{job_id}", "note": "The driver has paid"},
    "operator.note_call": {"job_id": "{job_id}", "words": "Spoke to her"},
    "admin.note_call": {"words": "Spoke to her"},
    "admin.approve_immobilization": {},
    "admin.hold_locks": {"why": "A trial of the alarm"},
    "admin.lift_brake": {"kind": "hold", "why": "The trial is over"},
    "operator.hold_locks": {"why": "A trial of the alarm"},
    "operator.export_locks": {},
    "admin.export_locks": {},
    "admin.decline_immobilization": {"note": "The driver has paid"},
    "admin.review_immobilization": {"finding": "justified", "note": "It was stolen"},
    "operator.release": {},
    "operator.assign_vehicle": VEHICLE | {"kind": "rental"},
    "operator.end_assignment": {},
    "operator.begin_handover": {"kind": "taking"},
    "operator.add_handover_photo": {"view": "front"},
    "operator.note_handover_readings": {"fuel_pct": "50"},
    "operator.mark_handover_damage": {"place": "roof", "kind": "dent", "severity": "minor"},
    "operator.remove_handover_damage": {},
    "operator.sign_handover": {"content_hash": "0" * 64},
    "driver.begin_handover": {"kind": "taking"},
    "driver.add_handover_photo": {"view": "front"},
    "driver.note_handover_readings": {"fuel_pct": "50"},
    "driver.mark_handover_damage": {"place": "roof", "kind": "dent", "severity": "minor"},
    "driver.remove_handover_damage": {},
    "driver.sign_handover": {"content_hash": "0" * 64},
    "operator.reopen_handover": {},
    "operator.mend_damage": {},
    "operator.change_planned": VEHICLE | {"driver_id": "1", "starts_at": "2199-01-01T08:00"},
    "operator.cancel_planned": {"reason": "mistake"},
    "operator.return_planned": {},
    "operator.swap_planned": {"second_id": "1"},
    "operator.end_weekly": {},
    "operator.skip_weekly": {"day": "2199-12-24"},
    "operator.make_codes": {},
    "operator.rename_geofence": {"name": "Yard"},
    "operator.correct_record": {},
    "operator.withdraw_record": {"reason": "duplicate"},
    "operator.decide_record_driver": {},
    "operator.dispute_record": {"ground": "other", "words": "Not so"},
    "operator.review_record_dispute": {},
    "operator.decide_record_dispute": {"effect": "charge_stands", "reasons": "It was so"},
    "operator.move_incident": {"to": "under_review"},
    "operator.add_incident_photos": {},
    "operator.add_incident_cost": {"cost": "repair", "cost_amount": "5", "cost_currency": "USD"},
    "operator.strike_incident_cost": {},
    "operator.set_incident_shares": {},
    "operator.add_incident_party": {"name": "Zoe"},
    "operator.set_incident_references": {"police_number": "7"},
    "driver.dispute_own_event": {"ground": "other", "words": "Not so"},
    "driver.take_back_dispute": {},
    "operator.change_no_lock": {"no_lock": "hospital"},
    "operator.close_geofence": {},
    "admin.cancel_immobilization": {},
    "admin.release_immobilization": {},
    "admin.immobilize": VEHICLE | THEFT | NOTE,
    "admin.change_jurisdiction": {},
    "admin.claim_device": VEHICLE | {"source": "http", "tracker.device_uid": "waiting"},
    "account.end_session": {},
    "account.rename_passkey": {"name": "Phone"},
    "account.remove_passkey": {},
    "account.withdraw_app": {},
    "admin.change_user": {"name": "Theirs", "roles.staff": "1"},
    "admin.invite_user_again": {},
    "admin.send_reset": {},
    "admin.close_user": {},
    "admin.reopen_user": {},
    "admin.end_user_session": {},
    "admin.end_user_sessions": {},
    "admin.give_grant": {"permission": "vehicles:read"},
    "admin.take_grant": {},
    "admin.change_webhook": {"url": "https://example.test/hook"},
    "admin.ping_webhook": {},
    "admin.disable_webhook": {},
    "admin.enable_webhook": {},
    "admin.remove_webhook": {},
    "admin.rotate_webhook_secret": {},
    "admin.replay_webhook": {},
    "admin.replay_webhook_message": {},
    "admin.reset_factors": {"reason": "Lost the phone"},
    "admin.change_client": {"name": "Theirs"},
    "admin.rotate_client_secret": {},
    "admin.close_client": {},
    "admin.reopen_client": {},
}
NOW = datetime.now(UTC).isoformat()
CRASH = {"kind": "incident", "vehicle_id": 1, "happened_at": NOW, "what": "damage", "severity": "minor"}
BODIES: dict[str, dict[str, Any]] = {
    "api_v1.note_debt": {
        "owed_minor": 0,
        "currency": "USD",
        "plan": "weekly",
        "overdue_since": None,
        "as_of": "2026-11-20T00:00:00Z",
    },
    "api_v1.acknowledge_inbox_item": {},
    "api_v1.change_driver": {"name": "Theirs"},
    "api_v1.step_driver": {"stage": "left", "reason": "resigned"},
    "api_v1.hand_in_driver_document": {"kind": "insurance", "pages": [{"name": "a.pdf", "content": "JVBERi0xLjQK"}]},
    "api_v1.decide_driver_document": {"state": "refused", "reason": "expired"},
    "api_v1.change_vehicle": {"make": "Ford"},
    "api_v1.set_vehicle_status": {"status": "available", "reason": "Ready"},
    "api_v1.move_vehicle": {"park_id": 1},
    "api_v1.change_groups_of_vehicle": {"into": ["Airport"]},
    "api_v1.change_vehicle_field": {"is_required": False},
    "api_v1.close_vehicle_field": {},
    "api_v1.fill_fields_of_vehicle": {"values": []},
    "api_v1.add_vehicle_document": {"kind": "insurance", "pages": [{"name": "a.pdf", "content": "JVBERi0xLjQK"}]},
    "api_v1.withdraw_vehicle_document": {"why": "Of another vehicle"},
    "api_v1.add_vehicle_photo": {"name": "a.png", "content": "iVBORw0KGgoAAAAA"},
    "api_v1.put_vehicle_photo_first": {},
    "api_v1.remove_vehicle_photo": {},
    "api_v1.fit_tracker": {"device_uid": "860000000000010"},
    "api_v1.take_out_tracker": {},
    "api_v1.finish_onboarding": {"anyway": "Papers are at the notary"},
    "api_v1.note_driver_document": {"as_of": NOW, "state": "missing"},
    "api_v1.note_driver_rating": {"as_of": NOW, "value": 4.9, "trips": 30},
    "api_v1.note_driver_incident": {"as_of": NOW, "severity": "minor", "at": NOW},
    "operator.move_assignment": {"reason": "mistake"},
    "api_v1.change_assignment": {"reason": "mistake"},
    "api_v1.cancel_assignment": {},
    "api_v1.return_vehicle": {},
    "api_v1.end_shift_pattern": {},
    "api_v1.skip_shift_day": {"day": "2199-12-24"},
    "api_v1.withdraw_driver_document": {},
    "api_v1.withdraw_driver_rating": {},
    "api_v1.withdraw_driver_incident": {},
    "api_v1.correct_event": {"reason": "typing_error", "record": CRASH},
    "api_v1.withdraw_event": {"reason": "duplicate"},
    "api_v1.decide_event_driver": {"driver_id": None},
    "api_v1.dispute_event": {"ground": "other", "words": "Not so"},
    "api_v1.decide_dispute": {"effect": "charge_stands", "reasons": "It was so"},
    "api_v1.immobilize": THEFT,
    "api_v1.cancel_immobilization": {},
    "api_v1.approve_immobilization": {},
    "api_v1.decline_immobilization": {"why": "The driver has paid"},
    "api_v1.hold_immobilizations": {"why": "A trial of the alarm"},
    "api_v1.release": {},
    "api_v1.record_mileage": {"odometer_m": 80_123_000, "reason": "Inspection"},
    "api_v1.change_geofence": {"name": "Yard"},
    "api_v1.close_geofence": {},
    "api_v1.change_webhook_endpoint": {"description": "Theirs"},
    "api_v1.remove_webhook_endpoint": {},
    "api_v1.rotate_webhook_secret": {},
    "api_v1.replay_webhook_message": {},
    "api_v1.replay_webhook_messages": {"since": "2026-11-20T00:00:00Z"},
    "api_v1.ping_webhook_endpoint": {},
}


@dataclass
class Asker:
    """Somebody who asks: their browser, and what they have to show for themselves."""

    name: str
    browser: FlaskClient
    roles: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    has_session: bool = False
    has_token: bool = False
    sees_all: bool = False
    own: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Whoever is refused often is told to wait, by address: here each has one of their own.
        self.browser.environ_base["REMOTE_ADDR"] = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.7"

    def holds(self, permission: str) -> bool:
        return permission in self.grants or bool(self.roles & PERMISSIONS[permission])


@dataclass
class World:
    """Two parks in which every kind of record is there, and everybody who may ask for them."""

    app: ErpApp
    database: Database
    fleet: Fleet
    at: datetime
    client_id: str
    here: dict[str, object] = field(default_factory=dict)
    elsewhere: dict[str, object] = field(default_factory=dict)

    def person(self, name: str) -> Asker:
        """A browser signed in as a person who has a passkey, and a second session that can be ended."""
        roles = {FURTHER.get(name, {"dispatcher": "operator"}.get(name, name))}
        grants = {"access:immobilize", "access:approve"} if name == "operator" else set()
        with self.database.transaction() as session:
            cookie, other = (
                identity.start_session(
                    session, at=self.at, user_id=self.fleet.user_ids[name], method="pwd", address="", agent=""
                )
                for _ in range(2)
            )
            passkey_id = make_passkey(session, self.fleet.user_ids[name], self.at)
            endpoint = make_endpoint(session, ROOT, self.fleet.park_id, self.at)
            colleague = make_colleague(session, self.at)
            photo_id = vehicles.add_photo(session, actor=ROOT, at=self.at, vehicle_id=self.fleet.vehicle_id, photo=PAGE)
            view_id = make_view(session, self.fleet.user_ids[name], self.at)
        browser = self.app.test_client()
        with browser.session_transaction() as stored:
            stored["_user_id"], stored["_fresh"] = cookie, True
        own = {
            "session_id": int(other.partition(":")[0]),
            "passkey_id": passkey_id,
            "view_id": view_id,
            "photo_id": photo_id,
        }
        own |= endpoint | colleague
        return Asker(name, browser, frozenset(roles), frozenset(grants), True, sees_all=name == "admin", own=own)

    def program(self, *scopes: str, name: str = "program") -> Asker:
        """A client of the API that has these scopes in the first park."""
        return self._with_token(name, Holder(self.client_id, "Program", frozenset({self.fleet.park_id})), scopes)

    def app_of_operator(self) -> Asker:
        """An app that acts for the operator."""
        holder = Holder(
            "erp-2",
            "App",
            frozenset({self.fleet.park_id}),
            user_id=self.fleet.user_ids["operator"],
            handle=uuid.uuid4(),
            authorization_id=uuid.uuid4(),
        )
        return self._with_token("app of the operator", holder, APP_SCOPES)

    def _with_token(self, name: str, holder: Holder, scopes: Any) -> Asker:
        token = self.app.tokens.issue(holder, scope=" ".join(scopes), at=self.at)["access_token"]
        browser = self.app.test_client()
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        grants = frozenset(GRANTABLE)
        maker = Actor("client", None, "Program", grants=grants, parks=None, client_id=self.client_id)
        with self.database.transaction() as session:
            own = make_endpoint(session, maker, self.fleet.park_id, self.at)
            if tuple(scopes) == ("vehicles:change",):
                # Who takes a photo away has one of their own, so that it is there for the others.
                mine = {"vehicle_id": self.fleet.vehicle_id, "photo": PAGE}
                own["photo_id"] = vehicles.add_photo(session, actor=ROOT, at=self.at, **mine)
        return Asker(name, browser, grants=frozenset(scopes), has_token=True, own=own)

    def routes(self) -> Iterator[tuple[str, str, str, Rule]]:
        """Each endpoint with its method, its address and its rule; those that take something away come last."""
        order = {**dict.fromkeys(LAST, 1), LAST_OF_ALL: 2}
        for route in sorted(self.app.url_map.iter_rules(), key=lambda route: order.get(route.endpoint, 0)):
            if route.endpoint not in SOCKETS:
                for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
                    yield route.endpoint, method, route.rule, POLICY[route.endpoint]


@pytest.fixture
def config(config: Config) -> Config:
    """An allowance that lasts for as many requests as there are routes and scopes."""
    return replace(config, api_rate_per_min=10_000_000)


@pytest.fixture
def world(app: ErpApp, database: Database, fleet: Fleet, at: datetime) -> World:
    with database.transaction() as session:
        client_id = identity.create_client(
            session, actor=ROOT, at=at, name="Program", scopes=sorted(GRANTABLE), park_ids=[fleet.park_id]
        ).client_id
        made = World(app, database, fleet, at, client_id, here={"session_id": 0, "passkey_id": 0, "view_id": 0})
        made.here["client_id"] = identity.create_client(
            session, actor=ROOT, at=at, name="App", scopes=[], redirect_uris=["https://example.test/back"]
        ).client_id
        made.here |= make_colleague(session, at) | make_endpoint(session, ROOT, fleet.park_id, at)
        made.here["token"] = made.elsewhere["token"] = "nobodys"
        for name, role in FURTHER.items():
            fleet.user_ids[name] = identity.create_user(
                session,
                actor=ROOT,
                at=at,
                email=fleet.email(name),
                name=name,
                password=fleet.password,
                roles=[role],
                park_ids=[fleet.park_id],
            )
        other = NewDriver(name="Ben", phone="+14155550101", park_id=fleet.other_park_id)
        driver_id = drivers.register_driver(session, actor=ROOT, at=at, new=other)
        for device_uid in ("fitted", "waiting"):
            vehicles.note_unknown_device(
                session, actor=system("tests"), at=at, device_uid=device_uid, source="http", address=None
            )
        vehicles.claim_device(
            session,
            actor=ROOT,
            at=at,
            source="http",
            vehicle_id=fleet.other_vehicle_id,
            tracker=NewTracker(device_uid="fitted", relay_gateway=RelayGateway.VIALON_RELAY),
        )
        made.here |= make_records(session, fleet.park_id, fleet.vehicle_id, fleet.driver_id, at)
        made.elsewhere |= make_records(session, fleet.other_park_id, fleet.other_vehicle_id, driver_id, at)
        cookie = identity.start_session(
            session, at=at, user_id=fleet.user_ids["admin"], method="pwd", address="", agent=""
        )
        made.elsewhere["session_id"] = int(cookie.partition(":")[0])
        made.elsewhere["passkey_id"] = make_passkey(session, fleet.user_ids["admin"], at)
        made.elsewhere |= {
            "kind": "tattoo",
            "code": "US-ZZ",
            "component": "luck",
            "user_id": 999_999,
            "grant_id": 999_999,
            "view_id": 999_999,
            "client_id": "erp-unknown",
        }
        made.elsewhere |= make_endpoint(session, ROOT, fleet.other_park_id, at)
    return made


def make_records(session: Writer, park_id: int, vehicle_id: int, driver_id: int, at: datetime) -> dict[str, object]:
    fence = NewGeofence(name="Depot", park_id=park_id, circle=NewCircle(lat=37.76, lon=-122.4, radius_m=200))
    order = ImmobilizationOrder(reason=Reason.THEFT)
    debt = msgspec.convert(BODIES["api_v1.note_debt"], ToldDebt)
    access.note_debt(session, actor=ROOT, at=at, driver_id=driver_id, debt=debt, timing=AccessTiming())
    for _ in range(2):
        document_id = drivers.add_page(session, actor=ROOT, at=at, driver_id=driver_id, page=new_page())
    drivers.hand_in(session, actor=ROOT, at=at, document_id=document_id, new=HandIn())
    document = driver_records.get_document(session.connection(), viewer=ROOT, document_id=document_id)
    booked = drivers.assign_vehicle(
        session,
        actor=ROOT,
        at=at,
        driver_id=driver_id,
        vehicle_id=vehicle_id,
        kind=AssignmentKind.SHIFT,
        starts_at=at - timedelta(days=2),
        ends_at=at - timedelta(days=1, hours=12),
    )
    handover_id = drivers.begin_handover(session, actor=ROOT, at=at, assignment_id=booked, kind=HandoverKind.TAKING)
    dent = NewDamage(x=1, y=1, kind=DamageKind.DENT, severity=DamageSeverity.MINOR)
    damage_id = drivers.mark_damage(session, actor=ROOT, at=at, handover_id=handover_id, damage=dent)
    weekly = NewShiftPattern(
        vehicle_id=vehicle_id,
        driver_id=driver_id,
        weekdays=[1],
        starts=time(8),
        ends=time(16),
        first_day=date(2199, 1, 1),
    )
    crash = NewIncident(
        vehicle_id=vehicle_id, driver_id=driver_id, happened_at=at, what=CRASH["what"], severity=CRASH["severity"]
    )
    event_id = events.record_event(session, actor=ROOT, at=at, new=crash, source=EventSource.OFFICE).event_id
    dispute_id = events.dispute_event(
        session,
        actor=ROOT,
        at=at,
        event_id=event_id,
        ground=DisputeGround.NOT_ME,
        words="Not so",
        uploads=[events.Upload("dent.png", PNG)],
    )
    cost = NewCost(kind=CostKind.REPAIR, amount_minor=5, currency="USD")
    cost_id = events.add_cost(session, actor=ROOT, at=at, event_id=event_id, new=cost)
    session.flush()
    detail = get_event(session.connection(), viewer=ROOT, event_id=event_id)
    paper_id = vehicles.add_document(
        session, actor=ROOT, at=at, vehicle_id=vehicle_id, new=NewDocument(kind="insurance"), pages=[PAGE]
    )
    session.flush()
    return {
        "field_id": vehicles.add_field(
            session, actor=ROOT, at=at, new=NewField(name="Badge", kind="text", park_id=park_id)
        ),
        "paper_id": paper_id,
        "paper_file_id": session.query(DocumentPage).filter_by(document_id=paper_id).one().file_id,
        "photo_id": vehicles.add_photo(session, actor=ROOT, at=at, vehicle_id=vehicle_id, photo=PAGE),
        "event_id": event_id,
        "dispute_id": dispute_id,
        "cost_id": cost_id,
        "evidence_id": detail.disputes[0].files[0].id,
        "file_id": uuid.uuid4(),
        "filename": "favicon.svg",
        "park_id": park_id,
        "document_id": document_id,
        "page_id": document.pages[0].id,
        "kind": "licence",
        "code": "default",
        "key": "licence",
        "vehicle_id": vehicle_id,
        "driver_id": driver_id,
        "assignment_id": booked,
        "appeal_id": make_appeal(session, driver_id, at),
        "colleague_id": driver_id,
        "component": "overspeed",
        "handover_id": handover_id,
        "damage_id": damage_id,
        "pattern_id": drivers.add_shift_pattern(session, actor=ROOT, at=at, new=weekly),
        "item_id": make_item(session, park_id, vehicle_id, at),
        "geofence_id": events.add_geofence(session, actor=ROOT, at=at, new=fence),
        "job_id": access.immobilize(
            session, actor=ROOT, at=at, vehicle_id=vehicle_id, order=order, timing=AccessTiming(), limits=PLENTY
        ),
    }


def make_appeal(session: Writer, driver_id: int, at: datetime) -> int:
    """An appeal that waits: handed in by whoever had told nobody what they appeal with."""
    appeal = Appeal(
        driver_id=driver_id,
        kind=AppealKind.INCIDENT,
        subject="i-1",
        decided_first_at=at,
        state=AppealState.OPEN,
        handed_in_at=at,
        answer_due_at=at + timedelta(days=7),
    )
    session.add(appeal)
    session.flush()
    return appeal.id


def make_item(session: Writer, park_id: int, vehicle_id: int, at: datetime) -> int:
    item = Item(
        kind="towing",
        key=f"of a trial {vehicle_id}",
        park_id=park_id,
        vehicle_id=vehicle_id,
        severity=3,
        happened_at=at,
        detail={},
        state=ItemState.OPEN,
        opened_at=at,
        open_since=at,
    )
    session.add(item)
    session.flush()
    return item.id


def make_colleague(session: Writer, at: datetime) -> dict[str, object]:
    """A person who asks for nothing, so that what they have can be taken away; and a grant that they have."""
    person = User(email=f"{uuid.uuid4().hex}@example.test", name="Colleague", created_at=at)
    session.add(person)
    session.flush()
    grant = UserGrant(user_id=person.id, permission="access:read", granted_by="Tests", granted_at=at)
    session.add(grant)
    session.flush()
    return {"user_id": person.id, "grant_id": grant.id}


def make_passkey(session: Writer, user_id: int, at: datetime) -> int:
    passkey = Passkey(
        user_id=user_id,
        credential_id=secrets.token_bytes(8),
        public_key=b"",
        sign_count=0,
        transports=[],
        backed_up=False,
        name="Phone",
        created_at=at,
    )
    session.add(passkey)
    session.flush()
    return passkey.id


def make_view(session: Writer, user_id: int, at: datetime) -> int:
    view = SavedView(user_id=user_id, page="vehicles", name="Silent", query="", is_shared=False, saved_at=at)
    session.add(view)
    session.flush()
    return view.id


def make_endpoint(session: Writer, actor: Actor, park_id: int, at: datetime) -> dict[str, object]:
    """An endpoint of whoever acts, and a message to it."""
    address = Address("https://example.test/hook", "https", "example.test", 443)
    new = NewEndpoint(url=address.url, park_ids=[park_id])
    made = webhooks.add_endpoint(session, actor=actor, at=at, new=new, address=address, sealing_key=bytes(32))
    message = webhooks.ping(session, actor=actor, at=at, endpoint_id=made.endpoint_id)
    return {"endpoint_id": made.endpoint_id, "message_id": public_id(message)}


def ask(
    asker: Asker, endpoint: str, method: str, address: str, records: dict[str, object], **body: Any
) -> TestResponse:
    """The answer to a request about these records. Raises KeyError for a kind of record that there is none of."""
    path = "/".join(str(records[name_of(part)]) if "<" in part else part for part in address.split("/"))
    return asker.browser.open(path, method=method, query_string=filled(QUERIES.get(endpoint, {}), records), **body)


def name_of(part: str) -> str:
    """`vehicle_id` of `<int:vehicle_id>`."""
    return part.strip("<>").rpartition(":")[2]


def filled(wanted: dict[str, Any], records: dict[str, object]) -> dict[str, Any]:
    """The fields with the numbers of records put in."""
    return {name: text.format(**records) if isinstance(text, str) else text for name, text in wanted.items()}


def told(answer: TestResponse) -> str:
    """What an answer says about the asker's rights."""
    if answer.status_code == 302 and answer.location.startswith("/sign-in?next="):
        return SIGN_IN
    assert answer.status_code < 500 and answer.status_code != 429, answer.text
    return {401: NOBODY, 403: MAY_NOT, 404: NOT_THERE}.get(answer.status_code, LET_IN)


def expected(endpoint: str, address: str, rule: Rule, asker: Asker) -> str:
    """What the tables say."""
    held = any(map(asker.holds, rule.permissions))
    if rule.way in {Way.API, Way.MACHINE}:
        return NOBODY if not asker.has_token else LET_IN if held else MAY_NOT
    if rule.way is Way.ANYBODY:
        return LET_IN
    if not asker.has_session:
        return NOBODY if address.endswith(".json") else SIGN_IN
    if rule.way is Way.PERSON:
        return LET_IN
    if not asker.roles & PORTALS[endpoint.partition(".")[0]]:
        return NOT_THERE
    return LET_IN if held else NOT_THERE if rule.way is Way.PAGE else MAY_NOT


def walk(world: World, asker: Asker, *ways: Way) -> list[str]:
    """Ask for every route, of these ways if any is named, with an empty body; what was not answered as expected."""
    wrong = []
    for endpoint, method, address, rule in world.routes():
        if ways and rule.way not in ways:
            continue
        got = told(ask(asker, endpoint, method, address, world.here | asker.own))
        wanted = got if rule.way is Way.ITSELF else expected(endpoint, address, rule, asker)
        if got != wanted and not (endpoint in LOOK_FOR_NOTHING and got == NOT_THERE):
            wrong.append(f"{asker.name}: {method} {address} ({endpoint}) answered {got} instead of {wanted}")
    return wrong


class TestEveryRoute:
    def test_answers_everybody_as_the_policy_says(self, world: World) -> None:
        askers = [Asker("a stranger", world.app.test_client()), *map(world.person, PEOPLE)]
        askers += [world.program(), world.app_of_operator()]
        wrong = [line for asker in askers for line in walk(world, asker)]
        assert not wrong, "\n".join(wrong)

    def test_answers_a_program_that_has_one_scope_only_where_that_one_is_enough(self, world: World) -> None:
        without_limits(world.app)  # it asks for more in a moment than a program may in a minute
        wrong = [
            line for scope in GRANTABLE for line in walk(world, world.program(scope, name=scope), Way.API, Way.MACHINE)
        ]
        assert not wrong, "\n".join(wrong)

    def test_tells_a_program_that_has_every_scope_but_one_which_one_it_lacks(self, world: World) -> None:
        for scope in GRANTABLE:
            asker = world.program(*(GRANTABLE.keys() - {scope}))
            for endpoint, method, address, rule in world.routes():
                if rule.way in {Way.API, Way.MACHINE} and rule.permissions == (scope,):
                    answer = ask(asker, endpoint, method, address, world.here)
                    assert answer.status_code == 403, endpoint
                    assert answer.json["type"] == "urn:equinomix:problem:insufficient-scope", endpoint
                    assert f'error="insufficient_scope", scope="{scope}"' in answer.headers["WWW-Authenticate"], (
                        endpoint
                    )


class TestRecordsOfAnotherPark:
    def test_are_not_there_for_whoever_sees_only_some(self, world: World) -> None:
        askers = [world.person(name) for name in PEOPLE if name != "admin"]
        askers += [world.program(*GRANTABLE), world.app_of_operator()]
        wrong, asked = [], set()
        for asker in askers:
            for endpoint, method, address, rule in world.routes():
                if not self.names_a_record(endpoint, address) or expected(endpoint, address, rule, asker) != LET_IN:
                    continue
                body = self.body(endpoint, method, world.elsewhere)
                headers = {"HX-Request": "true", "Idempotency-Key": uuid.uuid4().hex, "If-Match": "*"}
                answer = ask(asker, endpoint, method, address, world.elsewhere, headers=headers, **body)
                asked.add(endpoint)
                if answer.status_code != 404:
                    wrong.append(f"{asker.name}: {method} {address} ({endpoint}) answered {answer.status}")
        assert not wrong, "\n".join(wrong)
        assert asked == {
            endpoint for endpoint, _, address, _ in world.routes() if self.names_a_record(endpoint, address)
        }

    def names_a_record(self, endpoint: str, address: str) -> bool:
        beside = {**QUERIES.get(endpoint, {}), **FORMS.get(endpoint, {})}
        return (
            "<" in address and endpoint != "static" and "<token>" not in address
        ) or "{vehicle_id}" in beside.values()

    def body(self, endpoint: str, method: str, records: dict[str, object]) -> dict[str, Any]:
        if method == "GET":
            return {}
        if endpoint in BODIES:
            return {"json": BODIES[endpoint]}
        return {"data": filled(FORMS[endpoint], records)}
