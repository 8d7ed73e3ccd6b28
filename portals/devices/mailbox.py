"""Commands that other processes have put for devices: taken, said over the live sessions, and answered (decision 0022).

Nothing here is on the way of points: a thread of its own looks for rows, and the event loop only says them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from core import clock
from core.access import service
from core.access.schemas import Problem
from core.access.service import TakenCommand
from core.access.service.device_commands import CHANNEL
from core.db import AWAY, Database
from core.permissions import system
from portals.devices.connections import Busy, CannotCommand, Connections, NotConnected, Unanswered

log = logging.getLogger(__name__)

ACTOR = system("device gateway", "access:deliver")
LOOK_EVERY_S = 0.5
_PAUSE_S = 1.0
_WRITERS = 2
_WRITE_AGAIN_S = (0.2, 0.5, 1.0)
_LAST_WORDS_S = 2.0


class Mailbox:
    """See `run`. `name` says in a row which process took it."""

    def __init__(
        self, database: Database, connections: Connections, *, name: str, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._database = database
        self._connections = connections
        self._name = name
        self._now = now
        # Devices that owe an answer. Added to by the watching thread alone, taken from by the event loop alone.
        self._talking: set[str] = set()
        self._talks: set[asyncio.Task[None]] = set()
        self._stopping = threading.Event()
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="mailbox")

    async def run(self, stop: asyncio.Event) -> None:
        """Say what is put, until `stop`; then nothing more is taken, and what was taken is answered."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, args=(loop,), name="mailbox-watch", daemon=True).start()
        await stop.wait()
        self._stopping.set()

    async def close(self) -> None:
        """Write down what the last sessions leave open."""
        if self._talks:
            await asyncio.wait(self._talks, timeout=_LAST_WORDS_S)
        self._writers.shutdown(wait=False)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look whenever somebody calls, and twice a second. A lost database is looked for again."""
        while not self._stopping.is_set():
            try:
                with self._database.listen(CHANNEL) as listening:
                    while not self._stopping.is_set():
                        if taken := self._take():
                            loop.call_soon_threadsafe(self._begin, taken)
                        for _ in listening.notifies(timeout=LOOK_EVERY_S, stop_after=1):
                            pass
            except AWAY as problem:
                log.warning("no commands are taken, the database is away: %s", problem)
            except Exception:
                # Whatever it is, it is no reason to stop serving releases.
                log.exception("no commands are taken")
            self._stopping.wait(_PAUSE_S)

    def _take(self) -> list[TakenCommand]:
        with self._database.transaction() as session:
            taken = service.take_commands(
                session,
                actor=ACTOR,
                at=self._now(),
                gateway=self._name,
                is_here=self._connections.reaches,
                is_busy=self._talking.__contains__,
            )
        self._talking.update(command.device_uid for command in taken)
        return taken

    def _begin(self, taken: list[TakenCommand]) -> None:
        for command in taken:
            talk = asyncio.get_running_loop().create_task(self._talk(command))
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)

    async def _talk(self, command: TakenCommand) -> None:
        """Say it and write down what came of it; that calls for what had to wait for this device."""
        answer, problem = await self._say(command)
        self._talking.discard(command.device_uid)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writers, self._write, command.id, answer, problem)

    async def _say(self, command: TakenCommand) -> tuple[str | None, Problem | None]:
        left_s = (command.deadline - self._now()).total_seconds()
        if left_s <= 0:
            return None, Problem.TOO_LATE
        try:
            return await self._connections.send_command(command.device_uid, command.text, timeout_s=left_s), None
        except NotConnected:
            return None, Problem.NOT_CONNECTED
        except Busy:
            return None, Problem.BUSY
        except CannotCommand:
            return None, Problem.CANNOT_COMMAND
        except Unanswered:
            return None, Problem.UNANSWERED
        except Exception:
            log.exception("a command to device %r was lost", command.device_uid)
            return None, Problem.LOST

    def _write(self, command_id: uuid.UUID, answer: str | None, problem: Problem | None) -> None:
        """Write down what became of it; what cannot be written stays taken and unanswered, which says: nobody knows."""
        for pause_s in (*_WRITE_AGAIN_S, None):
            try:
                with self._database.transaction() as session:
                    service.answer_command(
                        session, actor=ACTOR, at=self._now(), command_id=command_id, answer=answer, problem=problem
                    )
            except AWAY as error:
                log.warning("an answer could not be written: %s", error)
                if pause_s is None:
                    return
                time.sleep(pause_s)
            else:
                return
