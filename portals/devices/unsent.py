"""What becomes of bytes that a device has not received yet: they must not reach it when it comes out of a tunnel."""

from __future__ import annotations

import asyncio
import socket
import struct

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


def let_unsent_die_after(transport: asyncio.Transport, seconds: float) -> None:
    """Give up what the device has not acknowledged after `seconds`, even when this process is dead by then; 0: never.

    The kernel counts, by TCP_USER_TIMEOUT (tcp(7), RFC 5482).
    """
    if not transport.is_closing() and (sock := transport.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def cut(transport: asyncio.Transport) -> None:
    """End the connection by a reset: an orderly end would go on trying to deliver what is unsent for many minutes."""
    if not transport.is_closing() and (sock := transport.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
