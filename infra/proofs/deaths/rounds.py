"""Every step of a lock and of a release, and at each of them the death of worker, web, gateway or database."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from core import audit
from core.access.queries import JobRecord
from core.access.schemas import JobState, OrderKind
from core.audit_verification import verify_log
from core.db import AWAY
from core.notes import Signer
from infra.proofs.deaths.program import FIRST, Plan, approve
from infra.proofs.deaths.world import World, small_world
from tasks import audit as keeping

Victim = Literal["worker", "web", "gateway", "database"]
VICTIMS: tuple[Victim, ...] = ("worker", "web", "gateway", "database")
VERDICT_WITHIN_S = 60.0
LATEST_VERDICT_S = 15.0
MOST_STEPS = 30


@dataclass(frozen=True)
class Round:
    """One death: of whom, at which step of what. `after` is the step's name, `verdict` how the order ended."""

    victim: Victim
    kind: OrderKind
    deadly: int
    at_step: str
    verdict: str
    took_s: float
    wrong: tuple[str, ...]


def prove(victims: Sequence[Victim] = VICTIMS) -> bool:
    """Print each round; whether all held."""
    with small_world(vehicle_count=len(VICTIMS) * 2 * MOST_STEPS) as world:
        rounds = []
        for one in _all_rounds(world, victims):
            rounds.append(one)
            words = (
                f"{one.kind.value:<10} {one.victim:<8} killed {one.at_step:<42} {one.verdict:<32} {one.took_s:5.1f} s"
            )
            print(words, *(f"WRONG: {wrong}" for wrong in one.wrong), flush=True)
        tampered = _check_log(world)
    wrong = [one for one in rounds if one.wrong]
    print(
        f"{len(rounds)} deaths, {len(wrong)} of them with something wrong. {dict(Counter(r.verdict for r in rounds))}"
    )
    print(f"The audit log: {tampered or 'every entry in its place, its chain and tree whole'}.")
    return not wrong and not tampered


def _check_log(world: World) -> list[str]:
    signer = Signer(bytes(32))
    keeping.append(world.database)
    with world.database.reading() as reader:
        return verify_log(reader, verifier_keys=signer.verifier_keys).wrong


def _all_rounds(world: World, victims: Sequence[Victim]) -> Iterator[Round]:
    numbers = iter(range(len(world.vehicle_ids)))
    for victim in victims:
        for kind in OrderKind:
            for deadly in range(1, MOST_STEPS):
                one = play(world, next(numbers), victim=victim, kind=kind, deadly=deadly)
                if one is None:
                    break
                yield one


def play(world: World, number: int, *, victim: Victim, kind: OrderKind, deadly: int) -> Round | None:
    """One order for vehicle `number`, during which `victim` dies at the step `deadly`; None: it has not so many."""
    world.add_unit(number)
    world.standing = number
    world.report()
    with Cast(world, number, victim, kind, deadly) as cast:
        if kind is OrderKind.RELEASE:
            cast.lock_first()
        if not cast.order() or not cast.carry_out():
            return None
        began = time.monotonic()
        try:
            jobs = cast.await_verdicts()
        except TimeoutError as problem:
            return Round(victim, kind, deadly, cast.at_step, "none", VERDICT_WITHIN_S, (str(problem),))
        took_s = time.monotonic() - began
        wrong = tuple(find_wrong(world, number, jobs, victim))
        if kind is OrderKind.IMMOBILIZE:
            wrong += tuple(cast.find_stuck())
    verdict = f"{jobs[0].state.value} in {len(jobs[0].attempts)} attempts"
    return Round(victim, kind, deadly, cast.at_step, verdict, took_s, wrong)


