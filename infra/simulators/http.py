"""HTTP/1.1, as much as an API with small JSON answers needs: keep-alive, Content-Length, clear refusals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

LONGEST_LINE = 16_384
MOST_HEADERS = 64
LARGEST_BODY = 1_048_576
REQUEST_WITHIN_S = 75.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `form` joins the query and a form-encoded body; `query` keeps what is said more than once."""

    method: str
    path: str
    form: dict[str, str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One JSON answer."""

    body: bytes
    status: int = 200


class BadRequest(Exception):
    """Not HTTP that we speak; the connection ends after the answer."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class CutConnection(Exception):
    """The handler wants the connection dead, without an answer."""


Handler = Callable[[Request], Awaitable[Response]]


async def serve_http(handler: Handler, host: str, port: int) -> asyncio.Server:
    """Listen and hand each request to `handler`; requests of one connection are answered in order."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled only when the program ends; asyncio would print a trace for each open connection.
        with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.CancelledError):
            await _converse(handler, reader, writer)
        writer.transport.abort()

    return await asyncio.start_server(converse, host, port, limit=LONGEST_LINE)


async def _converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    stays = True
    while stays:
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                request, stays = await _read_request(reader)
            response = await handler(request)
        except CutConnection:
            return
        except asyncio.IncompleteReadError:
            return
        except BadRequest as error:
            response, stays = (
                Response(b'{"error":4,"reason":"%b"}' % str(error).encode(), error.status),
                False,
            )
        _write(writer, response, stays=stays)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> tuple[Request, bool]:
    line = await _read_line(reader)
    parts = line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "The first line is not an HTTP/1.1 request.")
    method, target, version = parts
    headers = await _read_headers(reader)
    body = await _read_body(reader, headers)
    url = urlsplit(target)
    query = parse_qs(url.query, keep_blank_values=True)
    form = {name: values[-1] for name, values in query.items()}
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        form |= parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    wants = headers.get("connection", "").lower()
    stays = wants != "close" and (version == "HTTP/1.1" or wants == "keep-alive")
    return Request(method, unquote(url.path), form, query, headers, body), stays


async def _read_line(reader: asyncio.StreamReader) -> str:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "A line is too long.") from None
    return line.decode("latin-1").rstrip("\r\n")


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := await _read_line(reader):
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest(HTTPStatus.BAD_REQUEST, "A header has no colon.")
        if len(headers) >= MOST_HEADERS:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many headers.")
        headers[name.strip().lower()] = value.strip()
    return headers


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BadRequest(HTTPStatus.NOT_IMPLEMENTED, "Send a Content-Length; chunks are not read here.")
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
    if int(length) > LARGEST_BODY:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than 1 MiB.")
    return await reader.readexactly(int(length))


def _write(writer: asyncio.StreamWriter, response: Response, *, stays: bool) -> None:
    status = HTTPStatus(response.status)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(response.body)}\r\n"
        f"Connection: {'keep-alive' if stays else 'close'}\r\n\r\n"
    )
    writer.write(head.encode() + response.body)
