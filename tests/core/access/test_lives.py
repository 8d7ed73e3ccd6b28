"""Whole lives of orders, and the policy, in very many invented cases: few in each run of the tests, a million in
`make prove`.
"""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from core.access.models import OrderKind
from core.access.rules import Job, PolicyInputs, RelayReading, Send, Step, next_step
from tests.core.access.cases import LIMITS, NOW, TIMING, find_wrong, orders, policies, readings
from tests.core.access.lives import Lives

log = logging.getLogger(__name__)
# In rounds, since what a round has tried it keeps in memory.
ROUND = settings(
    max_examples=10_000,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class TestAnOrder:
    def test_never_does_what_it_must_not_whatever_happens_to_it(self) -> None:
        run_state_machine_as_test(Lives, settings=settings(max_examples=120, stateful_step_count=30, deadline=None))


@pytest.mark.proof
class TestAMillionCases:
    def test_of_the_policy(self) -> None:
        for number in range(80):
            seed(number)(ROUND(given(orders(OrderKind.IMMOBILIZE), policies(), readings)(_judge)))()
            log.info("%s cases of the policy; %s locks were let go", f"{_tried.total():,}", f"{_tried[Send]:,}")
        assert _tried.total() >= 800_000
        assert _tried[Send] > _tried.total() / 100

    def test_of_the_states(self) -> None:
        lives = settings(ROUND, max_examples=1_000, stateful_step_count=40)
        number = Lives.looked = 0
        while Lives.looked < 200_000:
            run_state_machine_as_test(seed(number)(type("Lives", (Lives,), {})), settings=lives)
            number += 1
            log.info("%s states of %s whole lives", f"{Lives.looked:,}", f"{number * lives.max_examples:,}")


class TestTheInventedCases:
    """Where nothing is ever let go, nothing is shown."""

    def test_let_enough_locks_go(self) -> None:
        _tried.clear()
        seed(1)(settings(ROUND, max_examples=300)(given(orders(OrderKind.IMMOBILIZE), policies(), readings)(_judge)))()
        assert _tried[Send] > 0


_tried: Counter[type[Step]] = Counter()


def _judge(job: Job, inputs: PolicyInputs, heard: list[RelayReading]) -> None:
    step = next_step(job, inputs=inputs, readings=heard, at=NOW, timing=TIMING, limits=LIMITS)
    _tried[type(step)] += 1
    assert list(find_wrong(job, inputs, step)) == []
