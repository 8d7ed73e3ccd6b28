"""Ratings as they are computed, kept and told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from core.access import queries as access
from core.access.schemas import IncidentFact, Severity
from core.errors import Forbidden, NotFound
from core.ratings import queries, service
from core.ratings.rules.computing import compute_rating
from tasks.ratings import ACTOR
from tests.conftest import ROOT
from tests.core.ratings.conftest import THRESHOLDS, as_operator

DAY = timedelta(days=1)


class TestADriver:
    def test_is_rated_once_a_day_from_what_their_vehicle_did(self, park, at):
        park.drive(200, harsh_braking=16, overspeed=13)
        assert park.keep(at + DAY) == 1
        assert park.keep(at + DAY) == 0
        with park.database.reading() as reader:
            rating = queries.find_own_rating(reader, viewer=park.people[0][1])
        assert rating.inputs.distance_m == 200_000
        assert [line.measure.counted for line in rating.explained.lines[:2]] == [16, 13]
        assert rating.value == compute_rating(rating.inputs).value < 4.5

    def test_does_not_answer_for_what_was_before_they_had_the_vehicle(self, park, at):
        park.drive(200, days_ago=3, overspeed=9)
        park.keep(at + DAY)
        with park.database.reading() as reader:
            rating = queries.find_own_rating(reader, viewer=park.people[0][1])
        assert rating.inputs.detections == ()
        assert rating.value == 4.5

    def test_is_rated_anew_only_by_something_new(self, park, at):
        park.drive(200)
        park.keep(at + DAY)
        later = at + DAY + timedelta(minutes=1)
        with park.database.transaction() as session:
            service.rate_driver(session, actor=ACTOR, at=later, driver_id=1, thresholds=THRESHOLDS)
        with park.database.reading() as reader:
            assert queries.find_own_rating(reader, viewer=park.people[0][1]).revision == 1
        park.note("i-1", IncidentFact(as_of=at, severity=Severity.SERIOUS, at=at - timedelta(hours=2)))
        with park.database.transaction() as session:
            service.rate_driver(session, actor=ACTOR, at=later, driver_id=1, thresholds=THRESHOLDS)
        with park.database.reading() as reader:
            rating = queries.find_own_rating(reader, viewer=park.people[0][1])
        assert rating.revision == 2
        assert [one.key for one in rating.inputs.incidents] == ["i-1"]

    def test_is_restricted_by_a_low_rating_over_enough_trips(self, park, at):
        for n in range(25):
            park.drive(40, days_ago=0.2 + n * 0.03, overspeed=8, harsh_braking=8)
        park.keep(at + DAY)
        with park.database.reading() as reader:
            standing = access.get_standing(reader, viewer=ROOT, at=at, driver_id=1)
        assert standing.status == "restricted"
        assert [reason.rule for reason in standing.reasons] == ["rating_low"]
        assert "“My rating” tells line by line" in standing.reasons[0].way_back

    def test_of_another_park_is_not_there(self, park, at):
        park.keep(at + DAY)
        with park.database.reading() as reader:
            with pytest.raises(NotFound):
                queries.find_rating(reader, viewer=as_operator(2, park_id=2), driver_id=1)
            assert queries.list_ratings(reader, viewer=as_operator(2, park_id=2)) == []
            with pytest.raises(Forbidden):
                queries.list_ratings(reader, viewer=park.people[0][1])

    def test_keeps_ratings_that_nobody_can_change(self, park, at):
        park.keep(at + DAY)
        with pytest.raises(ProgrammingError, match="append-only"), park.database.transaction() as session:
            session.execute(sa.text("UPDATE ratings_ratings SET value = 5"))
