"""Documents of drivers decide whether they may drive: the job that tells it, done late, twice and in any order."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.access import queries as access
from core.access.schemas import DocumentFact, FactKind
from core.access.service import note_driver_fact
from core.config import StandingThresholds
from core.drivers import queries, service
from core.drivers.models import AccessStatus
from core.drivers.schemas import AdmissionRules, DocumentKind
from core.errors import Conflict
from core.permissions import Actor
from tasks.driver_papers import judge_papers
from tests.conftest import ROOT
from tests.core.drivers.papers import accept, hand_in, refuse

THRESHOLDS = StandingThresholds()


@pytest.fixture
def judge(database, fleet):
    def judged(at):
        judge_papers(database, at=at, driver_id=fleet.driver_id, thresholds=THRESHOLDS)
        with database.reading() as reader:
            return queries.get_driver(reader, viewer=ROOT, driver_id=fleet.driver_id, at=at).access_status

    return judged


@pytest.fixture
def ask(database, fleet, at):
    def asked(*kinds, moment=at):
        with database.transaction() as session:
            rules = AdmissionRules(required_kinds=kinds)
            service.set_admission(session, actor=ROOT, at=moment, park_id=fleet.park_id, rules=rules)

    return asked


def list_facts(database, fleet):
    with database.reading() as reader:
        found = access.list_driver_facts(reader, viewer=ROOT, driver_id=fleet.driver_id)
    return [fact for fact in found if fact.kind is FactKind.DOCUMENT]


MINUTE = timedelta(minutes=1)


class TestADriver:
    def test_may_drive_where_nothing_is_asked_for(self, judge, at):
        assert judge(at) is AccessStatus.ACTIVE

    def test_is_restricted_while_something_is_missing_and_free_when_it_is_accepted(
        self, database, fleet, judge, ask, at
    ):
        ask(DocumentKind.LICENCE)
        assert judge(at + MINUTE) is AccessStatus.RESTRICTED

        accept(database, hand_in(database, fleet.driver_id, at), at, until=at.date() + timedelta(days=400))
        assert judge(at + 2 * MINUTE) is AccessStatus.ACTIVE

    def test_is_suspended_by_one_that_was_refused_until_another_is_accepted(self, database, fleet, judge, ask, at):
        ask(DocumentKind.LICENCE)
        refuse(database, hand_in(database, fleet.driver_id, at), at)
        assert judge(at + MINUTE) is AccessStatus.SUSPENDED
        again = hand_in(database, fleet.driver_id, at)
        assert judge(at + 2 * MINUTE) is AccessStatus.SUSPENDED

        accept(database, again, at, until=at.date() + timedelta(days=400))
        assert judge(at + 3 * MINUTE) is AccessStatus.ACTIVE

    def test_drives_until_the_end_of_the_last_day_in_the_park(self, database, fleet, judge, at):
        last = at.astimezone(ZoneInfo("America/Los_Angeles")).date() + timedelta(days=40)
        accept(database, hand_in(database, fleet.driver_id, at), at, until=last)
        judge(at + MINUTE)

        (fact,) = list_facts(database, fleet)
        midnight = datetime.combine(last + timedelta(days=1), time(), ZoneInfo("America/Los_Angeles"))
        assert datetime.fromisoformat(fact.value["valid_until"]) == midnight

    def test_is_asked_for_it_no_more_when_the_park_asks_no_more(self, database, fleet, judge, ask, at):
        ask(DocumentKind.LICENCE, DocumentKind.IDENTITY)
        assert judge(at + MINUTE) is AccessStatus.RESTRICTED
        ask(moment=at + 2 * MINUTE)
        assert judge(at + 3 * MINUTE) is AccessStatus.ACTIVE

    def test_is_told_nothing_new_when_the_job_runs_again(self, database, fleet, judge, ask, at):
        ask(DocumentKind.LICENCE)
        judge(at + MINUTE)
        before = list_facts(database, fleet)
        judge(at + 2 * MINUTE)

        assert list_facts(database, fleet) == before

    def test_is_told_about_by_nobody_beside_the_documents_of_a_kind_that_is_handed_in(
        self, database, fleet, judge, ask, at
    ):
        ask(DocumentKind.LICENCE)
        clerk = Actor("user", 3, "Dana", roles=frozenset({"operator"}), parks=frozenset({fleet.park_id}))
        held = DocumentFact(as_of=at)
        with pytest.raises(Conflict, match="follows from what the driver hands in"), database.transaction() as session:
            note_driver_fact(
                session,
                actor=clerk,
                at=at,
                driver_id=fleet.driver_id,
                key="licence",
                fact=held,
                thresholds=THRESHOLDS,
            )
        with database.transaction() as session:
            note_driver_fact(
                session,
                actor=clerk,
                at=at,
                driver_id=fleet.driver_id,
                key="medical",
                fact=held,
                thresholds=THRESHOLDS,
            )

    def test_who_does_not_drive_is_not_judged(self, database, fleet, ask, at):
        ask(DocumentKind.LICENCE)
        judge_papers(database, at=at + MINUTE, driver_id=999, thresholds=THRESHOLDS)
