"""The policy of locking and releasing, as sentences and as properties over generated cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.access.models import JobState, OrderKind, Outcome
from core.access.rules import (
    Finish,
    Job,
    LookUp,
    PolicyInputs,
    RelayReading,
    Send,
    VehicleNow,
    Wait,
    find_obstacle,
    next_step,
)
from core.config import AccessLimits
from core.vehicles.models import Powertrain
from tests.core.access.cases import (
    LIMITS,
    NOW,
    TIMING,
    ago,
    attempt,
    find_wrong,
    judged,
    order,
    orders,
    policies,
    readings,
    standing,
)

PLENTY = AccessLimits(locks_per_min=10_000, least_per_hour=10_000)
ICE = Powertrain.ICE


def step(job: Job, vehicle: VehicleNow | None = None, *readings: RelayReading) -> object:
    inputs = judged(vehicle, expires_at=job.expires_at)
    return next_step(job, inputs=inputs, readings=readings, at=NOW, timing=TIMING, limits=PLENTY)


class TestAVehicleIsSafeToLock:
    def test_when_it_stands_with_the_engine_off_and_said_so_just_now(self) -> None:
        assert find_obstacle(standing(), powertrain=ICE, at=NOW, timing=TIMING) is None

    def test_never_while_it_moves(self) -> None:
        obstacle = find_obstacle(standing(speed_kmh=43.2, standing_since=None), powertrain=ICE, at=NOW, timing=TIMING)
        assert obstacle == "it to stand: moving at 43 km/h"

    def test_never_with_the_engine_on(self) -> None:
        assert "ignition" in str(find_obstacle(standing(ignition=True), powertrain=ICE, at=NOW, timing=TIMING))

    def test_never_on_an_old_report_however_freshly_it_arrived(self) -> None:
        late = standing(ts=ago(600), received_at=ago(1))
        assert "fresh report" in str(find_obstacle(late, powertrain=ICE, at=NOW, timing=TIMING))

    def test_never_on_a_report_without_a_speed(self) -> None:
        assert "speed" in str(find_obstacle(standing(speed_kmh=None), powertrain=ICE, at=NOW, timing=TIMING))

    def test_never_before_it_has_stood_long_enough(self) -> None:
        obstacle = find_obstacle(standing(standing_since=ago(4)), powertrain=ICE, at=NOW, timing=TIMING)
        assert obstacle == "it to stand for 10 s: standing for 4 s"

    def test_never_when_it_was_never_heard_of(self) -> None:
        assert find_obstacle(VehicleNow(), powertrain=ICE, at=NOW, timing=TIMING) is not None


class TestALock:
    def test_is_sent_at_once_when_that_is_safe(self) -> None:
        assert step(order()) == Send(1)

    def test_waits_and_says_for_what_while_the_vehicle_moves(self) -> None:
        moving = standing(speed_kmh=30.0, standing_since=None)
        assert step(order(), moving) == Wait("it to stand: moving at 30 km/h")

    def test_expires_without_a_command_when_it_was_never_safe(self) -> None:
        moving = standing(speed_kmh=30.0, standing_since=None)
        verdict = step(order(expires_at=NOW), moving)
        assert isinstance(verdict, Finish)
        assert verdict.state is JobState.EXPIRED

    def test_expires_even_when_it_has_just_become_safe(self) -> None:
        verdict = step(order(expires_at=NOW))
        assert isinstance(verdict, Finish)
        assert verdict.state is JobState.EXPIRED

    def test_is_confirmed_by_a_relay_that_holds_after_the_command_left(self) -> None:
        proof = RelayReading(relay_on=True, received_at=ago(1), source="telemetry")
        verdict = step(order(OrderKind.IMMOBILIZE, attempt(1, 2)), None, proof)
        assert isinstance(verdict, Finish)
        assert (verdict.state, verdict.proof) == (JobState.CONFIRMED, proof)

    def test_is_not_confirmed_by_what_the_relay_said_before_the_command(self) -> None:
        old = RelayReading(relay_on=True, received_at=ago(5), source="telemetry")
        assert isinstance(step(order(OrderKind.IMMOBILIZE, attempt(1, 2)), None, old), Wait)

    def test_is_not_confirmed_when_a_newer_report_contradicts(self) -> None:
        held = RelayReading(relay_on=True, received_at=ago(1.5), source="vialon_relay")
        open_again = RelayReading(relay_on=False, received_at=ago(0.5), source="telemetry")
        assert isinstance(step(order(OrderKind.IMMOBILIZE, attempt(1, 2)), None, held, open_again), Wait)

    def test_is_tried_again_after_four_and_a_half_seconds(self) -> None:
        assert step(order(OrderKind.IMMOBILIZE, attempt(1, 4.5))) == Send(2)

    def test_is_not_tried_again_while_the_vehicle_moves(self) -> None:
        moving = standing(speed_kmh=5.0, standing_since=None)
        assert isinstance(step(order(OrderKind.IMMOBILIZE, attempt(1, 4.5)), moving), Wait)

    def test_looks_into_the_log_before_it_repeats_a_command_of_unknown_fate(self) -> None:
        assert step(order(OrderKind.IMMOBILIZE, attempt(1, 4.5, None))) == LookUp(1)
        assert step(order(OrderKind.IMMOBILIZE, attempt(1, 1, Outcome.UNKNOWN))) == LookUp(1)

    def test_has_a_verdict_before_fifteen_seconds_whatever_happened(self) -> None:
        late = order(OrderKind.IMMOBILIZE, attempt(1, 14), attempt(2, 9.5, None), attempt(3, 5, None))
        verdict = step(late)
        assert isinstance(verdict, Finish)
        assert verdict.state is JobState.FAILED

    def test_says_plainly_when_no_command_reached_the_vehicle(self) -> None:
        refused = [attempt(n, 10 - 4 * n, Outcome.REFUSED) for n in (1, 2, 3)]
        verdict = step(order(OrderKind.IMMOBILIZE, *refused, started_at=ago(6)))
        assert isinstance(verdict, Finish)
        assert "It is not locked" in verdict.verdict


class TestARelease:
    def test_is_sent_whatever_the_vehicle_does(self) -> None:
        moving = standing(speed_kmh=90.0, ignition=True, standing_since=None)
        assert step(order(OrderKind.RELEASE), moving) == Send(1)

    def test_is_sent_to_a_vehicle_that_was_never_heard_of(self) -> None:
        assert step(order(OrderKind.RELEASE), VehicleNow()) == Send(1)

    def test_does_not_believe_a_relay_that_is_off_while_a_lock_may_still_arrive(self) -> None:
        off = RelayReading(relay_on=False, received_at=ago(0.5), source="telemetry")
        job = order(OrderKind.RELEASE, attempt(1, 1), quiet_after=NOW + timedelta(seconds=3))
        assert isinstance(step(job, None, off), Wait)

    def test_believes_a_relay_that_was_told_off_in_the_second_in_which_its_command_left(self) -> None:
        off = RelayReading(relay_on=False, received_at=ago(1.9), source="telemetry")
        done = step(order(OrderKind.RELEASE, attempt(1, 1), quiet_after=ago(60)), None, off)
        assert isinstance(done, Finish)
        assert done.state is JobState.CONFIRMED

    def test_does_not_believe_what_was_told_before_the_lock_was_confirmed(self) -> None:
        off = RelayReading(relay_on=False, received_at=ago(1.9), source="telemetry")
        assert isinstance(step(order(OrderKind.RELEASE, attempt(1, 1), quiet_after=ago(1.5)), None, off), Wait)

    def test_goes_on_trying_after_three_attempts(self) -> None:
        tried = [attempt(1, 40), attempt(2, 35), attempt(3, 15)]
        assert step(order(OrderKind.RELEASE, *tried)) == Send(4)

    def test_ends_loudly_after_a_day(self) -> None:
        verdict = step(order(OrderKind.RELEASE, attempt(1, 40), expires_at=NOW))
        assert isinstance(verdict, Finish)
        assert verdict.state is JobState.FAILED
        assert "may still be locked" in verdict.verdict


class TestInEveryCase:
    """Bounded here; a million cases of each in `make prove`."""

    @given(orders(OrderKind.IMMOBILIZE), policies(), readings)
    def test_no_lock_is_sent_that_must_not_be(self, job: Job, inputs: PolicyInputs, heard: list[RelayReading]) -> None:
        step = next_step(job, inputs=inputs, readings=heard, at=NOW, timing=TIMING, limits=LIMITS)
        assert list(find_wrong(job, inputs, step)) == []

    @given(orders(OrderKind.IMMOBILIZE), policies(), readings)
    def test_a_started_lock_has_a_verdict_once_its_time_is_over(
        self, job: Job, inputs: PolicyInputs, heard: list[RelayReading]
    ) -> None:
        if job.started_at is not None and NOW - job.started_at >= timedelta(seconds=TIMING.verdict_by_s):
            step = next_step(job, inputs=inputs, readings=heard, at=NOW, timing=TIMING, limits=LIMITS)
            assert isinstance(step, Finish)

    @given(orders(OrderKind.RELEASE), readings)
    def test_a_release_without_an_attempt_is_always_sent(self, job: Job, heard: list[RelayReading]) -> None:
        fresh = replace(job, attempts=(), started_at=None)
        assert next_step(fresh, inputs=None, readings=heard, at=NOW, timing=TIMING, limits=LIMITS) == Send(1)

    @given(st.sampled_from(list(OrderKind)).flatmap(orders), policies(), readings)
    def test_confirmed_needs_a_reading_that_shows_it(
        self, job: Job, inputs: PolicyInputs, heard: list[RelayReading]
    ) -> None:
        step = next_step(job, inputs=inputs, readings=heard, at=NOW, timing=TIMING, limits=LIMITS)
        if isinstance(step, Finish) and step.state is JobState.CONFIRMED:
            assert step.proof in heard
            assert step.proof.relay_on is (job.kind is OrderKind.IMMOBILIZE)
            if job.attempts:
                assert step.proof.received_at >= job.attempts[0].started_at - timedelta(seconds=1)
                if job.kind is OrderKind.IMMOBILIZE:
                    assert step.proof.received_at >= job.attempts[0].started_at
