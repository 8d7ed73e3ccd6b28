"""Whole lives of orders, and the policy, in very many invented cases: few in each run of the tests, a million in
`make prove`.
"""

from __future__ import annotations

import logging

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from core.access.models import OrderKind
from core.access.rules import Job, PolicyInputs, RelayReading, next_step
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
            log.info("%s cases of the policy", f"{(number + 1) * ROUND.max_examples:,}")

    def test_of_the_states(self) -> None:
        lives = settings(ROUND, max_examples=2_000, stateful_step_count=40)
        for number in range(100):
            run_state_machine_as_test(seed(number)(type("Lives", (Lives,), {})), settings=lives)
            log.info("%s whole lives of orders", f"{(number + 1) * lives.max_examples:,}")


def _judge(job: Job, inputs: PolicyInputs, heard: list[RelayReading]) -> None:
    step = next_step(job, inputs=inputs, readings=heard, at=NOW, timing=TIMING, limits=LIMITS)
    assert list(find_wrong(job, inputs, step)) == []
