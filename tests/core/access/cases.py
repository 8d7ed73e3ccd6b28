"""Invented cases of everything that locking is judged by: orders, vehicles, debts, laws, brakes, traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from core.access.models import BrakeKind, OrderKind, Outcome, Plan, Reason
from core.access.rules import (
    Attempt,
    BrakeOn,
    DebtLaw,
    DebtNow,
    FairnessInputs,
    Job,
    JurisdictionRules,
    PolicyInputs,
    RelayReading,
    Send,
    Step,
    Traffic,
    VehicleNow,
    Warning,
)
from core.config import AccessLimits, AccessTiming
from core.vehicles.models import Powertrain

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TIMING = AccessTiming()
LIMITS = AccessLimits()
DRIVER, OTHER_DRIVER = 7, 8
LAW = JurisdictionRules(
    debt=DebtLaw(
        default_days_weekly=5,
        default_days_other=10,
        warnings_weekly=(Warning(72, 2),),
        warnings_other=(Warning(72, 2),),
        emergency_start_hours=48,
        emergency_starts=2,
    ),
    notices={Reason.CONTRACT_ENDED: (Warning(24, 1),)},
)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def standing(**changes: object) -> VehicleNow:
    parked = VehicleNow(
        ts=ago(3),
        received_at=ago(2),
        speed_kmh=0.0,
        ignition=False,
        standing_since=ago(60),
        relay_on=False,
    )
    return replace(parked, **changes)


def fair(reason: Reason = Reason.SAFETY_LOCKDOWN, **changes: object) -> FairnessInputs:
    made = FairnessInputs(reason=reason, debtor_id=DRIVER, driver_now_id=DRIVER, device_uid="uid", rules=LAW)
    return replace(made, **changes)


def judged(vehicle: VehicleNow | None = None, **changes: object) -> PolicyInputs:
    """What an approved order of no civil reason is judged by; nothing but the vehicle speaks against it."""
    made = PolicyInputs(
        reason=Reason.SAFETY_LOCKDOWN,
        is_break_glass=False,
        is_approved=True,
        expires_at=NOW + timedelta(minutes=10),
        vehicle=standing() if vehicle is None else vehicle,
        powertrain=Powertrain.ICE,
        fairness=fair(),
    )
    return replace(made, **changes)


def order(kind: OrderKind = OrderKind.IMMOBILIZE, *attempts: Attempt, **changes: object) -> Job:
    made = Job(
        kind=kind,
        ordered_at=ago(20),
        armed_at=ago(20),
        expires_at=NOW + timedelta(minutes=10),
        started_at=attempts[0].started_at if attempts else None,
        quiet_after=None,
        attempts=attempts,
    )
    return replace(made, **changes)


def attempt(number: int, seconds_ago: float, outcome: Outcome | None = Outcome.ACCEPTED) -> Attempt:
    return Attempt(number, ago(seconds_ago), TIMING.command_ttl_s, outcome)


seconds = st.floats(min_value=-30, max_value=1200, allow_nan=False)
moments = st.none() | seconds.map(ago)
days = st.integers(-15 * 24, 15 * 24).map(lambda hours: NOW + timedelta(hours=hours))
vehicles = st.builds(
    VehicleNow,
    ts=moments,
    received_at=moments,
    speed_kmh=st.none() | st.sampled_from([0.0, 0.1, 1.0, 43.0, 250.0]),
    ignition=st.none() | st.booleans(),
    standing_since=moments,
    relay_on=st.none() | st.booleans(),
) | st.just(standing())
debts = st.builds(
    DebtNow,
    owed_minor=st.sampled_from([0, 1, 50_000]),
    currency=st.just("USD"),
    plan=st.sampled_from(list(Plan)),
    overdue_since=st.none() | days,
    promised_until=st.none() | days,
    disputed_at=st.none() | days,
    consented_at=st.none() | days,
    consented_device=st.sampled_from([None, "uid", "another"]),
)
warnings = st.lists(st.builds(Warning, st.integers(0, 240), st.integers(1, 3)), max_size=3).map(tuple)
laws = st.builds(
    JurisdictionRules,
    debt=st.builds(
        DebtLaw,
        default_days_weekly=st.integers(0, 12),
        default_days_other=st.integers(0, 12),
        warnings_weekly=warnings,
        warnings_other=warnings,
        emergency_start_hours=st.just(48),
        emergency_starts=st.just(2),
        written_consent=st.booleans(),
        device_in_consent=st.booleans(),
    ),
    notices=st.dictionaries(st.sampled_from([Reason.CONTRACT_ENDED, Reason.CONTRACT_VIOLATED]), warnings),
) | st.just(LAW)
lock_reasons = st.sampled_from(
    [r for r in Reason if r not in {Reason.RELEASED, Reason.EMERGENCY_START, Reason.PAYMENT}]
)
drivers = st.sampled_from([None, DRIVER, OTHER_DRIVER])


def mostly(usual: st.SearchStrategy[T], other: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Nine times in ten the usual: of cases in which everything is at random, none would let a lock go."""
    return st.integers(0, 9).flatmap(lambda n: other if n == 6 else usual)


