"""One UDP port: every datagram names its device, and is answered by one after the commit."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import cast

from core import clock
from portals.devices.batch import Batcher, Delivery
from portals.devices.conversation import Datagram, Fitted, Ping, Unreadable
from portals.devices.doorkeeper import Doorkeeper
from portals.devices.intake import Identity
from portals.devices.limits import Limits
from portals.devices.protocols import DeviceProtocol
from portals.devices.recent import Recent

log = logging.getLogger(__name__)

Address = tuple[str, int]


class Datagrams(asyncio.DatagramProtocol):
    """Takes datagrams in, as long as there is room; what is not taken the device sends again.

    Whose a datagram is, is asked once for all that come within seconds. A device with a key cannot show it here and
    is not served.
    """

    def __init__(self, *, protocol: DeviceProtocol, batcher: Batcher, doorkeeper: Doorkeeper, limits: Limits) -> None:
        self._protocol = protocol
        self._batcher = batcher
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport
        self._identities: Recent[str, Identity] = Recent(most=limits.remembered_devices, for_s=limits.identity_s)
        self._asking: dict[str, list[tuple[Datagram, Address]]] = {}
        self._asking_count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: Counter[str] = Counter()
        self._stopped = self._blocked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self._stopped:
            return
        try:
            datagram = self._protocol.open_datagram(data)
        except Unreadable as problem:
            self._drop(problem.reason)
            return
        identity = self._identities.get(datagram.device_uid, self._loop.time())
        if identity is not None:
            self._take(datagram, addr, identity[0])
        elif self._asking_count >= self._limits.identifying:
            self._drop("too many datagrams")
        else:
            self._ask(datagram, addr)

    def pause_writing(self) -> None:
        """The system takes no more answers for now; those it does not take are not owed, the device asks again."""
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False

    def stop_reading(self) -> None:
        """Take nothing more in; what was taken in is still answered."""
        self._stopped = True

    def close(self) -> None:
        """Answer nothing any more."""
        for task in self._tasks:
            task.cancel()
        self._transport.close()

    def say(self, answer: bytes, address: Address) -> None:
        """Answer one datagram."""
        if answer and not self._blocked:
            self._transport.sendto(answer, address)

    def settled(self, device_uid: str, size: int, *, lost: bool) -> None:
        """So many readings of a device are no longer under way. If they were lost, ask anew whose they are."""
        self._in_flight[device_uid] -= size
        if self._in_flight[device_uid] <= 0:
            del self._in_flight[device_uid]
        if lost:
            self._identities.forget(device_uid)

    def _ask(self, datagram: Datagram, address: Address) -> None:
        self._asking_count += 1
        waiting = self._asking.setdefault(datagram.device_uid, [])
        waiting.append((datagram, address))
        if len(waiting) == 1:
            task = self._loop.create_task(self._identify(datagram.device_uid, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _identify(self, device_uid: str, address: Address) -> None:
        try:
            identity = await self._doorkeeper.identify(
                device_uid, None, source=self._protocol.source, address=address[0]
            )
        except Exception as problem:
            log.warning("device %r could not be identified: %s", device_uid, problem)
            return
        finally:
            waiting = self._asking.pop(device_uid)
            self._asking_count -= len(waiting)
        self._identities.put(device_uid, identity, self._loop.time())
        for datagram, its_address in waiting:
            self._take(datagram, its_address, identity)

    def _take(self, datagram: Datagram, address: Address, identity: Identity) -> None:
        if not isinstance(identity, Fitted):
            self._drop("unknown device" if identity is None else "key not shown")
        elif self._batcher.is_full or self._in_flight[datagram.device_uid] >= self._limits.readings_in_flight:
            self._drop("too many datagrams")
        else:
            try:
                self._serve(datagram, address, identity)
            except Unreadable as problem:
                self._drop(problem.reason)
                self.say(problem.answer, address)

    def _serve(self, datagram: Datagram, address: Address, fitted: Fitted) -> None:
        packet = datagram.read(fitted, clock.now())
        if isinstance(packet, Ping):
            self.say(packet.answer, address)
            return
        asker = _Asker(self, address)
        delivery = asker.delivery = Delivery(asker, fitted.vehicle_id, datagram.device_uid, packet, self._loop.time())
        if delivery.size:
            self._in_flight[delivery.device_uid] += delivery.size
            self._batcher.submit(delivery)
        else:
            self.say(packet.answer(()), address)

    def _drop(self, reason: str) -> None:
        self._doorkeeper.turned_away[reason] += 1


class _Asker:
    """Where one datagram came from; the `Sender` of its delivery."""

    __slots__ = ("_address", "_port", "_settled", "delivery")

    delivery: Delivery

    def __init__(self, port: Datagrams, address: Address) -> None:
        self._port = port
        self._address = address
        self._settled = False

    def speak(self) -> None:
        """It is durable."""
        if not self._settled and self.delivery.answer is not None:
            self._settle(lost=False)
            self._port.say(self.delivery.answer, self._address)

    def lost(self, reason: str) -> None:
        """It is not."""
        if not self._settled:
            self._settle(lost=True)

    def _settle(self, *, lost: bool) -> None:
        self._settled = True
        self._port.settled(self.delivery.device_uid, self.delivery.size, lost=lost)
