"""Trouble codes of the engine (kind `dtc`): from raised to cleared, the subject is the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample

_MOST_CODES = 64


class Fault(msgspec.Struct):
    """Since when and where a code is raised."""

    since: float
    lat: float | None
    lon: float | None


class Faults(Detector):
    """The codes that are raised. A report without any list says nothing of them; one with an empty list clears all."""

    name: ClassVar[str] = "faults"

    codes: list[str] = msgspec.field(default_factory=list)
    """As last reported."""
    raised: dict[str, Fault] = msgspec.field(default_factory=dict)

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say a code when it is raised, and again when a list comes without it."""
        codes = now.dtc
        if codes is None or codes == self.codes:
            return
        self.codes = list(codes[:_MOST_CODES])
        listed = set(self.codes)
        for code in [code for code in self.raised if code not in listed]:
            say(_finding(code, self.raised.pop(code), now.ts))
        for code in self.codes:
            if code and code not in self.raised:
                self.raised[code] = Fault(now.ts, now.lat, now.lon)
                say(_finding(code, self.raised[code], None))

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say the codes that are raised."""
        for code, fault in self.raised.items():
            say(_finding(code, fault, None))


def _finding(code: str, fault: Fault, ended_at: float | None) -> Finding:
    return Finding(kind="dtc", subject=code, started_at=fault.since, ended_at=ended_at, lat=fault.lat, lon=fault.lon)
