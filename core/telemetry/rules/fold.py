"""Feeding a vehicle's points to its detectors, and working out what is different from what was said before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Mileage, Period, Sample
from core.telemetry.rules.memory import Key, Memory, Said, freeze, key_of, write_memory

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Folded:
    """What came of it. `said` is to be written, `gone` to be taken back; `checkpoints` are (moment, memory)."""

    memory: bytes
    last_ts: float | None
    silent_since: float | None
    mileage: Mileage | None
    said: dict[Key, Said]
    gone: list[Key]
    checkpoints: list[tuple[float, bytes]]


@dataclass(slots=True)
class Fold:
    """One run over points in the order of device time, from `base` on; an empty base is the beginning."""

    detectors: Sequence[Detector]
    context: Context
    base: Memory
    fed: int = 0
    first_ts: float | None = None
    _said: dict[Key, Said] = field(default_factory=dict)
    _checkpoints: list[tuple[float, bytes]] = field(default_factory=list)
    _before: Sample | None = None
    _boundary: float = float("inf")
    _mileage: Mileage | None = None
    _live: dict[Key, Said] = field(default_factory=dict)
    _periods: dict[str, Period] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before, self._mileage = self.base.before, self.base.mileage
        self._live = {key: found for key, found in self.base.live.items() if not isinstance(found, Period)}
        self._periods = {period.width: period for period in self.base.periods}
        if self._before is not None:
            self._boundary = _hour_after(self._before.ts)

    @property
    def last(self) -> Sample | None:
        """The last point that was taken in."""
        return self._before

    def feed(self, samples: Sequence[Sample]) -> None:
        """Take in the next points, each later than the one before."""
        if not samples:
            return
        if self.first_ts is None:
            self.first_ts = samples[0].ts
        before, boundary, context, say = self._before, self._boundary, self.context, self._say
        steps = [detector.step for detector in self.detectors]
        for now in samples:
            if now.ts >= boundary or before is None:
                self._pass_hour(before, now)
                boundary = _hour_after(now.ts)
            for step in steps:
                step(before, now, context, say)
            before = now
        self._before, self._boundary = before, boundary
        self.fed += len(samples)

    def finish(self, *, touched: Iterable[Key], silence: Finding | None) -> Folded:
        """Say what is so far, and take back whatever of `touched`, said at other times, is not said again."""
        frozen = freeze(self.detectors)
        overlay, mileage = self._rest()
        if silence is not None:
            overlay[key_of(silence)] = silence
        said = self._said | overlay
        was = self.base.live
        untold = [key for key in dict.fromkeys(touched) if key not in said]
        return Folded(
            memory=write_memory(
                self.detectors,
                frozen,
                last=self._before,
                live=[*self._live.values(), *self._periods.values()],
                mileage=self._mileage,
                readings=[ts for ts, _ in self.context.readings],
                overlay=overlay,
            ),
            last_ts=None if self._before is None else self._before.ts,
            silent_since=None if silence is None else silence.started_at,
            mileage=mileage,
            said=said | {key: was[key] for key in untold if key in was},
            gone=[key for key in untold if key not in was],
            checkpoints=self._checkpoints,
        )

    def _say(self, found: Found) -> None:
        if isinstance(found, Mileage):
            self._mileage = found
            return
        self._said[key := key_of(found)] = found
        if not isinstance(found, Period):
            self._live[key] = found
        elif (now := self._periods.get(found.width)) is None or found.start >= now.start:
            self._periods[found.width] = found

    def _rest(self) -> tuple[dict[Key, Said], Mileage | None]:
        overlay: dict[Key, Said] = {}
        mileages = [self._mileage]

        def say(found: Found) -> None:
            if isinstance(found, Mileage):
                mileages.append(found)
            else:
                overlay[key_of(found)] = found

        for detector in self.detectors:
            detector.rest(self._before, self.context, say)
        return overlay, mileages[-1]

    def _pass_hour(self, before: Sample | None, now: Sample) -> None:
        """Make a checkpoint at the start of the hour of `now`, the first point in it, of everything before."""
        if before is None:
            return
        memory = write_memory(
            self.detectors,
            freeze(self.detectors),
            last=before,
            live=[*self._live.values(), *self._periods.values()],
            mileage=self._mileage,
        )
        self._checkpoints.append((now.ts // HOUR_S * HOUR_S, memory))
        self._live = {key: found for key, found in self._live.items() if _is_open(found)}


def _is_open(found: Said) -> bool:
    return isinstance(found, Period) or found.ended_at is None


def _hour_after(ts: float) -> float:
    return (ts // HOUR_S + 1) * HOUR_S
