"""Services that answer with an error for a while: `{"svc": "unit/exec_cmd", "code": 6, "times": 1}`."""

from __future__ import annotations

import msgspec

from infra.simulators.wialon.errors import WialonError


class Refusal(msgspec.Struct, forbid_unknown_fields=True):
    """The next `times` calls of a service end with `code` and, where one is given, a reason."""

    svc: str
    code: int
    times: int = 1
    reason: str = ""


class Refusals:
    """What is refused, by service."""

    def __init__(self) -> None:
        self._by_service: dict[str, Refusal] = {}

    def add(self, refusal: Refusal) -> None:
        """Refuse from now on; `times` 0 ends it."""
        self._by_service[refusal.svc] = refusal

    def check(self, service: str) -> None:
        """Raises WialonError when this call is one of those to refuse."""
        refusal = self._by_service.get(service)
        if refusal is not None and refusal.times > 0:
            refusal.times -= 1
            raise WialonError(refusal.code, refusal.reason)
