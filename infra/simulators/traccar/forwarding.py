"""Positions handed on as Traccar hands them on: one request each, in no promised order, tried again in memory only.

Source: Traccar's PositionForwarderJson and its settings forward.url, forward.header and forward.retry.*.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec

RETRY_FIRST_S = 0.1
RETRIES = 10
PENDING = 100


class Forwarding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where positions go, and the header that lets them in. An empty address: nowhere."""

    url: str = ""
    authorization: str = ""


class Forwarder:
    """Posts positions. `sent` and `failed` count; more than a hundred under way are dropped, as Traccar does."""

    def __init__(self) -> None:
        self.to = Forwarding()
        self.sent = 0
        self.failed = 0
        self._http: httpx.AsyncClient | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def forward(self, position: dict[str, Any], device: dict[str, Any]) -> None:
        """Hand one on, unless there is nowhere to."""
        if not self.to.url:
            return
        if len(self._under_way) >= PENDING:
            self.failed += 1
            return
        body = msgspec.json.encode({"position": position, "device": device})
        task = asyncio.get_running_loop().create_task(self._post(body))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _post(self, body: bytes) -> None:
        self._http = self._http or httpx.AsyncClient(timeout=10, trust_env=False)
        headers = {"Content-Type": "application/json", "Authorization": self.to.authorization}
        for attempt in range(RETRIES + 1):
            try:
                response = await self._http.post(self.to.url, content=body, headers=headers)
            except httpx.HTTPError:
                response = None
            if response is not None and response.is_success:
                self.sent += 1
                return
            await asyncio.sleep(RETRY_FIRST_S * 2**attempt)
        self.failed += 1
