"""The counting of what each has had."""

from __future__ import annotations

import multiprocessing
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portals.meter import Meter, Quota

TEN = Quota("ten", 10)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def meter(tmp_path, clock):
    return Meter(tmp_path / "counts", places=64, now_s=clock)


class TestAQuota:
    def test_may_be_had_at_once_and_is_there_again_little_by_little(self, meter, clock) -> None:
        assert [meter.spend("a", 1, TEN).units for _ in range(10)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        refused = meter.spend("a", 1, TEN)
        assert refused == (0, 60, 6)
        clock.now_s += 5.9
        assert meter.spend("a", 1, TEN).wait_s == 1
        clock.now_s += 0.2
        assert meter.spend("a", 1, TEN) == (0, 60, None)
        clock.now_s += 60
        assert meter.spend("a", 0, TEN) == (10, 0, None)

    def test_is_each_ones_own(self, meter) -> None:
        meter.spend("a", 10, TEN)
        assert meter.spend("b", 1, TEN).units == 9
        assert meter.spend("a", 1, Quota("other", 10)).units == 9

    def test_lets_no_more_be_had_for_asking_in_vain(self, meter, clock) -> None:
        meter.spend("a", 8, TEN)
        for _ in range(100):
            assert meter.spend("a", 5, TEN).wait_s == 18
        assert meter.spend("a", 2, TEN).wait_s is None

    def test_is_whole_for_who_wants_more_than_there_ever_is(self, meter) -> None:
        assert meter.spend("a", 99, TEN) == (0, 60, None)

    def test_of_before_the_machine_was_started_is_forgotten(self, meter, clock) -> None:
        meter.spend("a", 10, TEN)
        clock.now_s = 1.0
        assert meter.spend("a", 1, TEN).units == 9

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 12)), max_size=60))
    def test_is_never_exceeded_in_any_minute_by_more_than_what_came_back_in_it(self, tmp_path_factory, asked) -> None:
        clock = Clock()
        meter = Meter(tmp_path_factory.mktemp("meter") / "counts", places=8, now_s=clock)
        had: list[tuple[float, int]] = []
        for pause_s, cost in asked:
            clock.now_s += pause_s
            if meter.spend("a", cost, TEN).wait_s is None:
                had.append((clock.now_s, min(cost, 10)))
            in_a_minute = sum(cost for at_s, cost in had if at_s > clock.now_s - 60)
            assert in_a_minute <= 2 * TEN.per_minute


class TestAFullMeter:
    def test_forgets_who_has_the_most_left(self, tmp_path, clock) -> None:
        meter = Meter(tmp_path / "counts", places=8, now_s=clock)
        meter.spend("greedy", 10, TEN)
        for number in range(500):
            meter.spend(str(number), 1, TEN)
        assert meter.spend("greedy", 1, TEN).wait_s is not None
        assert (tmp_path / "counts").stat().st_size == 8 * 16


class TestTwoProcesses:
    def test_count_together(self, tmp_path) -> None:
        """Two spend from one name as fast as they can: together they get the quota and no more."""
        quota = Quota("shared", 6000)
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        both = [context.Process(target=_spend_all, args=(tmp_path / "counts", quota, results)) for _ in range(2)]
        began_s = time.monotonic()
        for process in both:
            process.start()
        had = [results.get(timeout=30) for _ in both]
        for process in both:
            process.join()
        came_back = (time.monotonic() - began_s) * 100 + 1
        assert quota.per_minute <= sum(had) <= quota.per_minute + came_back


def _spend_all(path, quota: Quota, results) -> None:
    meter = Meter(path)
    results.put(sum(meter.spend("a", 1, quota).wait_s is None for _ in range(6000)))
