"""Appeals: in time, answered in time, by somebody else, and with an effect."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.access import queries as access
from core.access.schemas import DocumentFact, DocumentState, IncidentFact, Severity
from core.errors import Conflict, NotFound
from core.ratings import queries, service
from core.ratings.schemas import AppealKind, Decision, NewAppeal
from tests.conftest import ROOT
from tests.core.ratings.conftest import THRESHOLDS, as_operator

DAY = timedelta(days=1)
WORDS = "The road was wet and I braked for a child."


def appeal(park, kind, subject, at):
    park.make_room(at)
    with park.database.transaction() as session:
        new = NewAppeal(kind=kind, subject=subject, words=WORDS)
        return service.hand_in_appeal(session, actor=park.people[0][1], at=at, new=new)


def decide(park, appeal_id, at, *, is_granted=True, actor=None):
    park.make_room(at)
    with park.database.transaction() as session:
        service.decide_appeal(
            session,
            actor=actor or park.colleague,
            at=at,
            appeal_id=appeal_id,
            decision=Decision(is_granted=is_granted, reason="We looked at the place together."),
            thresholds=THRESHOLDS,
        )


def rating(park):
    with park.database.reading() as reader:
        return queries.find_own_rating(reader, viewer=park.people[0][1])


def read(park, appeal_id):
    with park.database.reading() as reader:
        return queries.get_appeal(reader, viewer=park.office, appeal_id=appeal_id)


@pytest.fixture
def rated(park, at):
    park.drive(300, overspeed=12)
    park.keep(at + DAY)
    return at + DAY + timedelta(minutes=1)


class TestAnAppealAgainstAComponent:
    def test_that_is_granted_excludes_it_and_the_rating_is_computed_anew(self, park, rated):
        before = rating(park).value
        made = appeal(park, AppealKind.COMPONENT, "overspeed", rated)
        decide(park, made, rated + DAY / 2)
        after = rating(park)
        assert after.value > before
        assert next(line for line in after.explained.lines if line.component == "overspeed").is_excluded

    def test_goes_on_excluding_it_while_the_window_holds_it_and_no_longer(self, park, rated):
        decide(park, appeal(park, AppealKind.COMPONENT, "overspeed", rated), rated)
        park.keep(rated + 20 * DAY)
        assert rating(park).inputs.excluded == ("overspeed",)
        park.keep(rated + 29 * DAY)
        assert rating(park).inputs.excluded == ()

    def test_that_is_refused_changes_nothing_and_is_not_handed_in_again_the_next_day(self, park, rated):
        before = rating(park).value
        made = appeal(park, AppealKind.COMPONENT, "overspeed", rated)
        decide(park, made, rated, is_granted=False)
        assert rating(park).value == before
        assert (read(park, made).state, read(park, made).reason) == ("refused", "We looked at the place together.")
        park.keep(rated + DAY)
        with pytest.raises(Conflict, match="cannot be appealed"):
            appeal(park, AppealKind.COMPONENT, "overspeed", rated + DAY)

    def test_is_not_possible_where_it_moved_nothing_down(self, park, rated):
        with pytest.raises(Conflict):
            appeal(park, AppealKind.COMPONENT, "incidents", rated)


class TestAnAppealAgainstWhatTheOfficeTold:
    def test_of_an_incident_lets_it_count_no_more(self, park, at):
        park.note("i-7", IncidentFact(as_of=at, severity=Severity.SERIOUS, at=at - timedelta(hours=1)))
        decide(park, appeal(park, AppealKind.INCIDENT, "i-7", at), at + DAY)
        with park.database.reading() as reader:
            standing = access.get_standing(reader, viewer=ROOT, at=at + DAY, driver_id=1)
        assert standing.status == "active"

    def test_of_a_refused_document_lets_the_refusal_count_no_more(self, park, at):
        park.note("licence", DocumentFact(as_of=at, state=DocumentState.REFUSED))
        decide(park, appeal(park, AppealKind.DOCUMENT, "licence", at), at + DAY)
        with park.database.reading() as reader:
            assert access.get_standing(reader, viewer=ROOT, at=at + DAY, driver_id=1).status == "active"

    def test_is_decided_by_somebody_else_than_who_told_it(self, park, at):
        park.note("i-7", IncidentFact(as_of=at, severity=Severity.MINOR, at=at))
        made = appeal(park, AppealKind.INCIDENT, "i-7", at)
        with pytest.raises(Conflict, match="Ask a colleague"):
            decide(park, made, at, actor=park.office)
        decide(park, made, at, actor=park.colleague)
        assert (read(park, made).state, read(park, made).decided_by) == ("granted", park.colleague.name)

    def test_can_be_handed_in_for_fourteen_days(self, park, at):
        park.note("i-7", IncidentFact(as_of=at, severity=Severity.MINOR, at=at))
        with pytest.raises(Conflict):
            appeal(park, AppealKind.INCIDENT, "i-7", at + timedelta(days=14, seconds=1))
        assert appeal(park, AppealKind.INCIDENT, "i-7", at + timedelta(days=14))


class TestAnAppeal:
    @pytest.fixture
    def made(self, park, at):
        park.note("i-7", IncidentFact(as_of=at, severity=Severity.MINOR, at=at))
        return appeal(park, AppealKind.INCIDENT, "i-7", at)

    def test_goes_further_up_when_it_is_not_answered_within_seven_days(self, park, made, at):
        park.keep(at + timedelta(days=6))
        assert read(park, made).state == "open"
        park.keep(at + timedelta(days=7))
        park.keep(at + timedelta(days=8))
        assert (read(park, made).state, read(park, made).escalated_at) == ("escalated", at + timedelta(days=7))
        decide(park, made, at + timedelta(days=9), is_granted=False)
        assert read(park, made).state == "refused"

    def test_is_decided_once(self, park, made, at):
        decide(park, made, at, is_granted=False)
        with pytest.raises(Conflict, match="over"):
            decide(park, made, at)

    def test_can_be_taken_back_by_its_driver_alone(self, park, made, at):
        park.hire(1)
        with pytest.raises(NotFound), park.database.transaction() as session:
            service.withdraw_appeal(session, actor=park.people[1][1], at=at, appeal_id=made)
        with park.database.transaction() as session:
            service.withdraw_appeal(session, actor=park.people[0][1], at=at, appeal_id=made)
        assert read(park, made).state == "withdrawn"

    def test_is_not_there_for_another_park(self, park, made, at):
        stranger = as_operator(2, park_id=2)
        with park.database.reading() as reader:
            with pytest.raises(NotFound):
                queries.get_appeal(reader, viewer=stranger, appeal_id=made)
            assert queries.list_appeals(reader, viewer=stranger) == []
        with pytest.raises(NotFound):
            decide(park, made, at, actor=stranger)

    def test_keeps_its_words_sealed(self, park, made):
        assert read(park, made).words == WORDS
        with park.database.reading() as reader:
            stored = reader.execute(sa.text("SELECT ratings_appeals::text FROM ratings_appeals")).scalar_one()
            told = reader.execute(sa.text("SELECT string_agg(detail::text, '') FROM audit_entries")).scalar_one()
        assert WORDS.encode().hex() not in stored
        assert "wet" not in told
