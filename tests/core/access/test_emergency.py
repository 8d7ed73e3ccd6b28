"""A driver starts a locked vehicle by a code: without the office, once for each code, and not for everything."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core import outbox
from core.access import service
from core.access.models import EmergencyCode, JobState, Reason
from core.access.rules.emergency import make_code, plain_code
from core.audit import AuditEntry
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from core.permissions import ADMIN, Actor
from tests.conftest import ROOT, Fleet
from tests.core.access.fair import TIMING, Debtor
from tests.core.access.test_debts import locked, together

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def debtor(database: Database, fleet: Fleet, at: datetime) -> Debtor:
    return Debtor(database, fleet, at)


def make(debtor: Debtor, at: datetime) -> list[str]:
    with debtor.database.transaction() as session:
        return service.make_codes(session, actor=ROOT, at=at, driver_id=debtor.fleet.driver_id)


def start(debtor: Debtor, code: str, at: datetime, plate: str = "7abc 123") -> uuid.UUID:
    with debtor.database.transaction() as session:
        return service.start_in_emergency(session, at=at, plate=plate, code=code, timing=TIMING)


class TestACode:
    @given(st.binary(min_size=8, max_size=8))
    def test_has_sixty_bits_and_is_read_as_it_is_typed(self, random: bytes) -> None:
        code = make_code(random)
        assert [len(group) for group in code.split("-")] == [4, 4, 4]
        assert plain_code(f" {code.upper().replace('-', ' ')} ") == code.replace("-", "")
        assert plain_code(code.replace("o", "0").replace("l", "1").replace("b", "8")) == plain_code(code)
        assert int.from_bytes(random, "big") >> 4 == _as_number(code)

    def test_is_kept_as_a_hash_and_withdrawn_by_the_next_set(self, debtor: Debtor, at: datetime) -> None:
        old, new = make(debtor, at), make(debtor, at)
        with debtor.database.transaction() as session:
            rows = session.scalars(sa.select(EmergencyCode).order_by(EmergencyCode.id)).all()
            told = session.scalars(sa.select(AuditEntry.detail)).all()
        assert [row.withdrawn_at is None for row in rows] == [False, False, True, True]
        kept = repr([row.code_hash for row in rows]) + repr(told)
        assert not any(plain_code(code) in kept or code in kept for code in old + new)
        locked(debtor, Reason.MAINTENANCE)
        with pytest.raises(Invalid):
            start(debtor, old[0], at + SECOND)
        assert start(debtor, new[0], at + SECOND)

    def test_is_made_by_the_office_of_the_driver_alone(self, debtor: Debtor, at: datetime) -> None:
        elsewhere = Actor("user", 99, "Other", roles=frozenset({ADMIN}), parks=frozenset({debtor.fleet.other_park_id}))
        with pytest.raises(NotFound), debtor.database.transaction() as session:
            service.make_codes(session, actor=elsewhere, at=at, driver_id=debtor.fleet.driver_id)


class TestAnEmergencyStart:
    def test_releases_at_once_and_keeps_locks_away_for_the_hours_of_the_law(
        self, debtor: Debtor, database: Database, at: datetime
    ) -> None:
        lock_id, armed = locked(debtor, Reason.DEBT)
        release_id = start(debtor, make(debtor, at)[0], armed + SECOND)
        release = debtor.job(release_id)
        assert (release.reason, release.state) == (Reason.EMERGENCY_START, JobState.ARMED)
        with database.transaction() as session:
            used = session.scalars(sa.select(EmergencyCode).where(EmergencyCode.used_at.is_not(None))).one()
            facts = session.scalars(sa.select(outbox.OutboxFact.name)).all()
            actions = session.scalars(sa.select(AuditEntry.action)).all()
        assert (used.lock_job_id, used.free_until) == (lock_id, armed + SECOND + 48 * HOUR)
        assert "access.emergency_started" in facts
        assert "access.emergency_started" in actions
        with database.transaction() as session:
            session.execute(
                sa.update(service.orders.Job)
                .where(service.orders.Job.id == release_id)
                .values(state="confirmed", finished_at=armed + 2 * SECOND)
            )
        with pytest.raises(Conflict, match="in an emergency"):
            debtor.lock(at=armed + 47 * HOUR)
        debtor.lock(at=armed + 49 * HOUR)

    def test_calls_back_a_lock_that_waits(self, debtor: Debtor, at: datetime) -> None:
        job_id = debtor.lock(Reason.MAINTENANCE)
        start(debtor, make(debtor, at)[0], at)
        assert debtor.job(job_id).state is JobState.CANCELLED

    def test_asked_for_twice_is_one(self, debtor: Debtor, at: datetime) -> None:
        locked(debtor, Reason.MAINTENANCE)
        code = make(debtor, at)[0]
        assert start(debtor, code, at + SECOND) == start(debtor, code, at + 2 * SECOND)

    def test_by_one_code_at_the_same_moment_is_one(self, debtor: Debtor, database: Database, at: datetime) -> None:
        locked(debtor, Reason.MAINTENANCE)
        code, given_ = make(debtor, at)[0], set()
        together(*[lambda: given_.add(start(debtor, code, at + SECOND))] * 4)
        assert len(given_) == 1

    @pytest.mark.parametrize("reason", [Reason.THEFT, Reason.POLICE])
    def test_is_not_for_theft_and_police(self, debtor: Debtor, at: datetime, reason: Reason) -> None:
        locked(debtor, reason)
        with pytest.raises(Forbidden, match="Call it now"):
            start(debtor, make(debtor, at)[0], at + SECOND)

    def test_leaves_the_code_good_when_nothing_is_locked(self, debtor: Debtor, at: datetime) -> None:
        code = make(debtor, at)[0]
        with pytest.raises(Conflict, match="was not used"):
            start(debtor, code, at)
        locked(debtor, Reason.MAINTENANCE)
        assert start(debtor, code, at + SECOND)

    def test_says_the_same_whatever_is_wrong(self, debtor: Debtor, at: datetime) -> None:
        locked(debtor, Reason.MAINTENANCE)
        code = make(debtor, at)[0]
        heard = []
        for wrong in ({"plate": "0XYZ000"}, {"plate": ""}, {"code": "aaaa-bbbb-cccc"}, {"code": ""}):
            with pytest.raises(Refusal) as refusal:
                start(debtor, **({"code": code, "at": at} | wrong))  # type: ignore[arg-type]
            heard.append((refusal.value.code, refusal.value.fields))
        assert len({str(each) for each in heard}) == 1


def _as_number(code: str) -> int:
    number = 0
    for letter in plain_code(code):
        number = number * 32 + "abcdefghijklmnopqrstuvwxyz234567".index(letter)
    return number
