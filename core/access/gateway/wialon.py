"""The road by the Wialon Remote API.

`{}` from `unit/exec_cmd` means accepted, never executed: the proof is read back elsewhere.
Source of calls, fields and codes: Wialon SDK, Remote API (sdk.wialon.com).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from core.access.gateway.road import REQUEST_TIMEOUT_S, Answer, Command, GatewayDown, Outputs, Relay
from core.access.models import OrderKind, Outcome
from core.config import WialonAccount

COMMANDS = {OrderKind.IMMOBILIZE: "Immobilize", OrderKind.RELEASE: "Release"}


class _ApiError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        words = _CODES.get(code, "an error of its own")
        super().__init__(f"Wialon answered error {code}: {words}{f' ({reason})' if reason else ''}")


_CODES = {
    1: "the session is not valid",
    4: "the input was not valid",
    5: "the command could not be executed, the device has no live data channel",
    6: "unknown error",
    7: "access denied, the account lacks the right to execute commands",
    8: "the token is not valid",
    10: "too many requests at the same time",
    1003: "only one such request at a time",
    1011: "the session has expired",
}
_SESSION_GONE = frozenset({1, 1011})
# A session dies after five minutes without a request; a command is not to be the request that finds out.
_SESSION_IDLE_S = 240.0
_BUSY = frozenset({10, 1003})
_REFUSED = frozenset({2, 3, 4, 5, 7, 8})


class WialonGateway:
    """The Wialon Remote API over one session, shared by all threads and renewed by one of them at a time."""

    def __init__(self, account: WialonAccount, *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._account = account
        self._http = httpx.Client(
            base_url=account.base_url,
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
        )
        self._login_lock = threading.Lock()
        self._sid: str | None = None
        self._used_at = 0.0
        self._units: dict[str, int] = {}

    def send(self, command: Command) -> Answer:
        """See RelayGateway. Over the data channel only: a short message could arrive hours late."""
        device_uid, name = command.relay.device_uid, COMMANDS[command.kind]
        try:
            unit_id = self._unit(device_uid)
        except (GatewayDown, _ApiError) as problem:
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
            self._call("unit/exec_cmd", params)
        except _ApiError as problem:
            return Answer(Outcome.REFUSED if problem.code in _REFUSED | _BUSY else Outcome.UNKNOWN, str(problem))
        except GatewayDown as problem:
            return Answer(Outcome.UNKNOWN, str(problem))
        return Answer(Outcome.ACCEPTED, f"{name} accepted into the queue for {command.ttl_s} s")

    def was_logged(self, command: Command) -> bool:
        """See RelayGateway: command messages are messages of type 0x200."""
        unit_id = self._guarded_unit(command.relay.device_uid)
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
        try:
            loaded = self._read("messages/load_interval", params)
            self._read("messages/unload", {})
        except _ApiError as problem:
            if problem.code == 1001:  # no messages in the interval
                return False
            raise GatewayDown(str(problem)) from problem
        return any(
            message.get("tp") == "ucr" and message.get("ca") == COMMANDS[command.kind]
            for message in loaded.get("messages", ())
        )

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """See RelayGateway: one search of all units in question, with their last message."""
        wanted = [relay.device_uid for relay in relays]
        try:
            self._learn_units(wanted)
        except _ApiError as problem:
            raise GatewayDown(str(problem)) from problem
        units = {self._units[uid]: uid for uid in wanted if uid in self._units}
        if not units:
            return {}
        mask = "|".join(str(unit_id) for unit_id in units)
        try:
            found = self._search("sys_id", mask, flags=1 + 1024)
        except _ApiError as problem:
            raise GatewayDown(str(problem)) from problem
        outputs = {}
        for item in found:
            message = item.get("lmsg") or {}
            uid = units.get(int(item.get("id", 0)))
            if uid is not None and isinstance(message.get("o"), int):
                heard = datetime.fromtimestamp(message.get("rt") or message["t"], UTC)
                outputs[uid] = Outputs(message["o"], heard)
        return outputs

    def _guarded_unit(self, device_uid: str) -> int | None:
        try:
            return self._unit(device_uid)
        except _ApiError as problem:
            raise GatewayDown(str(problem)) from problem

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
        found = self._read("core/search_items", {"spec": spec, "force": 1, "flags": flags, "from": 0, "to": 0})
        items: list[dict[str, Any]] = found.get("items", [])
        return items

    def _read(self, service: str, params: dict[str, Any]) -> dict[str, Any]:
        """A call that changes nothing, and may therefore be made a second time over a new session."""
        try:
            return self._call(service, params)
        except _ApiError as problem:
            if problem.code not in _SESSION_GONE:
                raise
            return self._call(service, params)

    def _call(self, service: str, params: dict[str, Any]) -> dict[str, Any]:
        sid = self._session()
        try:
            return self._post(service, params, sid)
        except _ApiError as problem:
            if problem.code in _SESSION_GONE:
                self._forget_session(sid)
            raise

    def _session(self) -> str:
        with self._login_lock:
            if self._sid is None or time.monotonic() - self._used_at > _SESSION_IDLE_S:
                answer = self._post("token/login", {"token": self._account.token, "fl": 1}, None)
                self._sid = str(answer["eid"])
            self._used_at = time.monotonic()
            return self._sid

    def _forget_session(self, sid: str) -> None:
        with self._login_lock:
            if self._sid == sid:
                self._sid = None

    def _post(self, service: str, params: dict[str, Any], sid: str | None) -> dict[str, Any]:
        form = {"svc": service, "params": orjson.dumps(params).decode()}
        if sid is not None:
            form["sid"] = sid
        try:
            response = self._http.post("/wialon/ajax.html", data=form)
            answer = orjson.loads(response.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as problem:
            raise GatewayDown(f"Wialon did not answer: {type(problem).__name__}") from problem
        if isinstance(answer, dict) and isinstance(code := answer.get("error"), int) and code != 0:
            raise _ApiError(code, str(answer.get("reason", "")))
        return answer if isinstance(answer, dict) else {"items": answer}
