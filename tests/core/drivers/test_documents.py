"""Documents: handed in page by page, looked at, replaced and never lost."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.drivers import queries, service
from core.drivers.models import Document, Driver
from core.drivers.rules import documents as rules
from core.drivers.rules.documents import DocumentStanding, Held
from core.drivers.schemas import (
    Acceptance,
    AdmissionRules,
    DocumentKind,
    DocumentRefusal,
    DocumentState,
    HandIn,
    NewPage,
    RefusalReason,
    Stage,
)
from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from core.permissions import Actor
from tests.conftest import ROOT
from tests.core.drivers.papers import PDF, PNG, accept, hand_in, new_page, refuse

LICENCE = DocumentKind.LICENCE
TODAY = date(2026, 11, 25)


@pytest.fixture
def until(at):
    return at.date() + timedelta(days=400)


@pytest.fixture
def own(fleet):
    """The driver themselves."""
    return Actor("user", fleet.user_ids["driver"], "Driver", roles=frozenset({"driver"}))


@pytest.fixture
def clerk(fleet):
    """Somebody of the office of the first park."""
    return Actor("user", 3, "Dispatcher", roles=frozenset({"operator"}), parks=frozenset({fleet.park_id}))


def held(state, kind=LICENCE, until=None):
    return Held(kind, state, until)


class TestTheRules:
    @given(st.lists(st.builds(Held, st.sampled_from(DocumentKind), st.sampled_from(DocumentState), st.none())))
    def test_tell_of_every_kind_that_is_asked_for_and_once(self, documents):
        found = [one.kind for one in rules.judge_kinds(documents, rules.ASKABLE)]

        assert found == list(rules.ASKABLE)

    @given(st.sets(st.sampled_from([DocumentState.DRAFT, DocumentState.HANDED_IN, DocumentState.REFUSED])))
    def test_let_an_accepted_one_count_whatever_is_beside_it(self, others):
        documents = [held(DocumentState.ACCEPTED, until=TODAY), *map(held, others)]

        (found,) = rules.judge_kinds(documents, [LICENCE])
        assert (found.standing, found.valid_until) == (DocumentStanding.HELD, TODAY)

    def test_let_one_that_waits_count_for_nothing_yet(self):
        (found,) = rules.judge_kinds([held(DocumentState.HANDED_IN)], [LICENCE])
        assert found.standing is DocumentStanding.MISSING

    def test_keep_a_refusal_until_another_one_is_accepted(self):
        (found,) = rules.judge_kinds([held(DocumentState.REFUSED), held(DocumentState.HANDED_IN)], [LICENCE])
        assert found.standing is DocumentStanding.REFUSED

    def test_ask_nobody_for_what_the_park_does_not_ask_for(self):
        assert rules.judge_kinds([held(DocumentState.REFUSED)], []) == []

    @pytest.mark.parametrize(
        ("pages", "missing"),
        [
            ([], "Add a picture"),
            (["image/jpeg"], "The back"),
            (["image/jpeg", "image/png"], None),
            (["application/pdf"], None),
        ],
    )
    def test_want_both_sides_of_a_licence_or_a_pdf(self, pages, missing):
        problem = rules.hand_in_problems(LICENCE, pages, "").get("page")
        assert (problem is None) if missing is None else (problem or "").startswith(missing)

    @pytest.mark.parametrize(
        ("kind", "until", "is_fine"),
        [
            (LICENCE, TODAY, True),
            (LICENCE, TODAY - timedelta(days=1), False),
            (LICENCE, None, False),
            (LICENCE, date(2126, 1, 1), False),
            (DocumentKind.BACKGROUND_CHECK, None, True),
        ],
    )
    def test_want_a_last_day_of_what_runs_out(self, kind, until, is_fine):
        assert (rules.acceptance_problems(kind, until, TODAY) == {}) == is_fine


class TestADraft:
    def test_grows_page_by_page_and_is_one_document(self, database, fleet, own, at):
        with database.transaction() as session:
            first = service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=new_page())
        with database.transaction() as session:
            second = service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=new_page())

        with database.reading() as reader:
            (found,) = queries.list_driver_documents(reader, viewer=own, driver_id=fleet.driver_id)
        assert (first, second) == (found.id, found.id)
        assert [page.position for page in found.pages] == [1, 2]

    def test_has_a_page_once_however_often_it_is_sent(self, database, fleet, own, at):
        page = new_page()
        for _ in range(2):
            with database.transaction() as session:
                service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=page)

        with database.reading() as reader:
            (found,) = queries.list_driver_documents(reader, viewer=own, driver_id=fleet.driver_id)
        assert len(found.pages) == 1

    def test_loses_a_page_that_is_taken_out(self, database, fleet, own, at):
        with database.transaction() as session:
            service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=new_page())
        with database.reading() as reader:
            (draft,) = queries.list_driver_documents(reader, viewer=own, driver_id=fleet.driver_id)
        with database.transaction() as session:
            service.remove_page(session, actor=own, at=at, document_id=draft.id, page_id=draft.pages[0].id)

        with database.reading() as reader:
            (left,) = queries.list_driver_documents(reader, viewer=own, driver_id=fleet.driver_id)
        assert left.pages == ()

    def test_takes_no_more_pages_than_somebody_looks_through(self, database, fleet, own, at):
        with pytest.raises(Invalid, match="not added"), database.transaction() as session:
            for _ in range(rules.MOST_PAGES + 1):
                service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=new_page())

    def test_takes_nothing_that_is_no_picture_and_no_pdf(self, database, fleet, own, at):
        page = NewPage(kind=LICENCE, upload_key=uuid4(), name="page.exe", content=b"MZ\x90")
        with pytest.raises(Invalid), database.transaction() as session:
            service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=page)

    def test_is_not_seen_by_the_office_before_it_is_handed_in(self, database, fleet, own, clerk, at):
        with database.transaction() as session:
            document_id = service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=new_page())

        with database.reading() as reader:
            assert queries.list_documents(reader, viewer=clerk, driver_id=fleet.driver_id) == []
            with pytest.raises(NotFound):
                queries.get_document(reader, viewer=clerk, document_id=document_id)

    def test_cannot_be_handed_in_with_a_side_missing(self, database, fleet, own, at):
        with pytest.raises(Invalid, match="back of the driving licence") as refused:
            hand_in(database, fleet.driver_id, at, pages=1, actor=own)
        assert set(refused.value.fields) == {"page"}

    def test_may_be_one_pdf(self, database, fleet, own, at):
        with database.transaction() as session:
            page = new_page(content=PDF, name="licence.pdf")
            document_id = service.add_page(session, actor=own, at=at, driver_id=fleet.driver_id, page=page)
            service.hand_in(session, actor=own, at=at, document_id=document_id, new=HandIn())

    def test_says_what_it_is_when_it_is_something_else(self, database, fleet, own, at):
        with pytest.raises(Invalid, match="Say what it is"):
            hand_in(database, fleet.driver_id, at, kind=DocumentKind.OTHER, pages=1, actor=own)
        hand_in(
            database, fleet.driver_id, at, kind=DocumentKind.OTHER, pages=1, actor=own, title="Marriage certificate"
        )

        with database.reading() as reader:
            (found,) = queries.list_documents(reader, viewer=ROOT, driver_id=fleet.driver_id)
        assert found.title == "Marriage certificate"

    def test_is_not_taken_of_who_has_left(self, database, fleet, at):
        with database.transaction() as session:
            session.execute(sa.update(Driver).where(Driver.id == fleet.driver_id).values(stage=Stage.LEFT))
        with pytest.raises(Conflict, match="does not drive here"), database.transaction() as session:
            service.add_page(session, actor=ROOT, at=at, driver_id=fleet.driver_id, page=new_page())


class TestADocument:
    def test_waits_in_the_queue_until_it_is_accepted(self, database, fleet, own, clerk, at, until):
        document_id = hand_in(database, fleet.driver_id, at, actor=own)
        with database.reading() as reader:
            assert [one.id for one in queries.list_waiting(reader, viewer=clerk)] == [document_id]

        accept(database, document_id, at, until=until, actor=clerk)

        with database.reading() as reader:
            assert queries.list_waiting(reader, viewer=clerk) == []
            found = queries.get_document(reader, viewer=clerk, document_id=document_id)
        assert (found.state, found.valid_until, found.decided_by_id) == (DocumentState.ACCEPTED, until, clerk.id)

    def test_is_refused_with_a_reason_and_words_that_its_driver_reads(self, database, fleet, own, clerk, at):
        document_id = hand_in(database, fleet.driver_id, at, actor=own)
        refuse(database, document_id, at, words="The number is cut off", actor=clerk)

        with database.reading() as reader:
            (found,) = queries.list_driver_documents(reader, viewer=own, driver_id=fleet.driver_id)
            sealed = reader.execute(sa.select(Document.words_sealed)).scalar_one()
        assert (found.refusal_reason, found.words) == (RefusalReason.UNREADABLE, "The number is cut off")
        assert b"number" not in sealed

    def test_goes_on_counting_while_a_newer_one_waits_and_when_that_is_refused(self, database, fleet, at, until):
        first = hand_in(database, fleet.driver_id, at)
        accept(database, first, at, until=until)
        refuse(database, hand_in(database, fleet.driver_id, at), at)

        with database.reading() as reader:
            found = queries.get_document(reader, viewer=ROOT, document_id=first)
        assert (found.state, found.replaced_at) == (DocumentState.ACCEPTED, None)

    def test_is_replaced_by_the_next_that_is_accepted_and_stays_on_record(self, database, fleet, at, until):
        first = hand_in(database, fleet.driver_id, at)
        accept(database, first, at, until=until)
        second = hand_in(database, fleet.driver_id, at)
        accept(database, second, at, until=until + timedelta(days=1))

        with database.reading() as reader:
            everything = queries.list_documents(reader, viewer=ROOT, driver_id=fleet.driver_id)
        assert [(one.id, one.replaced_at is None) for one in everything] == [(second, True), (first, False)]

    def test_takes_the_place_of_one_that_still_waits(self, database, fleet, at):
        first, second = hand_in(database, fleet.driver_id, at), hand_in(database, fleet.driver_id, at)

        with database.reading() as reader:
            assert [one.id for one in queries.list_waiting(reader, viewer=ROOT)] == [second]
        with pytest.raises(Conflict, match="replaced by a newer one"):
            refuse(database, first, at)

    def test_is_decided_once(self, database, fleet, at, until):
        document_id = hand_in(database, fleet.driver_id, at)
        accept(database, document_id, at, until=until)

        with pytest.raises(Conflict, match="was accepted meanwhile"):
            refuse(database, document_id, at)

    def test_is_not_decided_by_who_has_read_another_version(self, database, fleet, at, until):
        document_id = hand_in(database, fleet.driver_id, at)
        with pytest.raises(PreconditionFailed), database.transaction() as session:
            service.accept_document(
                session,
                actor=ROOT,
                at=at,
                document_id=document_id,
                acceptance=Acceptance(valid_until=until),
                versions=[1],
            )

    def test_is_not_decided_by_its_driver(self, database, fleet, own, at, until):
        document_id = hand_in(database, fleet.driver_id, at, actor=own)
        both = Actor("user", own.id, "Both", roles=frozenset({"operator"}), parks=None)
        with pytest.raises(Conflict, match="their own documents"):
            accept(database, document_id, at, until=until, actor=both)

    def test_needs_words_when_the_reason_says_nothing(self, database, fleet, at):
        document_id = hand_in(database, fleet.driver_id, at)
        with pytest.raises(Invalid) as refused, database.transaction() as session:
            refusal = DocumentRefusal(reason=RefusalReason.OTHER)
            service.refuse_document(session, actor=ROOT, at=at, document_id=document_id, refusal=refusal)
        assert set(refused.value.fields) == {"words"}

    def test_of_a_licence_sets_the_last_day_of_the_record(self, database, fleet, at, until):
        accept(database, hand_in(database, fleet.driver_id, at), at, until=until)

        with database.reading() as reader:
            driver = queries.get_driver(reader, viewer=ROOT, driver_id=fleet.driver_id, at=at)
        assert driver.licence_valid_until == until

    def test_takes_an_application_up_when_the_first_is_decided(self, database, fleet, at, until):
        with database.transaction() as session:
            session.execute(sa.update(Driver).where(Driver.id == fleet.driver_id).values(stage=Stage.APPLIED))
        accept(database, hand_in(database, fleet.driver_id, at), at, until=until)

        with database.reading() as reader:
            driver = queries.get_driver(reader, viewer=ROOT, driver_id=fleet.driver_id, at=at)
        assert driver.stage is Stage.VERIFYING


class TestSightOfDocuments:
    @pytest.fixture
    def document_id(self, database, fleet, own, at):
        return hand_in(database, fleet.driver_id, at, actor=own)

    def test_is_their_own_for_drivers(self, database, fleet, own, document_id, at):
        other = Actor("user", 999, "Other", roles=frozenset({"driver"}))
        with database.reading() as reader:
            (mine,) = queries.list_driver_documents(reader, viewer=own, driver_id=fleet.driver_id)
            page_id = mine.pages[0].id
            stored = queries.get_handed_in_page(
                reader, viewer=own, driver_id=fleet.driver_id, document_id=document_id, page_id=page_id
            )
            assert stored.content == PNG
            assert queries.list_driver_documents(reader, viewer=other, driver_id=fleet.driver_id) == []
            with pytest.raises(NotFound):
                queries.get_handed_in_page(
                    reader, viewer=other, driver_id=fleet.driver_id, document_id=document_id, page_id=page_id
                )

    def test_is_not_of_another_park(self, database, fleet, document_id):
        elsewhere = Actor("user", 9, "Olga", roles=frozenset({"operator"}), parks=frozenset({fleet.other_park_id}))
        with database.reading() as reader:
            assert queries.list_waiting(reader, viewer=elsewhere) == []
            with pytest.raises(NotFound):
                queries.list_documents(reader, viewer=elsewhere, driver_id=fleet.driver_id)
            with pytest.raises(NotFound):
                queries.get_document(reader, viewer=elsewhere, document_id=document_id)

    def test_needs_a_right_beyond_that_to_read_drivers(self, database, fleet, document_id, at):
        staff = Actor("user", 9, "Sam", roles=frozenset({"staff"}), parks=frozenset({fleet.park_id}))
        with database.reading() as reader:
            queries.get_driver(reader, viewer=staff, driver_id=fleet.driver_id, at=at)
            with pytest.raises(Forbidden):
                queries.list_documents(reader, viewer=staff, driver_id=fleet.driver_id)


class TestWhatRunsOut:
    def test_is_listed_the_earliest_first_for_who_drives(self, database, fleet, at, until):
        accept(database, hand_in(database, fleet.driver_id, at), at, until=until)
        insurance = hand_in(database, fleet.driver_id, at, kind=DocumentKind.INSURANCE, pages=1)
        accept(database, insurance, at, until=at.date() + timedelta(days=9))

        with database.reading() as reader:
            soon = queries.list_expiring(reader, viewer=ROOT, until=at.date() + timedelta(days=30))
            later = queries.list_expiring(reader, viewer=ROOT, until=until)
        assert [one.kind for one in soon] == [DocumentKind.INSURANCE]
        assert [one.kind for one in later] == [DocumentKind.INSURANCE, LICENCE]

    def test_is_missing_where_the_park_asks_for_it(self, database, fleet, at):
        with database.transaction() as session:
            rules_ = AdmissionRules(required_kinds=(LICENCE, DocumentKind.IDENTITY))
            service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules_)
        with database.reading() as reader:
            found = queries.list_kind_standings(reader, viewer=ROOT, driver_ids=[fleet.driver_id])
        assert [one.standing for one in found[fleet.driver_id]] == [DocumentStanding.MISSING] * 2
