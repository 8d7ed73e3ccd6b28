"""One connection of one tracker that speaks Wialon IPS over TCP."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core import clock
from core.telemetry.schemas import RefusedReading
from portals.devices.batch import Batcher, Delivery
from portals.devices.intake import Identity
from portals.devices.limits import Limits
from portals.devices.wialon_ips import answers
from portals.devices.wialon_ips.faults import Fault, Unreadable
from portals.devices.wialon_ips.frames import FrameSplitter
from portals.devices.wialon_ips.packets import Login, Ping, Records, decode

log = logging.getLogger(__name__)

SOURCE = "wialon_ips"
UNKNOWN_VEHICLE = "unknown_vehicle"


@dataclass(slots=True, eq=False, kw_only=True)
class _Exchange(Delivery):
    """A packet of records and, once it is durable, the answer to it."""

    kind: str
    fault: Fault | None
    answer: bytes | None = None

    def settle(self, refused: Sequence[RefusedReading]) -> None:
        fault = self.fault
        if refused:
            fault = answers.fault_of(refused[0].rule)
            if any(refusal.rule == UNKNOWN_VEHICLE for refusal in refused):
                self.sender.lost("its vehicle is gone")
        self.answer = answers.to_records(self.kind, len(self.points) - len(refused), fault)


class Session(asyncio.BufferedProtocol):
    """Login first, then records. Answers leave in the order of the packets, each after its commit.

    `sessions` is the gateway's set of open connections; this one enters and leaves it by itself.
    `receive_buffer` is shared by all sessions: what arrives is copied out before anyone else is served.
    """

    def __init__(
        self,
        *,
        batcher: Batcher,
        identify: Callable[[str, str | None], Awaitable[Identity]],
        limits: Limits,
        sessions: set[Session],
        receive_buffer: memoryview,
    ) -> None:
        self._batcher = batcher
        self._identify = identify
        self._limits = limits
        self._sessions = sessions
        self._receive_buffer = receive_buffer
        self._loop = asyncio.get_running_loop()
        self._splitter = FrameSplitter(limits.frame_bytes)
        self._transport: asyncio.Transport
        self._turns: deque[bytes | _Exchange] = deque()
        self._in_flight = 0
        self._login: asyncio.Task[None] | None = None
        self._vehicle_id: int | None = None
        self._device_uid = ""
        self._checksummed = False
        self._opened = self._heard = self._loop.time()
        self._half_since: float | None = None
        self._leaving_since: float | None = None
        self._ended = False

    @property
    def is_logged_in(self) -> bool:
        """Whether the device has said who it is."""
        return self._vehicle_id is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._sessions) >= self._limits.connections:
            log.warning("a device was turned away: %d connections are open", len(self._sessions))
            transport.abort()
            return
        self._sessions.add(self)
        transport.set_write_buffer_limits(high=self._limits.unread_answer_bytes)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._receive_buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._leaving_since is not None:
            return
        self._heard = self._loop.time()
        self._splitter.feed(self._receive_buffer[:nbytes])
        self.work()

    def eof_received(self) -> bool:
        """The device has said all it will; it may still be listening for answers."""
        self._ended = True
        self.work()
        return not self._transport.is_closing()

    def pause_writing(self) -> None:
        """So many answers lie unread that the device cannot be listening."""
        log.info("cutting the connection of device %r: it does not read its answers", self._device_uid)
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._sessions.discard(self)
        self._leaving_since = self._leaving_since or self._loop.time()
        self._turns.clear()
        if self._login:
            self._login.cancel()

    def work(self) -> None:
        """Take packets in as long as there is room for what they bring."""
        took_one = False
        try:
            while self._has_room():
                packet = self._splitter.next_packet()
                if packet is None:
                    if self._ended:
                        self._leave("the device hung up")
                    break
                took_one = True
                self._take(decode(packet, checksummed=self._checksummed, received_at=clock.now()))
        except Unreadable as problem:
            self._leave(problem.detail, problem.answer)
        self._say_what_is_ready()
        self._pace(took_one)

    def speak(self) -> None:
        """Answer what is durable, and go on with what had to wait for it."""
        self._say_what_is_ready()
        if self._splitter.waiting or not self._transport.is_reading():
            self.work()

    def lost(self, reason: str) -> None:
        """A packet is not stored. Neither it nor any later one is answered: the device sends them again."""
        self._turns.clear()
        self._leave(reason)

    def hang_up(self) -> None:
        """Say what is ready and close; the rest the device will send again."""
        self._say_what_is_ready()
        self._turns.clear()
        self._leave("the gateway stops")

    def stop_reading(self) -> None:
        """Take nothing more in; what was taken in is still answered."""
        self._ended = True
        self._transport.pause_reading()

    def end_if_overdue(self, now: float) -> None:
        """Close a connection that has kept the gateway waiting too long."""
        limits = self._limits
        if self._leaving_since is not None:
            if now - self._leaving_since > limits.close_s:
                self._transport.abort()
        elif not self.is_logged_in and now - self._opened > limits.login_s:
            self._leave("it did not log in in time")
        elif self._half_since is not None and now - self._half_since > limits.frame_s:
            self._leave("it left a frame unfinished")
        elif now - self._heard > limits.idle_s:
            self._leave("it fell silent")

    def _has_room(self) -> bool:
        if len(self._turns) >= self._limits.frames_in_flight:
            self._say_what_is_ready()
        return not (
            self._leaving_since is not None
            or self._login is not None
            or len(self._turns) >= self._limits.frames_in_flight
            or self._in_flight >= self._limits.readings_in_flight
            or self._batcher.is_full
        )

    def _take(self, packet: Login | Ping | Records) -> None:
        if isinstance(packet, Login):
            self._login = self._loop.create_task(self._log_in(packet))
        elif self._vehicle_id is None:
            self._leave("it sent data before its login", answers.LOGIN_REFUSED)
        elif isinstance(packet, Ping):
            self._turns.append(answers.PONG)
        elif packet.good or packet.bad:
            self._submit(packet, self._vehicle_id)
        else:
            self._turns.append(answers.to_records(packet.kind, 0, None))

    async def _log_in(self, login: Login) -> None:
        try:
            identity = await self._identify(login.device_uid, login.key)
        except Exception as problem:
            self._leave(f"it could not be identified: {problem}")
            return
        finally:
            self._login = None
        self._device_uid = login.device_uid
        if identity is None:
            self._leave("nobody knows this device", answers.LOGIN_REFUSED)
        elif identity == "wrong_key":
            self._leave("it has a wrong key", answers.LOGIN_WRONG_KEY)
        else:
            self._vehicle_id = identity
            self._checksummed = login.checksummed
            self._turns.append(answers.LOGIN_OK)
            log.debug("device %r logged in for vehicle %d", self._device_uid, identity)
        self.work()

    def _submit(self, records: Records, vehicle_id: int) -> None:
        exchange = _Exchange(
            sender=self,
            vehicle_id=vehicle_id,
            device_uid=self._device_uid,
            points=records.good,
            malformed=[(bad.detail, bad.raw) for bad in records.bad],
            arrived=self._heard,
            size=len(records.good) + len(records.bad),
            kind=records.kind,
            fault=records.bad[0].fault if records.bad else None,
        )
        self._turns.append(exchange)
        self._in_flight += exchange.size
        self._batcher.submit(exchange)

    def _say_what_is_ready(self) -> None:
        ready: list[bytes] = []
        while self._turns:
            turn = self._turns[0]
            answer = turn if isinstance(turn, bytes) else turn.answer
            if answer is None:
                break
            if isinstance(turn, _Exchange):
                self._in_flight -= turn.size
            ready.append(answer)
            self._turns.popleft()
        if ready:
            self._transport.write(b"".join(ready))
        if self._leaving_since is not None and not self._turns:
            self._close()

    def _close(self) -> None:
        """Say goodbye and let the device hang up: closing on unread input would destroy the last words."""
        if self._ended:
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()

    def _pace(self, took_one: bool) -> None:
        """Read only while there is room, and time a half frame only while it is the device's turn."""
        if self._leaving_since is not None:
            return
        if self._ended or not self._has_room():
            self._transport.pause_reading()
            self._half_since = None
            return
        self._transport.resume_reading()
        if not self._splitter.waiting:
            self._half_since = None
        elif took_one or self._half_since is None:
            self._half_since = self._heard

    def _leave(self, reason: str, last_words: bytes = b"") -> None:
        """Close once the packets before are answered."""
        if self._leaving_since is None:
            log.info("closing the connection of device %r: %s", self._device_uid, reason)
            self._leaving_since = self._loop.time()
            if last_words:
                self._turns.append(last_words)
        self._say_what_is_ready()
