"""The door: HTTP paths to services, errors to the API's own form."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from infra.simulators.http import Request, Response, serve_http
from infra.simulators.wialon.control import Control
from infra.simulators.wialon.errors import WialonError
from infra.simulators.wialon.messages import now
from infra.simulators.wialon.platform import Platform
from infra.simulators.wialon.services import log_in, service_named
from infra.simulators.wialon.session import IDLE_S
from infra.simulators.world import World


class WialonServer:
    """A listening platform. `base_url` is where a client finds it."""

    def __init__(self, platform: Platform, server: asyncio.Server) -> None:
        self.platform = platform
        self._server = server
        host, port = server.sockets[0].getsockname()[:2]
        self.base_url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening."""
        self._server.close()


async def serve(
    world: World, host: str, port: int, *, token: str, seed: int = 0, session_idle_s: float = IDLE_S
) -> WialonServer:
    """Serve the units of `world`. Port 0 takes a free one. Raises OSError when the port is taken."""
    platform = Platform(world, token=token, seed=seed, session_idle_s=session_idle_s)
    control = Control(platform)

    async def answer(request: Request) -> Response:
        if request.path.startswith("/sim/"):
            return control.answer(request)
        if request.method not in {"GET", "POST"}:
            return _json({"error": 4, "reason": "GET or POST"}, 405)
        if request.path == "/wialon/ajax.html":
            return await _as_wialon(_call, platform, request)
        if request.path == "/avl_evts":
            return await _as_wialon(_poll, platform, request)
        return _json({"error": 4, "reason": "The API is at /wialon/ajax.html and /avl_evts."}, 404)

    return WialonServer(platform, await serve_http(answer, host, port))


async def _as_wialon(call: Any, platform: Platform, request: Request) -> Response:
    try:
        return _json(await call(platform, request))
    except WialonError as error:
        reason = {"reason": error.reason} if error.reason else {}
        return _json({"error": error.code} | reason)


async def _call(platform: Platform, request: Request) -> Any:
    name = request.form.get("svc", "")
    params = request.form.get("params", "{}").encode()
    platform.refusals.check(name)
    if name == "token/login":
        return log_in(platform, params)
    service = service_named(name)
    session = platform.sessions.renew(request.form.get("sid", ""))
    with session.request():
        return await service(platform, session, params)


async def _poll(platform: Platform, request: Request) -> Any:
    return {"tm": now(), "events": platform.sessions.renew(request.form.get("sid", "")).poll()}


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status)
