"""Documents and photos of vehicles."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import DRIVER, STAFF, Actor
from core.vehicles import queries, rules, service
from core.vehicles.schemas import NewDocument, Upload
from tests.conftest import ROOT

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PAGE = Upload(name="front.png", content=PNG)
STAY = date(2027, 6, 30)


@pytest.fixture
def staff(fleet):
    return Actor("user", 9, "Staff", roles=frozenset({STAFF}), parks=frozenset({fleet.park_id}))


@pytest.fixture
def add(database, fleet, at):
    def added(kind="insurance", *, actor=ROOT, pages=(PAGE,), vehicle_id=None, **given):
        with database.transaction() as session:
            return service.add_document(
                session,
                actor=actor,
                at=at,
                vehicle_id=vehicle_id or fleet.vehicle_id,
                new=NewDocument(kind=kind, **given),
                pages=pages,
            )

    return added


@pytest.fixture
def documents(database, fleet):
    def read():
        with database.reading() as reader:
            return queries.list_documents(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id)

    return read


class TestDocument:
    def test_counts_from_when_it_is_added_and_the_one_before_stays(self, add, documents, staff):
        first = add(number="A1", valid_until=STAY)
        other = add("registration", actor=staff)
        second = add(number="A2", valid_until=STAY + timedelta(days=365))

        told = {one.id: (one.is_current, one.number, one.added_by) for one in documents()}
        assert told == {second: (True, "A2", "Tests"), other: (True, None, "Staff"), first: (False, "A1", "Tests")}

    def test_has_its_pages_in_order_and_opens_them(self, add, documents, database, fleet):
        add(pages=[PAGE, Upload(name="back.pdf", content=b"%PDF-1.7 back")])

        (document,) = documents()
        assert [page.name for page in document.pages] == ["front.png", "back.pdf"]
        with database.reading() as reader:
            stored = queries.get_document_page(
                reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, file_id=document.pages[1].id
            )
            assert stored.content == b"%PDF-1.7 back"
            with pytest.raises(NotFound):
                queries.get_document_page(
                    reader, viewer=ROOT, vehicle_id=fleet.other_vehicle_id, file_id=document.pages[1].id
                )

    def test_that_is_taken_back_lets_the_one_before_count_again(self, add, documents, database, fleet, at):
        first, second = add(number="A1", valid_until=STAY), add(number="A2", valid_until=STAY)

        def withdraw(why):
            with database.transaction() as session:
                service.withdraw_document(
                    session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, document_id=second, why=why
                )

        with pytest.raises(Invalid):
            withdraw(" ")
        withdraw("Of another vehicle")
        assert {one.id: one.is_current for one in documents()} == {second: False, first: True}
        with database.reading() as reader:
            told = queries.list_expiring_documents(reader, viewer=ROOT, until=STAY)
        assert [one[1] for one in told] == [first]
        with pytest.raises(Conflict):
            withdraw("Once more")

    @pytest.mark.parametrize(
        ("given", "pages", "field"),
        [
            ({"valid_from": STAY, "valid_until": STAY - timedelta(days=1)}, [PAGE], "valid_until"),
            ({}, [], "file"),
            ({}, [PAGE] * (service.MOST_PAGES + 1), "file"),
            ({}, [PAGE, Upload(name="virus.exe", content=b"MZ")], "file"),
        ],
    )
    def test_with_wrong_dates_or_files_is_refused_and_leaves_nothing(self, add, documents, given, pages, field):
        with pytest.raises(Invalid) as refused:
            add(pages=pages, **given)

        assert set(refused.value.fields) == {field}
        assert documents() == []

    def test_is_added_by_who_may_change_the_vehicle(self, add, fleet, staff):
        with pytest.raises(NotFound):
            add(actor=staff, vehicle_id=fleet.other_vehicle_id)
        with pytest.raises(Forbidden):
            add(actor=Actor("user", 3, "Driver", roles=frozenset({DRIVER}), parks=None))

    def test_that_ends_by_a_day_is_listed(self, add, database, staff):
        add(valid_until=STAY - timedelta(days=400))
        insurance, _ = add(valid_until=STAY), add("registration", valid_until=STAY + timedelta(days=1))
        with database.reading() as reader:
            told = queries.list_expiring_documents(reader, viewer=staff, until=STAY)
        assert [(one[1], one[3]) for one in told] == [(insurance, STAY)]


class TestValidity:
    @given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
    def test_ends_with_the_last_day_and_is_short_thirty_days_before(self, today, days):
        said = rules.name_validity(today + timedelta(days=days), today=today)
        assert said == ("expired" if days < 0 else "soon" if days <= 30 else "fine")

    def test_without_an_end_is_fine(self):
        assert rules.name_validity(None, today=STAY) == "fine"


class TestPhotos:
    @pytest.fixture
    def photos(self, database, fleet, at):
        with database.transaction() as session:
            return [
                service.add_photo(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, photo=PAGE) for _ in range(3)
            ]

    @pytest.fixture
    def shown(self, database, fleet):
        def read():
            with database.reading() as reader:
                return [one.id for one in queries.list_photos(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id)]

        return read

    def test_stand_in_the_order_they_came_until_one_is_put_first(self, database, fleet, at, photos, shown):
        assert shown() == photos
        for photo_id in (photos[2], photos[1], photos[1]):
            with database.transaction() as session:
                service.put_photo_first(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, photo_id=photo_id)
        assert shown() == [photos[1], photos[2], photos[0]]

    def test_are_shown_until_they_are_removed(self, database, fleet, at, photos, shown):
        def remove():
            with database.transaction() as session:
                service.remove_photo(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, photo_id=photos[0])

        remove()
        assert shown() == photos[1:]
        with pytest.raises(NotFound):
            remove()
        with database.reading() as reader, pytest.raises(NotFound):
            queries.get_photo(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, photo_id=photos[0])

    def test_open_as_they_were_taken(self, database, fleet, photos):
        with database.reading() as reader:
            stored = queries.get_photo(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, photo_id=photos[1])
        assert (stored.content, stored.media_type) == (PNG, "image/png")

    def test_are_no_documents_and_not_without_number(self, database, fleet, at, photos, monkeypatch):
        def add(content):
            with database.transaction() as session:
                upload = Upload(name="x", content=content)
                service.add_photo(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, photo=upload)

        with pytest.raises(Invalid, match="not added"):
            add(b"%PDF-1.7")
        monkeypatch.setattr("core.vehicles.service.papers.MOST_PHOTOS", 3)
        with pytest.raises(Invalid):
            add(PNG)
