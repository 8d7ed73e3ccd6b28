"""Whole lives of orders, in any sequence of what people, vehicles, gateways and time can do to them. Pure."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.access.models import BrakeKind, JobState, OrderKind, Outcome, Plan, Reason
from core.access.rules import (
    Attempt,
    BrakeOn,
    DebtNow,
    Finish,
    Job,
    LookUp,
    PolicyInputs,
    RelayReading,
    Send,
    Traffic,
    VehicleNow,
    next_step,
)
from core.vehicles.models import Powertrain
from tests.core.access.cases import DRIVER, LIMITS, NOW, OTHER_DRIVER, TIMING, ago, fair, find_wrong, order

DAY_S = 86_400.0
reasons = st.sampled_from([Reason.SAFETY_LOCKDOWN, Reason.THEFT, Reason.DEBT])
OWED = DebtNow(50_000, "USD", Plan.WEEKLY, overdue_since=None)


class Order:
    """One order with what has become of it. Moments are seconds of the world's clock."""

    def __init__(self, kind: OrderKind, at: float) -> None:
        self.kind, self.ordered_at, self.armed_at = kind, at, at
        self.expires_at = at + TIMING.approve_within_s
        self.started_at: float | None = None
        self.quiet_after: float | None = None
        self.attempts: list[tuple[float, Outcome | None]] = []
        self.verdict: JobState | None = None


