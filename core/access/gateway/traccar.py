"""The road by Traccar's REST API (docs/decisions/0023).

200 from `commands/send` means handed to a connection, never executed, and 202 that it waits for the device, for ever:
a queue without an end is no place for a lock, so every command forbids it. Traccar keeps no log of its commands; what
speaks for one is the device's own answer, which does not say what it answers, and its relay.
Source: traccar.org/api-reference; CommandResource, CommandsManager and ResourceErrorHandler of Traccar 6.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import orjson

from core.access.gateway.road import REQUEST_TIMEOUT_S, Answer, Command, GatewayDown, Outputs, Relay
from core.access.gateway.traccar_words import NotPossible, explain_refusal, read_output, require_no_queue, word_command
from core.access.models import OrderKind, Outcome
from core.config import TraccarAccount

# What a request may ask for at once, so that its address stays short of what servers take.
_AT_ONCE = 100
# A device answers within seconds or not at all; a command that was handed over has arrived by then.
_TRANSIT = timedelta(seconds=2)
_LOOK_BACK = timedelta(minutes=10)
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TraccarGateway:
    """A Traccar server, asked with a token. It keeps nothing of ours; what it queued against our word we remember."""

    def __init__(self, account: TraccarAccount, *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._http = httpx.Client(
            base_url=account.base_url,
            headers={"Authorization": f"Bearer {account.token}", "Accept": "application/json"},
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
        )
        self._queued: set[tuple[object, int]] = set()

    def send(self, command: Command) -> Answer:
        """See RelayGateway. Traccar has no lifetime for a command, so one that is late by then is not given at all."""
        began_s = time.monotonic()
        try:
            order = self._prepare(command)
        except (GatewayDown, NotPossible) as problem:
            return Answer(Outcome.REFUSED, f"Not sent: {problem}")
        if time.monotonic() - began_s >= command.ttl_s:
            return Answer(
                Outcome.REFUSED, f"Not sent: Traccar took more than {command.ttl_s} s to say who the device is."
            )
        return self._hand_over(command, order)

    def was_logged(self, command: Command) -> bool:
        """See RelayGateway. What the device or its relay says; silence is no answer, and raises GatewayDown."""
        device = self._devices([command.relay.device_uid]).get(command.relay.device_uid)
        if device is None:
            raise GatewayDown(f"Traccar no longer shows the device {command.relay.device_uid}.")
        if self._events(device["id"], command):
            return True
        told = self._read_relay(device, command.relay)
        if told is not None and told.received_at >= command.given_at + timedelta(seconds=command.ttl_s) + _TRANSIT:
            holds = bool(told.mask >> (command.relay.output - 1) & 1) is not command.relay.inverted
            is_so = holds is (command.kind is OrderKind.IMMOBILIZE)
            if is_so or (command.job_id, command.number) not in self._queued:
                return is_so
            raise GatewayDown("the command still waits in Traccar's queue, and may come through at any time.")
        raise GatewayDown("Traccar keeps no log of commands, and neither the device nor its relay has told yet.")

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """See RelayGateway: the devices, then their latest positions, two calls for a hundred relays."""
        wanted = {relay.device_uid: relay for relay in relays}
        devices = self._devices(wanted)
        latest = {position["deviceId"]: position for position in self._latest(devices.values())}
        found = {}
        for uid, device in devices.items():
            told = self._tell(latest.get(device["id"]), device, wanted[uid])
            if told is not None:
                found[uid] = told
        return found

    def _prepare(self, command: Command) -> dict[str, Any]:
        """The body of the request, after all that can be known before it is sent. Raises NotPossible, GatewayDown."""
        uid = command.relay.device_uid
        device = self._devices([uid]).get(uid)
        if device is None:
            raise NotPossible(f"Traccar shows this account no device with the identifier {uid}.")
        status = device.get("status")
        is_lock = command.kind is OrderKind.IMMOBILIZE
        # A Traccar that queues in spite of all would keep one more release for every try of a day.
        if status == "offline" or (is_lock and status != "online"):
            raise NotPossible(f"Traccar has no connection with the device, which it calls {status}.")
        if is_lock:
            require_no_queue(self._get("/api/server", {}).get("version"))
        types = {each.get("type") for each in self._get("/api/commands/types", {"deviceId": device["id"]})}
        return {"deviceId": device["id"], **word_command(command, types)}

    def _hand_over(self, command: Command, order: dict[str, Any]) -> Answer:
        try:
            response = self._http.post("/api/commands/send", content=orjson.dumps(order), headers=_JSON)
        except _NEVER_LEFT as problem:
            return Answer(Outcome.REFUSED, f"Not sent: Traccar did not answer: {type(problem).__name__}")
        except httpx.HTTPError as problem:
            return Answer(Outcome.UNKNOWN, f"Traccar did not answer: {type(problem).__name__}")
        if response.status_code == httpx.codes.ACCEPTED:
            self._queued.add((command.job_id, command.number))
            return Answer(
                Outcome.UNKNOWN,
                f"Traccar queued {order['type']} although it was told not to. It may reach the vehicle at any time, "
                "however late: take it out of Traccar's queue (table tc_commands_queue), and look at the relay.",
            )
        if response.status_code == httpx.codes.OK and _is_echo(response, order):
            return Answer(Outcome.ACCEPTED, f"{order['type']} handed to the device's connection, nothing queued")
        if 300 <= response.status_code < 500:
            return Answer(Outcome.REFUSED, explain_refusal(response.status_code, response.text))
        return Answer(
            Outcome.UNKNOWN,
            f"Traccar's answer could not be understood (HTTP {response.status_code}, no command in it).",
        )

    def _events(self, device_id: int, command: Command) -> list[dict[str, Any]]:
        """Answers of the device and commands that left the queue, since just before the command was given."""
        begin = command.given_at - timedelta(seconds=1)  # times of devices are whole seconds
        query = {
            "deviceId": device_id,
            "type": ["commandResult", "queuedCommandSent"],
            "from": _moment(begin),
            "to": _moment(max(begin, datetime.now(UTC)) + timedelta(minutes=1)),
        }
        events: list[dict[str, Any]] = self._get("/api/reports/events", query)
        return events

    def _devices(self, uids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {
            device["uniqueId"]: device
            for some in _in_parts(uids)
            for device in self._get("/api/devices", {"uniqueId": some})
        }

    def _latest(self, devices: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for some in _in_parts(device["positionId"] for device in devices if device.get("positionId")):
            yield from self._get("/api/positions", {"id": some})

    def _read_relay(self, device: dict[str, Any], relay: Relay) -> Outputs | None:
        return self._tell(next(self._latest([device]), None), device, relay)

    def _tell(self, latest: dict[str, Any] | None, device: dict[str, Any], relay: Relay) -> Outputs | None:
        """What the latest position says of the relay; when that is the answer to a command, the one before it."""
        if latest is None:
            return None
        told = _outputs(latest, relay)
        if told is not None or "result" not in latest.get("attributes", {}):
            return told
        now = datetime.now(UTC)
        query = {"deviceId": device["id"], "from": _moment(now - _LOOK_BACK), "to": _moment(now + timedelta(minutes=1))}
        positions: list[dict[str, Any]] = self._get("/api/positions", query)
        every = (_outputs(position, relay) for position in positions)
        return max((one for one in every if one), key=lambda one: one.received_at, default=None)

    def _get(self, path: str, query: dict[str, Any]) -> Any:
        """What Traccar says; raises GatewayDown when it does not, or not in its language."""
        try:
            response = self._http.get(path, params=query)
            if response.status_code != httpx.codes.OK:
                raise GatewayDown(explain_refusal(response.status_code, response.text))
            return orjson.loads(response.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as problem:
            raise GatewayDown(f"Traccar did not answer: {type(problem).__name__}") from problem


_JSON = {"Content-Type": "application/json"}


def _is_echo(response: httpx.Response, order: dict[str, Any]) -> bool:
    """Whether the answer is Traccar's: the command itself. A page that greets everybody with 200 is not."""
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and all(answer.get(name) == order[name] for name in ("deviceId", "type"))


def _outputs(position: dict[str, Any], relay: Relay) -> Outputs | None:
    """The relay's output, as old as the device says and no younger than Traccar heard it."""
    is_on = read_output(position.get("attributes", {}), relay)
    if is_on is None:
        return None
    times = [position.get("serverTime"), position.get("deviceTime")]
    heard = [datetime.fromisoformat(text) for text in times if isinstance(text, str)]
    return Outputs(int(is_on) << (relay.output - 1), min(heard)) if heard else None


def _in_parts(items: Iterable[Any]) -> Iterator[Sequence[Any]]:
    rest = iter(items)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def _moment(at: datetime) -> str:
    return re.sub(r"\+00:00$", "Z", at.astimezone(UTC).isoformat(timespec="milliseconds"))
