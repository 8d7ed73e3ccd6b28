"""The error codes of the Remote API (Gurtam SDK, "Error codes")."""

from __future__ import annotations

INVALID_SESSION = 1
UNKNOWN_SERVICE = 2
INVALID_INPUT = 4
NOT_EXECUTED = 5
ACCESS_DENIED = 7
WRONG_CREDENTIALS = 8
TOO_MANY_REQUESTS = 10
NO_MESSAGES = 1001
ONE_AT_A_TIME = 1003


class WialonError(Exception):
    """Answered as `{"error": code, "reason": …}` with HTTP status 200, as the real one does."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