@dataclass
class Cast:
    """The programs of one round."""

    world: World
    number: int
    victim: Victim
    kind: OrderKind
    deadly: int
    _programs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Cast:
        self._journal = self.world.folder / f"{self.victim}-{self.kind}-{self.deadly}.journal"
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._programs:
            program.kill()
            program.wait()

    @property
    def at_step(self) -> str:
        """The name of the deadly step."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        return next((line.partition(" ")[2] for line in lines if line.startswith(f"{self.deadly} ")), "")

    def lock_first(self) -> None:
        """Something to be released."""
        self._run_order(OrderKind.IMMOBILIZE)
        worker = self._start("work", self._plan(deadly=0))
        self.await_verdicts()
        worker.kill()
        worker.wait()

    def order(self) -> bool:
        """Give the order; when the web dies of it, go on as a person would. False: it has not so many steps."""
        if self.victim != "web":
            self._run_order(self.kind)
            return True
        self._start("order", self._plan()).wait()
        if not self.at_step:
            return False
        jobs = [job for job in self.world.jobs_of(self.number) if job.kind is self.kind]
        if not jobs:
            self._run_order(self.kind)
        elif jobs[0].state is JobState.REQUESTED:
            approve(self.world.database, vehicle_id=jobs[0].vehicle_id, job_id=jobs[0].id)
        return True

    def carry_out(self) -> bool:
        """Carry it out, with the death on the way and with whoever comes after. False: it has not so many steps."""
        if self.victim == "web":
            self._start("work", self._plan(deadly=0))
            return True
        worker = self._start("work", self._plan())
        deadline = time.monotonic() + VERDICT_WITHIN_S
        while not self.at_step:
            is_over = self._is_over()
            time.sleep(0.2)  # after a verdict come steps that may still be counted
            if (is_over and not self.at_step) or time.monotonic() > deadline:
                return False
        self._raise_the_dead(worker)
        return True

    def await_verdicts(self) -> list[JobRecord]:
        """See World.wait_for_verdicts."""
        return self.world.wait_for_verdicts(self.number, VERDICT_WITHIN_S)

    def find_stuck(self) -> Iterator[str]:
        """Whether the vehicle can still be released."""
        self._run_order(OrderKind.RELEASE)
        if not any(program.poll() is None for program in self._programs):
            self._start("work", self._plan(deadly=0))
        try:
            jobs = self.await_verdicts()
        except TimeoutError as problem:
            yield f"the release afterwards: {problem}"
            return
        if jobs[0].state is not JobState.CONFIRMED:
            yield f"the release afterwards: {jobs[0].verdict}"

    def _raise_the_dead(self, worker: subprocess.Popen[bytes]) -> None:
        if self.victim == "worker":
            worker.wait()
            self._start("work", self._plan(deadly=0))
        elif self.victim == "gateway":
            self.world.stop_simulator()
            self.world.start_simulator()
            self.world.add_unit(self.number)
        else:
            self.world.server.start()

    def _is_over(self) -> bool:
        """A database that has just been killed cannot be asked, and then it is not over."""
        try:
            return all(not job.state.is_open for job in self.world.jobs_of(self.number))
        except AWAY:
            return False

    def _run_order(self, kind: OrderKind) -> None:
        plan = msgspec.structs.replace(self._plan(deadly=0), kind=kind)
        program = self._start("order", plan)
        if program.wait() != 0:
            raise RuntimeError((self.world.folder / "order.log").read_text()[-2000:])

    def _start(self, what: str, plan: Plan) -> subprocess.Popen[bytes]:
        program = self.world.start(what, plan)
        self._programs.append(program)
        return program

    def _plan(self, *, deadly: int | None = None) -> Plan:
        return Plan(
            vehicle_id=self.world.vehicle_ids[self.number],
            kind=self.kind,
            deadly=self.deadly if deadly is None else deadly,
            dies=self._dies(),
            journal=str(self._journal if deadly is None else self.world.folder / "healthy.journal"),
        )

    def _dies(self) -> tuple[int, ...]:
        if self.victim == "gateway" and self.world.simulator is not None:
            return (self.world.simulator.process.pid,)
        if self.victim == "database":
            return (self.world.server.pid or 0,)
        return ()


def find_wrong(world: World, number: int, jobs: Sequence[JobRecord], victim: Victim) -> Iterator[str]:
    """What must not be after a death: no verdict, a late one, a command too many, a gap in the audit."""
    if not jobs:
        yield "the order is lost"
    for job in jobs:
        if job.kind is OrderKind.IMMOBILIZE and job.started_at is not None and job.finished_at is not None:
            took_s = (job.finished_at - job.started_at).total_seconds()
            if took_s > LATEST_VERDICT_S:
                yield f"the verdict came after {took_s:.1f} s"
        yield from _find_gaps(world, job)
    if victim != "gateway":  # the witness dies with the gateway
        yield from _find_late_commands(world, number, jobs)


def _find_late_commands(world: World, number: int, jobs: Sequence[JobRecord]) -> Iterator[str]:
    for command in world.commands_to(number):
        if command["speed_kmh"] > 0 or command["ignition"]:
            yield "a command reached a vehicle that did not stand with its engine off"
    for job in jobs:
        wanted = job.kind is OrderKind.IMMOBILIZE
        sent = [c for c in world.commands_to(number) if (c["name"] == "Immobilize") is wanted]
        if job.state is JobState.CONFIRMED and job.finished_at is not None:
            late = [c for c in sent if c["executed_at"] > job.finished_at.timestamp() and wanted]
            if late:
                yield f"{len(late)} commands came after the confirmation"
        if wanted and len(sent) > len(job.attempts):
            yield f"{len(sent)} commands of {len(job.attempts)} attempts"


def _find_gaps(world: World, job: JobRecord) -> Iterator[str]:
    with world.database.reading() as reader:
        entries = audit.list_entries(reader, viewer=FIRST, subject=("immobilization", job.id))
    told = Counter(entry["action"].removeprefix(f"access.{job.kind}_") for entry in entries)
    answered = sum(attempt["outcome"] is not None for attempt in job.attempts)
    expected = {"ordered": 1, job.state.value: 1, "attempt_begun": len(job.attempts)}
    for action, times in expected.items():
        if told[action] != times:
            yield f"the audit tells {action} {told[action]} times, not {times}"
    if told["attempt_answered"] < answered:
        yield f"the audit tells {told['attempt_answered']} of {answered} answers"
