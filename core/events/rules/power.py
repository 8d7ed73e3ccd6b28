"""The device has lost its supply (kind `unplugged`): the value is the voltage that was seen, in V."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.events.rules import reported
from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample


class Unplugged(Detector):
    """Whether the supply was ever seen, since when it is gone, and what was read then.

    A device that never showed more than `unplugged_below_v` measures something else, such as its own battery. One low
    reading is a slip or the starter; two in a row, or the device's own word, are believed.
    """

    name: ClassVar[str] = "unplugged"

    supplied: bool = False
    since: float | None = None
    lat: float | None = None
    lon: float | None = None
    voltage_v: float | None = None
    said: bool = False

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say it when it is believed, and again when the supply is back."""
        voltage = now.voltage_v
        extra = now.extra
        told = reported.unplugged(extra) if extra and ("unplug" in extra or "alarm" in extra) else None
        low = voltage is not None and voltage < context.thresholds.unplugged_below_v
        if told is None and (voltage is None or (self.since is None and not low)):
            self.supplied = self.supplied or voltage is not None
            return
        if told or (low and self.supplied and told is None):
            self._lose(now, told is True, say)
        elif not low or told is False:
            self._regain(now, say)

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say it as it is so far."""
        if self.said and self.since is not None:
            say(self._finding(self.since, None))

    def _lose(self, now: Sample, told: bool, say: Callable[[Found], None]) -> None:
        first = self.since is None
        if self.since is None:
            self.since, self.lat, self.lon, self.voltage_v = now.ts, now.lat, now.lon, now.voltage_v
        if not self.said and (told or not first):
            self.said = True
            say(self._finding(self.since, None))

    def _regain(self, now: Sample, say: Callable[[Found], None]) -> None:
        if self.said and self.since is not None:
            say(self._finding(self.since, now.ts))
        self.supplied = True
        self.since, self.lat, self.lon, self.voltage_v, self.said = None, None, None, None, False

    def _finding(self, since: float, ended_at: float | None) -> Finding:
        return Finding(
            kind="unplugged",
            started_at=since,
            ended_at=ended_at,
            lat=self.lat,
            lon=self.lon,
            value=self.voltage_v,
        )
