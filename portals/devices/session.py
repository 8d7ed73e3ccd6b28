"""One TCP connection of one tracker, whatever protocol it speaks."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from core import clock
from portals.devices import unsent
from portals.devices.batch import Batcher, Delivery
from portals.devices.connections import Connections, Unanswered
from portals.devices.conversation import Conversation, Fitted, Login, Packet, Ping, Records, Reply, Unreadable
from portals.devices.doorkeeper import Doorkeeper
from portals.devices.limits import Limits
from portals.devices.question import Question

log = logging.getLogger(__name__)


class Session(asyncio.BufferedProtocol):
    """Login first, then records. Answers leave in the order of the packets, each after its commit.

    It enters and leaves `connections` by itself.
    `receive_buffer` is shared by all sessions: what arrives is copied out before anyone else is served.
    """

    def __init__(
        self,
        *,
        conversation: Conversation,
        batcher: Batcher,
        doorkeeper: Doorkeeper,
        limits: Limits,
        connections: Connections,
        receive_buffer: memoryview,
    ) -> None:
        self._conversation = conversation
        self._batcher = batcher
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._connections = connections
        self._receive_buffer = receive_buffer
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._turns: deque[bytes | Delivery] = deque()
        self._in_flight = 0
        self._login: asyncio.Task[None] | None = None
        self._question = Question()
        self._vehicle_id: int | None = None
        self._device_uid = ""
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
        if len(self._connections.open) >= self._limits.connections:
            log.warning("a device was turned away: %d connections are open", len(self._connections.open))
            self._doorkeeper.turned_away["too many connections"] += 1
            transport.abort()
            return
        self._connections.open.add(self)
        transport.set_write_buffer_limits(high=self._limits.unread_answer_bytes)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._receive_buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._leaving_since is not None:
            return
        self._heard = self._loop.time()
        self._conversation.feed(self._receive_buffer[:nbytes])
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
        self._connections.open.discard(self)
        self._leaving_since = self._leaving_since or self._loop.time()
        self._turns.clear()
        self._be_unreachable()
        if self._login:
            self._login.cancel()

    def work(self) -> None:
        """Take packets in as long as there is room for what they bring."""
        took_one = False
        try:
            while self._has_room():
                packet = self._conversation.next_packet(clock.now)
                if packet is None:
                    if self._ended:
                        self._leave("the device hung up")
                    break
                took_one = True
                self._take(packet)
        except Unreadable as problem:
            self._doorkeeper.turned_away[problem.reason] += 1
            self._leave(problem.detail, problem.answer)
        self._say_what_is_ready()
        self._pace(took_one)

    async def command(self, text: str, timeout_s: float) -> str:
        """Say `text` to the device; returns its answer. See `Connections.send_command`.

        A device that does not answer in time is cut off: its answer could come later, and be taken for the answer to
        the next command. The command itself could come later too, out of a buffer, to a device that was in a tunnel.
        """
        frame = self._conversation.command(text)
        asked = self._question.open(self._device_uid)
        unsent.let_unsent_die_after(self._transport, timeout_s)
        self._transport.write(frame)
        try:
            async with asyncio.timeout(timeout_s):
                return await asked
        except TimeoutError:
            raise Unanswered(f"Device {self._device_uid} did not answer within {timeout_s:g} s.") from None
        finally:
            self._question.close()
            if asked.cancelled():
                self._cut_off("it did not answer a command")
            else:
                unsent.let_unsent_die_after(self._transport, 0)

    def speak(self) -> None:
        """Answer what is durable, and go on with what had to wait for it."""
        self._say_what_is_ready()
        if self._conversation.waiting or not self._transport.is_reading():
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

    def _take(self, packet: Packet) -> None:
        if isinstance(packet, Login):
            self._login = self._loop.create_task(self._log_in(packet))
        elif self._vehicle_id is None:
            self._leave("it sent data before its login", self._conversation.not_logged_in)
        elif isinstance(packet, Ping):
            self._turns.append(packet.answer)
        elif not isinstance(packet, Reply):
            self._submit(packet, self._vehicle_id)
        elif not self._question.answer(packet.text):
            self._submit(packet.unasked, self._vehicle_id)

    async def _log_in(self, login: Login) -> None:
        self._connections.gone(self._device_uid, self)
        self._device_uid = login.device_uid
        try:
            identity = await self._doorkeeper.identify(
                login.device_uid, login.key, source=self._conversation.source, address=self._address()
            )
        except Exception as problem:
            self._leave(f"it could not be identified: {problem}")
            return
        finally:
            self._login = None
        if self._leaving_since is not None:
            return
        if isinstance(identity, Fitted):
            self._let_in(identity)
        elif identity is None:
            self._doorkeeper.turned_away["unknown device"] += 1
            self._leave("nobody knows this device", self._conversation.refuse(wrong_key=False))
        else:
            self._doorkeeper.turned_away["wrong key"] += 1
            self._leave("it has a wrong key", self._conversation.refuse(wrong_key=True))
        self.work()

    def _let_in(self, fitted: Fitted) -> None:
        self._vehicle_id = fitted.vehicle_id
        self._turns.append(self._conversation.welcome(fitted))
        self._connections.logged_in(self._device_uid, self)
        log.debug("device %r logged in for vehicle %d", self._device_uid, fitted.vehicle_id)

    def _address(self) -> str:
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    def _submit(self, records: Records, vehicle_id: int) -> None:
        delivery = Delivery(self, vehicle_id, self._device_uid, records, self._heard)
        if delivery.size:
            self._turns.append(delivery)
            self._in_flight += delivery.size
            self._batcher.submit(delivery)
        else:
            self._turns.append(records.answer(()))

    def _say_what_is_ready(self) -> None:
        ready: list[bytes] = []
        while self._turns:
            turn = self._turns[0]
            answer = turn if isinstance(turn, bytes) else turn.answer
            if answer is None:
                break
            if isinstance(turn, Delivery):
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
        if not self._conversation.waiting:
            self._half_since = None
        elif took_one or self._half_since is None:
            self._half_since = self._heard

    def _leave(self, reason: str, last_words: bytes = b"") -> None:
        """Close once the packets before are answered."""
        if self._leaving_since is None:
            log.info("closing the connection of device %r: %s", self._device_uid, reason)
            self._leaving_since = self._loop.time()
            self._be_unreachable()
            if last_words:
                self._turns.append(last_words)
        self._say_what_is_ready()

    def _cut_off(self, reason: str) -> None:
        """End the connection at once, and with it every byte that is still on its way to the device."""
        log.info("cutting the connection of device %r: %s", self._device_uid, reason)
        self._be_unreachable()
        self._turns.clear()
        unsent.cut(self._transport)

    def _be_unreachable(self) -> None:
        """Nothing can be told to the device any more, and nothing it was told will be answered."""
        self._connections.gone(self._device_uid, self)
        self._question.lose(self._device_uid)
