"""How far a vehicle has gone in all, fused from its odometer, its positions and what people read off (VEH-4).

Mileage never goes down by itself. The odometer tells how far the vehicle went since the mileage was last tied to it;
positions fill in between, and where the odometer cannot be believed. A person's reading sets the mileage at its moment,
upwards or downwards. What takes away more than `odometer_rollback_m` is said aloud, whoever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Mileage, Sample
from core.telemetry.rules.limits import Thresholds
from core.telemetry.rules.motion import LIKELY_MPS, Motion

Say = Callable[[Found], None]
# Between two samples (SAE J1979 service 01, PID A6, as plausible in practice).
ODOMETER_MPS = 40.0
# An odometer may go so many times as far as the straight lines between positions.
WINDING = 3.0


class Odometer(msgspec.Struct):
    """The odometer the mileage is tied to: at `tie_m` of it the mileage was `base_m`.

    `high_m` is the highest it has said since, at the moment `ts`. `gps_m` is the way by positions since then, and
    `unseen_s` how much of that time no position was known.
    """

    tie_m: float
    base_m: float
    high_m: float
    ts: float
    gps_m: float = 0.0
    unseen_s: float = 0.0


class MileageFusion(Detector):
    """Says Mileage at rest, and a Finding of kind "odometer_rollback" when some of it is taken away."""

    name: ClassVar[str] = "mileage"

    motion: Motion = msgspec.field(default_factory=Motion)
    odometer: Odometer | None = None
    mileage_m: float = 0.0
    method: str = "gps"
    # Whether it counts from the vehicle's first metre, and not just from the first point.
    absolute: bool = False
    # When the last reading was made that has been taken in.
    read_ts: float | None = None

    def step(self, before: Sample | None, now: Sample, context: Context, say: Say) -> None:
        """Take in the next point."""
        limits, then, fix_ts, mileage_m = context.thresholds, self.motion.ts, self.motion.fix_ts, self.mileage_m
        seconds, metres, _, _, leap = self.motion.step(now, limits)
        unseen_s = now.ts - then if then is not None and (not seconds or now.lat is None) else 0.0
        # A way nobody saw was at least as long as the straight line, if the vehicle can have driven it.
        if leap and leap <= LIKELY_MPS * (now.ts - fix_ts):
            metres = leap
        if now.odometer_m:  # 0 is what a bus says that does not know
            self._compare(float(now.odometer_m), now.ts, metres, unseen_s, limits, say)
        elif metres or unseen_s:
            self._go(metres, unseen_s)
        if context.readings and context.readings[-1][0] > (self.read_ts or 0.0):
            self._take_readings(then, now.ts, mileage_m, context, say)

    def rest(self, before: Sample | None, context: Context, say: Say) -> None:
        """Say the mileage so far; a reading made after the last point already counts (and is judged at the next)."""
        ts = self.motion.ts
        if ts is None:
            return
        mileage_m, method = self.mileage_m, self.method
        for read_ts, read_m in context.readings:
            if read_ts > ts:
                ts, mileage_m, method = read_ts, read_m, "reading"
        say(Mileage(ts=ts, mileage_m=mileage_m, method=method))

    def _go(self, metres: float, unseen_s: float) -> None:
        """Go on by positions. As far as the mileage is ahead of the odometer, positions catch up first."""
        odometer = self.odometer
        if odometer is None:
            self.mileage_m += metres
        else:
            odometer.gps_m += metres
            odometer.unseen_s += unseen_s
            so_far = odometer.base_m + odometer.high_m - odometer.tie_m + odometer.gps_m
            self.mileage_m = max(self.mileage_m, so_far)
        if metres:
            self.method = "gps"

    def _compare(self, said_m: float, ts: float, metres: float, unseen_s: float, limits: Thresholds, say: Say) -> None:
        """Go on by the odometer if it can be believed; else by positions, and tie the mileage to it anew."""
        self._go(metres, unseen_s)
        odometer = self.odometer
        if odometer is None:
            if not self.absolute:
                self.mileage_m = max(self.mileage_m, said_m)
            self.absolute, self.method = True, "odometer"
            self._tie(said_m, ts)
            return
        gained = said_m - odometer.high_m
        if gained < -limits.odometer_rollback_m:
            _tell_loss(odometer.high_m, said_m, ts, "odometer", limits, say)
            self._tie(said_m, ts)
        elif gained <= 0:
            # It shows whole kilometres, or trembles: wait. That it stands while the vehicle drives is no waiting.
            if odometer.gps_m > limits.odometer_tolerance_m:
                self._tie(said_m, ts)
        elif _is_likely(gained, ts, odometer, limits):
            odometer.high_m, odometer.ts = said_m, ts
            odometer.gps_m = odometer.unseen_s = 0.0
            self.mileage_m = max(self.mileage_m, odometer.base_m + said_m - odometer.tie_m)
            self.method = "odometer"
        else:
            self._tie(said_m, ts)

    def _tie(self, said_m: float, ts: float) -> None:
        self.odometer = Odometer(tie_m=said_m, base_m=self.mileage_m, high_m=said_m, ts=ts)

    def _take_readings(self, then: float | None, ts: float, mileage_m: float, context: Context, say: Say) -> None:
        """Set the mileage at the moment of each reading up to now; what was driven since then comes on top."""
        driven = self.mileage_m - mileage_m if then is not None else 0.0
        for read_ts, read_m in context.readings:
            if read_ts > ts:
                break
            if self.read_ts is not None and read_ts <= self.read_ts:
                continue
            after = min(1.0, (ts - read_ts) / (ts - then)) if then is not None else 0.0
            if self.absolute:
                at_reading = self.mileage_m - driven * after
                _tell_loss(at_reading, read_m, read_ts, "reading", context.thresholds, say)
            self._set(read_m + driven * after)
            self.read_ts, self.absolute, self.method = read_ts, True, "reading"

    def _set(self, mileage_m: float) -> None:
        if self.odometer is not None:
            self.odometer.base_m += mileage_m - self.mileage_m
        self.mileage_m = mileage_m


def _is_likely(gained: float, ts: float, odometer: Odometer, limits: Thresholds) -> bool:
    """Whether the odometer can have gained so much: by the time passed, and by where the vehicle was seen."""
    tolerance = limits.odometer_tolerance_m
    if gained > ODOMETER_MPS * (ts - odometer.ts) + tolerance:
        return False
    if gained < odometer.gps_m / WINDING - tolerance:
        return False
    return gained <= WINDING * odometer.gps_m + ODOMETER_MPS * odometer.unseen_s + tolerance


def _tell_loss(before: float, after: float, ts: float, source: str, limits: Thresholds, say: Say) -> None:
    if before - after > limits.odometer_rollback_m:
        detail = {"before": round(before), "after": round(after), "source": source}
        say(Finding(kind="odometer_rollback", started_at=ts, ended_at=ts, value=before - after, detail=detail))
