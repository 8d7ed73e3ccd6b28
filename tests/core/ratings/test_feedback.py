"""What colleagues say is shown of five and more, and of nobody in particular."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import Invalid, NotFound
from core.ratings import queries, service
from core.ratings.schemas import NewFeedback

MONTH = timedelta(days=32)


def say(park, rater, about, score, words="", at=None):
    with park.database.transaction() as session:
        new = NewFeedback(driver_id=park.people[about][0], score=score, words=words)
        service.give_feedback(session, actor=park.people[rater][1], at=at or park.at, new=new)


def read(park, about=0):
    with park.database.reading() as reader:
        return queries.list_own_batches(reader, viewer=park.people[about][1])


class TestFeedback:
    def test_of_four_is_not_shown_and_of_five_is_when_the_period_is_over(self, park, at):
        park.hire(6)
        for rater in range(1, 5):
            say(park, rater, 0, 3)
        park.keep(at + MONTH)
        assert read(park) == []
        say(park, 5, 0, 5, words="Leaves the car clean.", at=at + MONTH)
        park.keep(at + MONTH)
        assert read(park) == []
        park.keep(at + MONTH + MONTH)
        (batch,) = read(park)
        assert (batch.raters, batch.mean, batch.words) == (5, 3.4, ("Leaves the car clean.",))

    def test_that_was_released_leaves_nothing_of_who_said_what(self, park, at):
        park.hire(6)
        for rater in range(1, 7):
            say(park, rater, 0, 4, words=f"Words {rater}")
        park.keep(at + MONTH)
        assert sorted(read(park)[0].words) == [f"Words {rater}" for rater in range(1, 7)]
        with park.database.reading() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM ratings_feedback")).scalar_one() == 0

    def test_counts_in_the_rating_once_it_is_released(self, park, at):
        park.hire(5)
        for rater in range(1, 6):
            say(park, rater, 0, 1)
        park.keep(at + timedelta(hours=1))
        with park.database.reading() as reader:
            assert queries.find_own_rating(reader, viewer=park.people[0][1]).inputs.feedback_mean is None
        park.keep(at + MONTH)
        with park.database.reading() as reader:
            rating = queries.find_own_rating(reader, viewer=park.people[0][1])
        assert (rating.inputs.feedback_mean, rating.inputs.feedback_raters) == (1.0, 5)
        assert rating.value < 4.5

    def test_that_is_taken_back_in_time_counts_no_more(self, park, at):
        park.hire(5)
        for rater in range(1, 6):
            say(park, rater, 0, 2)
        with park.database.transaction() as session:
            service.withdraw_feedback(session, actor=park.people[1][1], at=at, driver_id=1)
        park.keep(at + MONTH)
        assert read(park) == []

    def test_that_is_released_cannot_be_taken_back(self, park, at):
        park.hire(5)
        for rater in range(1, 6):
            say(park, rater, 0, 2)
        park.keep(at + MONTH)
        with park.database.transaction() as session:
            assert not service.withdraw_feedback(session, actor=park.people[1][1], at=at, driver_id=1)
        assert read(park)[0].raters == 5

    def test_said_twice_in_a_period_is_said_once(self, park, at):
        park.hire(1)
        say(park, 1, 0, 2)
        say(park, 1, 0, 5)
        with park.database.reading() as reader:
            (colleague,) = queries.list_colleagues(reader, viewer=park.people[1][1], at=at)
        assert (colleague.driver_id, colleague.score) == (1, 5)

    def test_is_of_colleagues_alone(self, park, at):
        with pytest.raises(Invalid):
            say(park, 0, 0, 5)
        park.people.append((99, None))
        with pytest.raises(NotFound):
            say(park, 0, 1, 5)

    def test_is_told_by_the_audit_without_saying_about_whom(self, park, at):
        park.hire(1)
        say(park, 1, 0, 1, words="Never fills up.")
        with park.database.reading() as reader:
            query = "SELECT subject_id, detail::text FROM audit_entries WHERE action = 'ratings.feedback_given'"
            rows = reader.execute(sa.text(query)).all()
        assert [tuple(row) for row in rows] == [(str(park.people[1][0]), "{}")]