@st.composite
def fairness(draw: st.DrawFn, reason: Reason) -> FairnessInputs:
    return FairnessInputs(
        reason=reason,
        debtor_id=draw(mostly(st.just(DRIVER), drivers)),
        driver_now_id=draw(mostly(st.just(DRIVER), drivers)),
        device_uid="uid",
        rules=draw(laws),
        debt=draw(mostly(owing, st.none() | debts)),
        told=draw(mostly(st.sampled_from([LONG_TOLD, LONG_TOLD, JUST_TOLD]), st.dictionaries(st.integers(1, 3), days))),
        free_until=draw(mostly(st.none(), days)),
    )


LONG_TOLD = {number: NOW - timedelta(days=20) for number in (1, 2, 3)}
JUST_TOLD = {number: NOW - timedelta(hours=20) for number in (1, 2, 3)}
owing = st.sampled_from(list(Plan)).map(
    lambda plan: DebtNow(
        50_000,
        "USD",
        plan,
        overdue_since=NOW - timedelta(days=30),
        consented_at=NOW - timedelta(days=90),
        consented_device="uid",
    )
)
standing_vehicles = st.builds(
    standing,
    ts=st.sampled_from([0, 1, 2, 3, 5, 14, 15.5]).map(ago),
    received_at=st.sampled_from([0, 1, 2, 3, 5, 14, 15.5]).map(ago),
    speed_kmh=mostly(st.just(0.0), st.sampled_from([0.1, 43.0])),
    ignition=mostly(st.just(False), st.sampled_from([None, True])),
    standing_since=st.sampled_from([9, 11, 30, 90]).map(ago),
)
deadlines = st.sampled_from([-600.0, -60.0, -1.0, -0.01, 0.0, 1.0]).map(ago)


@st.composite
def policies(draw: st.DrawFn) -> PolicyInputs:
    reason = draw(lock_reasons)
    is_break_glass = draw(mostly(st.just(reason in {Reason.THEFT, Reason.POLICE}), st.booleans()))
    brakes = st.sampled_from([(BrakeOn(kind, "why"),) for kind in BrakeKind])
    return PolicyInputs(
        reason=reason,
        is_break_glass=is_break_glass,
        is_approved=draw(mostly(st.just(not is_break_glass), st.booleans())),
        expires_at=draw(deadlines),
        vehicle=draw(mostly(standing_vehicles, vehicles)),
        powertrain=draw(mostly(st.just(Powertrain.ICE), st.sampled_from([None, *Powertrain]))),
        fairness=draw(fairness(reason)),
        passenger_on_board=draw(mostly(st.sampled_from([None, False]), st.just(True))),
        no_lock_zone=draw(mostly(st.none(), st.just("hospital"))),
        brakes=draw(mostly(st.just(()), brakes)),
        traffic=draw(st.none() | st.builds(Traffic, st.integers(0, 8), st.integers(0, 40), st.integers(0, 600))),
    )


