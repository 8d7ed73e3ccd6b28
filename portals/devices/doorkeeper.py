"""Who may come in: asked of the product in threads, and what nobody knows is noted there."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from portals.devices.intake import Identity, Intake
from portals.devices.limits import Limits
from portals.devices.recent import Recent

log = logging.getLogger(__name__)

_UID_LENGTH = 64  # as long as the registry can hold


class Doorkeeper:
    """Identifies devices. One that nobody knows is noted for the admin console, at most once a minute each.

    `turned_away` counts since the start, by reason; the reasons are few and do not depend on what is sent.
    """

    def __init__(self, intake: Intake, limits: Limits) -> None:
        self._intake = intake
        self._limits = limits
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="login")
        self._noted: Recent[tuple[str, str], None] = Recent(most=limits.remembered_devices, for_s=limits.note_again_s)
        self._minute = 0
        self._notes_this_minute = 0
        self.turned_away: Counter[str] = Counter()

    async def identify(self, device_uid: str, key: str | None, *, source: str, address: str) -> Identity:
        """Whose vehicle it is in. Raises what the product raises: then nobody can say."""
        loop = asyncio.get_running_loop()
        identity = await loop.run_in_executor(self._threads, self._intake.identify, device_uid, key)
        if identity is None and self._is_worth_a_note(device_uid, source, loop.time()):
            await loop.run_in_executor(self._threads, self._note, device_uid, source, address)
        return identity

    def close(self) -> None:
        """Identify nobody any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_worth_a_note(self, device_uid: str, source: str, now: float) -> bool:
        """Not again within the minute, and not too many: whoever makes up names shall not fill the database."""
        if int(now // 60) != self._minute:
            self._minute, self._notes_this_minute = int(now // 60), 0
        known = self._noted.get((device_uid, source), now) is not None
        if known or len(device_uid) > _UID_LENGTH or self._notes_this_minute >= self._limits.notes_a_minute:
            return False
        self._noted.put((device_uid, source), None, now)
        self._notes_this_minute += 1
        return True

    def _note(self, device_uid: str, source: str, address: str) -> None:
        try:
            self._intake.note_unknown(device_uid, source=source, address=address)
        except Exception as problem:
            log.warning("unknown device %r could not be noted: %s", device_uid, problem)