class Lives(RuleBasedStateMachine):
    """One vehicle, at most one open order of each kind, and a worker that looks whenever time has passed.

    `looked` counts the states that were looked at, and `left` is when the locks of this life left.
    """

    looked = 0

    def __init__(self) -> None:
        super().__init__()
        self.t = 0.0
        self.lock: Order | None = None
        self.release: Order | None = None
        self.reason, self.is_break_glass, self.is_approved = Reason.SAFETY_LOCKDOWN, False, False
        self.vehicle = {"ts": -3600.0, "speed": 0.0, "ignition": False, "standing": -7200.0}
        self.readings: list[tuple[bool, float]] = []
        self.driver, self.is_paid, self.brake = DRIVER, False, ()
        self.left: list[float] = []

    # What people do

    @initialize(reason=reasons, seconds=st.sampled_from([1.0, 60.0]))
    def begin_with_an_approved_order(self, reason: Reason, seconds: float) -> None:
        self.order_lock(reason=reason, break_glass=False)
        self.wait(seconds)
        self.approve()

    @precondition(lambda self: not is_open(self.lock) and not is_open(self.release))
    @rule(reason=reasons, break_glass=st.booleans())
    def order_lock(self, reason: Reason, break_glass: bool) -> None:
        self.lock = Order(OrderKind.IMMOBILIZE, self.t)
        self.reason, self.is_approved, self.driver = reason, False, DRIVER
        self.is_break_glass = break_glass and reason is Reason.THEFT
        if self.is_break_glass:
            self.lock.expires_at = self.t + TIMING.arm_for_s

    @precondition(lambda self: is_open(self.lock) and not self.is_approved and not self.is_break_glass)
    @rule()
    def approve(self) -> None:
        assert self.lock is not None
        if self.t < self.lock.expires_at:
            self.is_approved, self.lock.armed_at = True, self.t
            self.lock.expires_at = self.t + TIMING.arm_for_s

    @precondition(lambda self: not is_open(self.release))
    @rule()
    def order_release(self) -> None:
        self.release = Order(OrderKind.RELEASE, self.t)
        self.release.expires_at = self.t + TIMING.release_for_s
        if self.lock is not None:
            if self.lock.attempts:
                self.release.quiet_after = self.lock.attempts[-1][0] + 2 * TIMING.command_ttl_s
            if is_open(self.lock):
                self.lock.verdict = JobState.CANCELLED
        # Whatever else is the case: nothing holds its first command up.
        step = self._step(self.release)
        assert step == Send(1)
        self._apply(self.release, step)

    @rule(paid=st.sampled_from([False, False, True]), driver=st.sampled_from([DRIVER, DRIVER, OTHER_DRIVER]))
    def change_hands(self, paid: bool, driver: int) -> None:
        self.is_paid, self.driver = paid, driver

    @rule(kind=st.sampled_from([None, None, *BrakeKind]))
    def brake_or_lift(self, kind: BrakeKind | None) -> None:
        self.brake = () if kind is None else (BrakeOn(kind, "why"),)

    # What the vehicle and the gateway do

    @rule(speed=st.sampled_from([0.0, 0.0, 0.0, 30.0]), ignition=st.sampled_from([False, False, True, None]))
    def report(self, speed: float, ignition: bool | None) -> None:
        standing = None if speed else self.vehicle["standing"]
        if speed == 0 and standing is None:
            standing = self.t
        self.vehicle = {"ts": self.t, "speed": speed, "ignition": ignition, "standing": standing}

    @rule(
        seconds=st.sampled_from([0.5, 1.0, 4.5, 9.0, 15.0]),
        outcome=st.none() | st.sampled_from([Outcome.ACCEPTED, Outcome.REFUSED, Outcome.NEVER_ARRIVED]),
        relay=st.sampled_from([None, None, True, False]),
    )
    def stand(self, seconds: float, outcome: Outcome | None, relay: bool | None) -> None:
        """What mostly happens: it stands with the engine off and says so, and the gateway answers."""
        if outcome is not None:
            self.answer(outcome)
        if relay is not None:
            self.tell_relay(relay, 0)
        self.vehicle = {"ts": self.t, "speed": 0.0, "ignition": False, "standing": self.t - 60}
        self.wait(seconds)

    @rule(is_on=st.booleans(), late=st.floats(0, 20))
    def tell_relay(self, is_on: bool, late: float) -> None:
        self.readings = [*self.readings[-2:], (is_on, self.t - late)]

    @rule(outcome=st.sampled_from(list(Outcome)))
    def answer(self, outcome: Outcome) -> None:
        for job in (self.lock, self.release):
            if job is not None and job.attempts and job.attempts[-1][1] in {None, Outcome.UNKNOWN}:
                job.attempts[-1] = (job.attempts[-1][0], outcome)

    # What time does, and the worker

    @rule(seconds=st.floats(0.25, 15) | st.sampled_from([1.0, 4.5, 14.0, 60.0, 901.0, 3_601.0]))
    def wait(self, seconds: float) -> None:
        self.t += seconds
        for job in (self.release, self.lock):
            if is_open(job):
                assert job is not None
                self._apply(job, self._step(job))

    def _step(self, job: Order) -> object:
        seen, inputs = self._see(job), self._judge(job)
        step = next_step(
            seen,
            inputs=inputs if job.kind is OrderKind.IMMOBILIZE else None,
            readings=[RelayReading(is_on, self._moment(at), "gateway") for is_on, at in self.readings],
            at=NOW,
            timing=TIMING,
            limits=LIMITS,
        )
        assert list(find_wrong(seen, inputs, step)) == []
        return step

    def _apply(self, job: Order, step: object) -> None:
        match step:
            case Send(number):
                assert number == len(job.attempts) + 1
                job.attempts.append((self.t, None))
                if job.started_at is None:
                    job.started_at = self.t
                    if job.kind is OrderKind.IMMOBILIZE:
                        self.left.append(self.t)
                        job.expires_at = self.t + TIMING.verdict_by_s
            case LookUp(number):
                assert number == len(job.attempts)
            case Finish(state):
                job.verdict = state

    def _moment(self, t: float) -> object:
        return ago(self.t - t)

    def _see(self, job: Order) -> Job:
        return order(
            job.kind,
            ordered_at=self._moment(job.ordered_at),
            armed_at=self._moment(job.armed_at),
            expires_at=self._moment(job.expires_at),
            started_at=None if job.started_at is None else self._moment(job.started_at),
            quiet_after=None if job.quiet_after is None else self._moment(job.quiet_after),
            attempts=tuple(
                Attempt(number, self._moment(at), TIMING.command_ttl_s, outcome)
                for number, (at, outcome) in enumerate(job.attempts, start=1)
            ),
        )

    def _judge(self, job: Order) -> PolicyInputs:
        seen = self.vehicle
        standing = seen["standing"]
        debt = replace(OWED, owed_minor=0) if self.is_paid else replace(OWED, overdue_since=ago(30 * DAY_S))
        told = {1: ago(4 * DAY_S)}
        recently = [at for at in self.left if self.t - at < 60]
        return PolicyInputs(
            reason=self.reason,
            is_break_glass=self.is_break_glass,
            is_approved=self.is_approved,
            expires_at=self._moment(job.expires_at),
            vehicle=VehicleNow(
                ts=self._moment(seen["ts"]),
                received_at=self._moment(seen["ts"]),
                speed_kmh=seen["speed"],
                ignition=seen["ignition"],
                standing_since=None if standing is None else self._moment(standing),
            ),
            powertrain=Powertrain.HYBRID,
            fairness=fair(self.reason, driver_now_id=self.driver, debt=debt, told=told),
            brakes=self.brake,
            traffic=Traffic(len(recently), 0, 500) if job.started_at is None else None,
        )

    # What must hold at every moment

    @invariant()
    def every_state_is_looked_at(self) -> None:
        Lives.looked += 1

    @invariant()
    def no_more_than_three_commands_of_a_lock(self) -> None:
        assert self.lock is None or len(self.lock.attempts) <= len(TIMING.attempt_at_s)

    @invariant()
    def a_lock_without_a_second_person_never_began(self) -> None:
        if self.lock is not None and self.lock.attempts:
            assert self.is_approved or self.is_break_glass

    @invariant()
    def a_lock_that_began_does_not_outlive_its_time(self) -> None:
        if self.lock is not None and self.lock.started_at is not None and is_open(self.lock):
            assert self.t - self.lock.started_at < TIMING.verdict_by_s

    @invariant()
    def what_was_released_has_been_sent(self) -> None:
        assert self.release is None or self.release.attempts


def is_open(job: Order | None) -> bool:
    """Whether something is still to be done for it."""
    return job is not None and job.verdict is None