outcomes = st.none() | st.sampled_from(list(Outcome))


@st.composite
def orders(draw: st.DrawFn, kind: OrderKind) -> Job:
    count = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4]))
    longest = draw(st.sampled_from([14, 60]))
    starts = sorted(draw(st.lists(st.floats(0, longest), min_size=count, max_size=count)), reverse=True)
    attempts = tuple(attempt(n, s, draw(outcomes)) for n, s in enumerate(starts, start=1))
    ordered = ago(draw(st.floats(60, 2000)))
    return order(
        kind,
        *attempts,
        ordered_at=ordered,
        armed_at=ordered,
        expires_at=draw(deadlines),
        quiet_after=draw(moments),
    )


readings = st.lists(
    st.builds(RelayReading, relay_on=st.booleans(), received_at=seconds.map(ago), source=st.sampled_from(["a", "b"])),
    max_size=3,
)


def find_wrong(job: Job, inputs: PolicyInputs, step: Step) -> Iterator[str]:
    """What must never be: said anew here, without the rules' own words for it."""
    if isinstance(step, Send) and job.kind is OrderKind.IMMOBILIZE:
        yield from _find_unsafe(inputs)
        yield from _find_unauthorized(job, inputs, step)
        yield from _find_unwarned(inputs.fairness)
        if inputs.reason is Reason.DEBT:
            yield from _find_unfair(inputs.fairness)


def _find_unsafe(inputs: PolicyInputs) -> Iterator[str]:
    vehicle = inputs.vehicle
    if vehicle.speed_kmh != 0 or vehicle.ignition is True:
        yield "a lock of a vehicle that moves or runs"
    if vehicle.ts is None or vehicle.received_at is None or min(vehicle.ts, vehicle.received_at) < ago(15):
        yield "a lock on a stale fix"
    if vehicle.standing_since is None or vehicle.standing_since > ago(10):
        yield "a lock of a vehicle that has just come to rest"
    if vehicle.ignition is None and inputs.powertrain is not Powertrain.ICE:
        yield "a lock of a silent ignition that may be in gear"
    if inputs.passenger_on_board or inputs.no_lock_zone:
        yield "a lock at a bad moment"


def _find_unauthorized(job: Job, inputs: PolicyInputs, step: Send) -> Iterator[str]:
    if step.number > 3 or inputs.expires_at <= NOW or (job.started_at is None and job.expires_at <= NOW):
        yield "a lock beyond its lifetime"
    if not inputs.is_approved and not (inputs.is_break_glass and inputs.reason in {Reason.THEFT, Reason.POLICE}):
        yield "a lock without its approval"
    if inputs.brakes:
        yield "a lock that is held back"
    if inputs.traffic is not None and inputs.traffic.last_minute >= LIMITS.locks_per_min:
        yield "a lock beyond the limit"


def _find_unwarned(inputs: FairnessInputs) -> Iterator[str]:
    if any(number not in inputs.told for number in range(1, len(inputs.warnings) + 1)):
        yield "a lock without its warnings"
        return
    if any(inputs.told[n] + timedelta(hours=w.hours_before) > NOW for n, w in enumerate(inputs.warnings, start=1)):
        yield "a lock within the grace"


def _find_unfair(inputs: FairnessInputs) -> Iterator[str]:
    debt = inputs.debt
    if inputs.debtor_id is None or inputs.debtor_id != inputs.driver_now_id:
        yield "a lock for another driver's debt"
    if debt is None or debt.owed_minor == 0 or debt.overdue_since is None:
        yield "a lock for no debt"
        return
    if debt.disputed_at is not None or (debt.promised_until is not None and debt.promised_until > NOW):
        yield "a lock for what is promised or disputed"
    weekly = debt.plan is Plan.WEEKLY
    least = inputs.rules.debt.default_days_weekly if weekly else inputs.rules.debt.default_days_other
    if NOW - debt.overdue_since < timedelta(days=least):
        yield "a lock before the law allows it"
    if inputs.free_until is not None and inputs.free_until > NOW:
        yield "a lock after an emergency start"
