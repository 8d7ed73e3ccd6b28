"""The road by the Wialon Remote API.

`{}` from `unit/exec_cmd` means accepted, never executed: the proof is read back elsewhere.
Source of calls and fields: Wialon SDK, Remote API (sdk.wialon.com).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.access.gateway.road import REQUEST_TIMEOUT_S, Answer, Command, GatewayDown, Outputs, Relay
from core.access.gateway.wialon_session import BUSY, REFUSED, ApiError, NeverLeft, WialonSession
from core.access.models import OrderKind, Outcome
from core.config import WialonAccount

COMMANDS = {OrderKind.IMMOBILIZE: "Immobilize", OrderKind.RELEASE: "Release"}
# A command that leaves the queue at the end of its life is logged a little later.
_TRANSIT = timedelta(seconds=2)


class WialonGateway:
    """The Wialon Remote API over one session, shared by all threads."""

    def __init__(self, account: WialonAccount, *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._session = WialonSession(account, timeout_s=timeout_s)
        self._units: dict[str, int] = {}
        # The session has one loader of messages: who loads meanwhile would unload what another reads.
        self._loader = threading.Lock()

    def send(self, command: Command) -> Answer:
        """See RelayGateway. Over the data channel only: a short message could arrive hours late."""
        device_uid, name = command.relay.device_uid, COMMANDS[command.kind]
        try:
            unit_id = self._unit(device_uid)
        except GatewayDown as problem:
            return Answer(Outcome.REFUSED, f"Not sent: {problem}")
        if unit_id is None:
            return Answer(Outcome.REFUSED, f"Not sent: Wialon knows no unit with the id {device_uid}.")
        params = {
            "itemId": unit_id,
            "commandName": name,
            "linkType": "tcp",
            "param": "",
            "timeout": command.ttl_s,
            "flags": 0,
        }
        try:
            self._session.call("unit/exec_cmd", params)
        except NeverLeft as problem:
            return Answer(Outcome.REFUSED, f"Not sent: {problem}")
        except ApiError as problem:
            if problem.code in REFUSED:
                self._units.pop(device_uid, None)  # it may have a new number
            return Answer(Outcome.REFUSED if problem.code in REFUSED | BUSY else Outcome.UNKNOWN, str(problem))
        except GatewayDown as problem:
            return Answer(Outcome.UNKNOWN, str(problem))
        return Answer(Outcome.ACCEPTED, f"{name} accepted into the queue for {command.ttl_s} s")

    def was_logged(self, command: Command) -> bool:
        """See RelayGateway: command messages are messages of type 0x200. No "no" while it may still come."""
        asked_at = datetime.now(UTC)
        unit_id = self._unit(command.relay.device_uid)
        if unit_id is None:
            return False
        params = {
            "itemId": unit_id,
            "timeFrom": int(command.given_at.timestamp()) - 1,
            "timeTo": int(time.time()) + 60,
            "flags": 0x200,
            "flagsMask": 0xFF00,
            "loadCount": 100,
        }
        with self._loader:
            messages = self._session.read("messages/load_interval", params).get("messages", ())
            self._session.read("messages/unload", {})
        if any(message.get("tp") == "ucr" and message.get("ca") == COMMANDS[command.kind] for message in messages):
            return True
        if asked_at < command.given_at + timedelta(seconds=command.ttl_s) + _TRANSIT:
            raise GatewayDown("Wialon's log does not hold the command, which may still be on its way.")
        return False

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """See RelayGateway: one search of all units in question, with their last message."""
        wanted = [relay.device_uid for relay in relays]
        self._learn_units(wanted)
        units = {self._units[uid]: uid for uid in wanted if uid in self._units}
        if not units:
            return {}
        outputs = {}
        for item in self._search("sys_id", "|".join(map(str, units)), flags=1 + 1024):
            message = item.get("lmsg") or {}
            uid = units.get(int(item.get("id", 0)))
            if uid is not None and isinstance(message.get("o"), int):
                # What was kept in the device while it was away is as old as the device says.
                heard = min(message["t"], message.get("rt") or message["t"])
                outputs[uid] = Outputs(message["o"], datetime.fromtimestamp(heard, UTC))
        return outputs

    def _unit(self, device_uid: str) -> int | None:
        self._learn_units([device_uid])
        return self._units.get(device_uid)

    def _learn_units(self, device_uids: list[str]) -> None:
        """Look up the units of devices not known yet, all in one search."""
        missing = [uid for uid in device_uids if uid not in self._units]
        if missing:
            for item in self._search("sys_unique_id", "|".join(missing), flags=1 + 256):
                if item.get("uid") in missing:
                    self._units[item["uid"]] = item["id"]

    def _search(self, property_name: str, mask: str, *, flags: int) -> list[dict[str, Any]]:
        spec = {
            "itemsType": "avl_unit",
            "propName": property_name,
            "propValueMask": mask,
            "sortType": "sys_name",
        }
        query = {"spec": spec, "force": 1, "flags": flags, "from": 0, "to": 0}
        items: list[dict[str, Any]] = self._session.read("core/search_items", query).get("items", [])
        return items
