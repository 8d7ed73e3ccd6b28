"""The table of drivers: who is in it, in which order, and what is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.drivers import queries, service
from core.drivers.queries import RosterFilter
from core.drivers.schemas import AdmissionRules, DocumentKind, NewDriver, Stage
from core.permissions import Actor
from tests.conftest import ROOT
from tests.core.drivers.papers import accept, hand_in, refuse


@pytest.fixture
def three(database, fleet, at):
    """Beside the driver of the fleet two more: one being verified, one in the other park."""
    with database.transaction() as session:
        rules = AdmissionRules(required_kinds=(DocumentKind.LICENCE,))
        service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules)
        ben = service.register_driver(
            session,
            actor=ROOT,
            at=at,
            new=NewDriver(name="Ben Okri", phone="+14155550111", park_id=fleet.park_id),
            stage=Stage.VERIFYING,
        )
        cleo = service.register_driver(
            session,
            actor=ROOT,
            at=at,
            new=NewDriver(name="Cleo Adams", phone="+14155550112", park_id=fleet.other_park_id),
        )
    return fleet.driver_id, ben, cleo


def find(database, at, viewer=ROOT, **wanted):
    with database.reading() as reader:
        return queries.list_roster(reader, viewer=viewer, at=at, wanted=RosterFilter(**wanted))


def names(roster):
    return [line.name for line in roster.lines]


NARROWED = [
    ({"text": "okri ben"}, ["Ben Okri"]),
    ({"text": "zebra"}, []),
    ({"text": "+1 415 555-0112"}, ["Cleo Adams"]),
    ({"text": "+1 415 555"}, []),
    ({"stage": "verifying"}, ["Ben Okri"]),
    ({"stage": "left"}, []),
    ({"stage": "nonsense"}, ["Ana Lopez", "Ben Okri", "Cleo Adams"]),
    ({"vehicle": "with"}, ["Ana Lopez"]),
    ({"vehicle": "without"}, ["Ben Okri", "Cleo Adams"]),
    ({"papers": "missing"}, ["Ana Lopez", "Ben Okri"]),
    ({"papers": "expired"}, []),
]


class TestTheRoster:
    def test_is_in_the_order_of_names_and_shows_who_has_what(self, database, three, fleet, at):
        roster = find(database, at)

        assert names(roster) == ["Ana Lopez", "Ben Okri", "Cleo Adams"]
        assert [line.vehicle_id for line in roster.lines] == [fleet.vehicle_id, None, None]
        assert roster.lines[0].phone == "+14155550100"

    def test_is_narrowed_by_each_filter(self, database, three, at):
        for wanted, found in NARROWED:
            assert names(find(database, at, **wanted)) == found, wanted

    def test_ends_at_the_parks_of_the_viewer(self, database, three, fleet, at):
        clerk = Actor("user", 3, "Dana", roles=frozenset({"operator"}), parks=frozenset({fleet.other_park_id}))

        assert names(find(database, at, viewer=clerk)) == ["Cleo Adams"]

    def test_counts_among_what_the_other_filters_leave(self, database, three, at):
        roster = find(database, at, papers="missing")

        assert (roster.total, roster.stages["verifying"], roster.stages["active"]) == (2, 1, 1)
        assert find(database, at, stage="verifying").papers["missing"] == 1

    def test_shows_what_waits_what_was_refused_and_what_runs_out(self, database, three, at):
        ana, ben, _ = three
        accept(database, hand_in(database, ana, at), at, until=at.date() + timedelta(days=12))
        refuse(database, hand_in(database, ben, at), at)
        hand_in(database, ben, at)

        by_id = {line.id: line for line in find(database, at).lines}
        assert (by_id[ana].is_expiring, by_id[ana].missing) == (True, ())
        assert (by_id[ben].waiting, by_id[ben].refused) == (1, (DocumentKind.LICENCE,))
        assert [names(find(database, at, papers=word)) for word in ("waiting", "refused", "expiring")] == [
            ["Ben Okri"],
            ["Ben Okri"],
            ["Ana Lopez"],
        ]

    def test_comes_in_pages(self, database, three, at):
        with database.reading() as reader:
            page = queries.list_roster(reader, viewer=ROOT, at=at, wanted=RosterFilter(), offset=1, most=1)
        assert (names(page), page.total) == (["Ben Okri"], 3)

    def test_may_begin_with_what_runs_out_first(self, database, three, at):
        _, ben, _ = three
        accept(database, hand_in(database, ben, at), at, until=at.date() + timedelta(days=12))

        assert names(find(database, at, order="runs_out"))[0] == "Ben Okri"
