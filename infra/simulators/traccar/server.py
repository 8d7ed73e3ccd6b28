"""The door: HTTP to resources, errors to stack traces."""

from __future__ import annotations

import asyncio

from infra.simulators.http import Request, Response, serve_http
from infra.simulators.traccar.control import Control
from infra.simulators.traccar.errors import TraccarError
from infra.simulators.traccar.platform import Platform
from infra.simulators.traccar.resources import is_allowed, resource_named
from infra.simulators.world import World


class TraccarServer:
    """A listening server. `base_url` is where a client finds it."""

    def __init__(self, platform: Platform, server: asyncio.Server) -> None:
        self.platform = platform
        self._server = server
        host, port = server.sockets[0].getsockname()[:2]
        self.base_url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening."""
        self._server.close()


async def serve(world: World, host: str, port: int, *, token: str, seed: int = 0) -> TraccarServer:
    """Serve the units of `world`. Port 0 takes a free one. Raises OSError when the port is taken."""
    platform = Platform(world, token=token, seed=seed)
    control = Control(platform)

    async def answer(request: Request) -> Response:
        if request.path.startswith("/sim/"):
            return control.answer(request)
        return await _answer(platform, request)

    return TraccarServer(platform, await serve_http(answer, host, port))


async def _answer(platform: Platform, request: Request) -> Response:
    if not is_allowed(platform, request):
        return Response(b"HTTP 401 Unauthorized - WebApplicationException (SecurityRequestFilter:126 < ...)", 401)
    resource = resource_named(request.method, request.path)
    if resource is None:
        return Response(b"HTTP 404 Not Found - NotFoundException (...)", 404)
    try:
        return await resource(platform, request)
    except TraccarError as error:
        return Response(str(error).encode(), error.status)
