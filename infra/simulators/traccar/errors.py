"""How Traccar refuses: an HTTP status, and a stack trace for a body.

Source: Traccar's ResourceErrorHandler and Log.exceptionStack.
"""

from __future__ import annotations

STACK = "(CommandsManager:141 < CommandResource:150 < ... < OverrideFilter:50 < ... < SecurityRequestFilter:144 < ...)"


class TraccarError(Exception):
    """Answered with `status` and the text of a Java exception."""

    def __init__(self, message: str, *, kind: str = "RuntimeException", status: int = 400) -> None:
        super().__init__(f"{message} - {kind} {STACK}")
        self.status = status


def access_denied() -> TraccarError:
    """The account may not, or there is no such thing; Traccar does not tell these apart."""
    return TraccarError("Device access denied", kind="SecurityException")
