"""The virus scanner, where one is configured."""

from __future__ import annotations

import socket
import struct
from typing import Protocol

_PIECE = 64 * 1024
_TIMEOUT_S = 30.0


class ScannerDown(Exception):
    """The scanner could not be asked; the file goes on waiting."""


class Scanner(Protocol):
    """Looks at a file."""

    def find_virus(self, content: bytes) -> str | None:
        """The name of what was found, or None. Raises ScannerDown."""


class ClamdScanner:
    """ClamAV's daemon by its INSTREAM command. Source: clamd(8), ClamAV documentation, "Scanning"."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    def find_virus(self, content: bytes) -> str | None:
        """See Scanner."""
        try:
            with socket.create_connection(self._address, timeout=_TIMEOUT_S) as line:
                line.sendall(b"zINSTREAM\0")
                for start in range(0, len(content), _PIECE):
                    piece = content[start : start + _PIECE]
                    line.sendall(struct.pack("!I", len(piece)) + piece)
                line.sendall(struct.pack("!I", 0))
                answer = _read_answer(line)
        except OSError as problem:
            raise ScannerDown(f"The virus scanner did not answer: {type(problem).__name__}") from problem
        if answer == "stream: OK":
            return None
        if answer.startswith("stream: ") and answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        raise ScannerDown(f"The virus scanner answered: {answer[:200]}")


def _read_answer(line: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < 4096:
        piece = line.recv(4096)
        if not piece:
            break
        answer += piece
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
