"""No sequence of publications tells what a single rater said."""

from __future__ import annotations

from datetime import date
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ratings.rules.releasing import Given, K, release

MONTHS = [date(2026, month, 1) for month in range(1, 9)]
# One act: in which month a rater gives a score, or takes back all that waits (score 0).
ACTS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9), st.integers(0, 5)), max_size=80)


def live(acts):
    """A run of months about one driver: all that was released, with the pieces as they were given."""
    waiting, pieces, batches, number = {}, {}, [], 0
    for index, month in enumerate(MONTHS):
        if (batch := release(list(waiting.values()), before=month)) is not None:
            batches.append(batch)
            waiting = {key: one for key, one in waiting.items() if one.id not in batch.spent}
        for _, rater, score in (act for act in acts if act[0] == index):
            if score == 0:
                waiting = {key: one for key, one in waiting.items() if one.rater_id != rater}
                continue
            number += 1
            key = (rater, month)
            waiting[key] = pieces[number] = Given(number, rater, month, score)
    return batches, pieces


class TestWhatIsReleased:
    @settings(max_examples=40)
    @given(ACTS)
    def test_is_never_of_fewer_than_five_raters(self, acts):
        batches, pieces = live(acts)
        for batch in batches:
            raters = [pieces[id_].rater_id for id_ in batch.counted]
            assert len(raters) == len(set(raters)) == batch.raters >= K

    @settings(max_examples=40)
    @given(ACTS)
    def test_leaves_no_difference_that_is_of_fewer(self, acts):
        batches, pieces = live(acts)
        for size in range(1, min(len(batches), 4) + 1):
            for some in combinations(batches, size):
                for others in combinations(batches, size):
                    left = {id_ for batch in some for id_ in batch.counted} ^ {
                        id_ for batch in others for id_ in batch.counted
                    }
                    assert not left or len({pieces[id_].rater_id for id_ in left}) >= K

    @settings(max_examples=40)
    @given(ACTS)
    def test_uses_each_piece_once(self, acts):
        batches, _ = live(acts)
        spent = [id_ for batch in batches for id_ in batch.spent]
        assert len(spent) == len(set(spent))
        assert all(set(batch.counted) <= set(batch.spent) for batch in batches)

    @given(st.integers(1, 5))
    def test_says_nothing_of_four_whatever_they_said_and_however_often(self, score):
        waiting = [Given(n, n % 4, MONTHS[n // 4], score) for n in range(16)]
        assert release(waiting, before=MONTHS[-1]) is None

    def test_waits_for_the_period_to_end(self):
        waiting = [Given(n, n, MONTHS[2], 4) for n in range(8)]
        assert release(waiting, before=MONTHS[2]) is None
        assert release(waiting, before=MONTHS[3]).raters == 8

    def test_counts_the_newest_of_a_rater_and_rounds_the_mean(self):
        waiting = [Given(n, n, MONTHS[1], 5) for n in range(1, 7)] + [Given(9, 1, MONTHS[0], 1)]
        batch = release(waiting, before=MONTHS[2])
        assert (batch.mean, batch.raters) == (5.0, 6)
        assert 9 in batch.spent
        assert 9 not in batch.counted
