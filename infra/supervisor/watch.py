"""Keeps the database and the programs alive, and brings them down in the reverse order."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.errors import CannotStart
from infra.postgres import Server
from infra.supervisor.child import Child
from infra.supervisor.guard_line import GuardLine
from infra.supervisor.output import Output
from infra.supervisor.program import Program

TICK_S = 0.05
STOP_GRACE_S = 15.0
ORPHAN_GRACE_S = 3.0
DATABASE_ORPHAN_GRACE_S = 20.0
STEADY_AFTER_S = 30.0
RESTART_DELAYS_S = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


@dataclass
class _Place:
    """A program's place in the run: its child while it lives, else when to start the next one."""

    program: Program
    child: Child | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    quick_deaths: int = 0

    def next_delay_s(self, now: float) -> float:
        """At once at first; longer and longer for one that never stays up."""
        self.quick_deaths = 0 if now - self.started_at >= STEADY_AFTER_S else self.quick_deaths
        delay = RESTART_DELAYS_S[min(self.quick_deaths, len(RESTART_DELAYS_S) - 1)]
        self.quick_deaths += 1
        return delay


class Watch:
    """The children of one run. Everything here happens in the main thread."""

    def __init__(self, output: Output, guard: GuardLine, server: Server | None) -> None:
        self._output = output
        self._guard = guard
        self._server = server
        self._server_pid: int | None = None
        self._places: list[_Place] = []
        self._stop_requests = 0

    @property
    def told_to_stop(self) -> bool:
        return self._stop_requests > 0

    def tell_to_stop(self) -> None:
        """Called by a signal, so it only counts. The second one is from somebody who will not wait."""
        self._stop_requests += 1

    def start_database(self) -> str | None:
        """The address of our own database, running; None when we have none of our own."""
        if self._server is None:
            return None
        dsn = self._server.start()
        self._server_pid = self._server.pid
        if self._server_pid:
            self._guard.watch(self._server_pid, signal.SIGINT, DATABASE_ORPHAN_GRACE_S, signal.SIGQUIT)
        self._output.say(f"PostgreSQL is up (process {self._server_pid})")
        return dsn

    def run_to_end(self, step: Program, environment: Mapping[str, str]) -> None:
        """Run a step and wait for it. Raises CannotStart when it fails, unless we were told to stop."""
        try:
            child = self._launch(step, environment)
        except OSError as refusal:
            raise CannotStart(f"{step.command[0]} could not be started ({refusal.strerror}).") from refusal
        self._places = [_Place(step, child)]
        while not child.ended():
            if self.told_to_stop:
                return
            time.sleep(TICK_S)
        self._let_go(self._places[0])
        if not child.succeeded:
            raise CannotStart(f"{step.name} {child.verdict}; its words are above and in logs/{step.name}.log")

    def keep_running(self, programs: Iterable[Program], environment: Mapping[str, str]) -> None:
        """Start the programs and start again what dies, until told to stop."""
        self._places = [_Place(program) for program in programs]
        while not self.told_to_stop:
            self._guard.stay_alive()
            self._mind_the_database()
            for place in self._places:
                self._mind(place, environment)
            time.sleep(TICK_S)

    def stop_everything(self) -> None:
        """Programs first, the last started asked first; then the database. Nothing is left."""
        alive = [place for place in reversed(self._places) if place.child]
        if alive or self._server:
            self._output.say("Stopping")
        for place in alive:
            if place.child:
                place.child.ask_to_stop()
        deadline = time.monotonic() + STOP_GRACE_S
        for place in alive:
            self._await_end(place, deadline)
        if self._server:
            self._server.stop()
            if self._server_pid:
                self._guard.forget(self._server_pid)
        self._output.say("Stopped")

    def _mind_the_database(self) -> None:
        if self._server is None or self._server.pid is not None:
            return
        self._output.say(f"PostgreSQL (process {self._server_pid}) died; starting it again")
        if self._server_pid:
            self._guard.forget(self._server_pid)
        self.start_database()

    def _mind(self, place: _Place, environment: Mapping[str, str]) -> None:
        if place.child is None:
            if time.monotonic() >= place.start_at:
                self._start(place, environment)
        elif place.child.ended():
            self._note_death(place, f"(process {place.child.pid}) {place.child.verdict}")
            self._let_go(place)

    def _start(self, place: _Place, environment: Mapping[str, str]) -> None:
        place.started_at = time.monotonic()
        try:
            place.child = self._launch(place.program, environment)
        except OSError as refusal:
            self._note_death(place, f"could not be started ({refusal.strerror})")

    def _launch(self, program: Program, environment: Mapping[str, str]) -> Child:
        child = Child(program, environment, self._output)
        self._guard.watch(child.pid, signal.SIGTERM, ORPHAN_GRACE_S, signal.SIGKILL)
        return child

    def _note_death(self, place: _Place, how: str) -> None:
        now = time.monotonic()
        delay = place.next_delay_s(now)
        place.start_at = now + delay
        self._output.say(f"{place.program.name} {how}; starting it again in {delay:g} s")

    def _let_go(self, place: _Place) -> None:
        if place.child:
            self._guard.forget(place.child.pid)
            place.child.last_lines()
        place.child = None

    def _await_end(self, place: _Place, deadline: float) -> None:
        child = place.child
        if child is None:
            return
        while not child.ended():
            if time.monotonic() > deadline or self._stop_requests > 1:
                self._output.say(f"{place.program.name} did not stop in time; killing process {child.pid}")
                child.kill()
            else:
                time.sleep(TICK_S)
        self._let_go(place)
