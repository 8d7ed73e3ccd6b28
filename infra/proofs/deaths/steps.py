"""The numbered steps of an order, and dying at one of them.

A step is a place between two lines at which a crash leaves something else behind than one line earlier: before and
after each commit, before and after each word to the gateway.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from core.access.gateway import Answer, Command, Outputs, Relay, RelayGateway
from core.db import Writer

# Done again and again without leaving a trace that matters, so a death there is a death anywhere else.
UNCOUNTED = frozenset({"note_waiting"})


@dataclass
class Steps:
    """Counts the steps of one program, writes each down, and kills `victims` at number `deadly` (0: at none)."""

    journal: Path
    deadly: int
    victims: Collection[int]
    _count: int = 0
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pass_by(self, name: str) -> None:
        """One step. The same step again is not counted: a loop passes it four times a second."""
        with self._lock:
            if name in self._seen:
                return
            self._seen.add(name)
            self._count += 1
            with self.journal.open("a") as journal:
                journal.write(f"{self._count} {name}\n")
            if self._count == self.deadly:
                kill(self.victims)


def kill(victims: Iterable[int]) -> None:
    """SIGKILL all of them, and whatever they started; this process last."""
    wanted = [pid for victim in victims for pid in (victim, *_children(victim))]
    for pid in sorted(wanted, key=lambda pid: pid == os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class Verbs:
    """The verbs of a service, each remembered by the thread that called it, so that its commit has a name."""

    def __init__(self, service: ModuleType) -> None:
        self._service = service
        self._called = threading.local()

    def __getattr__(self, name: str) -> Any:
        """The verb, which says that it was called."""
        verb = getattr(self._service, name)
        if not callable(verb) or not hasattr(verb, "permission"):
            return verb

        def called(*args: Any, **kwargs: Any) -> Any:
            result = verb(*args, **kwargs)
            # A verb that decided to do nothing leaves nothing behind.
            self._called.name = name if result is not False and result != [] else None
            return result

        return called

    def take(self) -> str | None:
        """The verb of the transaction that ends now, in this thread."""
        name: str | None = getattr(self._called, "name", None)
        self._called.name = None
        return None if name in UNCOUNTED else name


def counted(
    transaction: Callable[[], AbstractContextManager[Writer]], verbs: Verbs, steps: Steps
) -> Callable[[], AbstractContextManager[Writer]]:
    """The same door to the database, with a step before and after each commit."""

    @contextmanager
    def open_counted() -> Iterator[Writer]:
        name = None
        with transaction() as session:
            yield session
            name = verbs.take()
            if name:
                steps.pass_by(f"before {name} is committed")
        if name:
            steps.pass_by(f"after {name} is committed")

    return open_counted


@dataclass
class CountedRoad:
    """A road to relays with a step before and after each word."""

    road: RelayGateway
    steps: Steps

    def send(self, command: Command) -> Answer:
        """See RelayGateway."""
        self.steps.pass_by(f"before command {command.number} leaves")
        answer = self.road.send(command)
        self.steps.pass_by(f"after command {command.number} was answered")
        return answer

    def was_logged(self, command: Command) -> bool:
        """See RelayGateway."""
        self.steps.pass_by("before the gateway's log is read")
        was_logged = self.road.was_logged(command)
        self.steps.pass_by("after the gateway's log was read")
        return was_logged

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """See RelayGateway."""
        self.steps.pass_by("before the relay is read back")
        outputs = self.road.read_outputs(relays)
        self.steps.pass_by("after the relay was read back")
        return outputs
