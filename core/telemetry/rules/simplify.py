"""A track with fewer points: which of them a line needs to stay within a tolerance of all the others.

Douglas and Peucker's method ("Algorithms for the reduction of the number of points required to represent a digitized
line", Cartographica 10, 1973), because what it promises is what is asked for: nothing left out lies further from the
drawn line than the tolerance. A track is more than its line, so some points stay whatever the line says: the ends, both
sides of a gap, where a vehicle sets off and where it comes to stand, and the highest speed between those.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from core.telemetry.rules.geo import EARTH_RADIUS_M

# Nobody knows the way between two reports further apart: no line is drawn across.
GAP_S = 300.0
# Receivers drift: below this a vehicle stands.
MOVING_KMH = 3.0
# One point in so many always stays: the method is quadratic at its worst, and a hostile track must not cost minutes.
BLOCK = 1024

_M_PER_DEG = math.radians(1) * EARTH_RADIUS_M


def simplify(
    ts_ms: Sequence[int],
    lats: Sequence[float],
    lons: Sequence[float],
    speeds_kmh: Sequence[float | None],
    *,
    tolerance_m: float,
) -> list[int]:
    """The indices that stay, in order. All four sequences are of one length, in the order of time."""
    if not ts_ms:
        return []
    xs = _unwrap(lons)
    anchors = _find_anchors(ts_ms, speeds_kmh)
    kept = set(anchors)
    for start, end in itertools.pairwise(anchors):
        kept.update(_bends(xs, lats, start, end, tolerance_m))
    return sorted(kept)


def _find_anchors(ts_ms: Sequence[int], speeds_kmh: Sequence[float | None]) -> list[int]:
    """What stays whatever the line says, in order."""
    found = {0, len(ts_ms) - 1, *range(0, len(ts_ms), BLOCK)}
    start = 0
    for index in range(1, len(ts_ms) + 1):
        if index < len(ts_ms) and not _is_turn(ts_ms, speeds_kmh, index):
            continue
        found |= {start, index - 1, max(range(start, index), key=lambda i: speeds_kmh[i] or 0.0)}
        start = index
    return sorted(found)


def _is_turn(ts_ms: Sequence[int], speeds_kmh: Sequence[float | None], index: int) -> bool:
    """Whether a gap lies before this point, or the vehicle set off or came to stand with it."""
    if ts_ms[index] - ts_ms[index - 1] > GAP_S * 1000:
        return True
    return ((speeds_kmh[index - 1] or 0.0) >= MOVING_KMH) != ((speeds_kmh[index] or 0.0) >= MOVING_KMH)


def _bends(xs: Sequence[float], ys: Sequence[float], start: int, end: int, tolerance_m: float) -> Iterator[int]:
    """The points between two that stay, for which the straight line between them would leave something too far away."""
    waiting = [(start, end)]
    while waiting:
        first, last = waiting.pop()
        index, away_m = _farthest(xs, ys, first, last)
        if away_m > tolerance_m:
            yield index
            waiting += [(first, index), (index, last)]


def _farthest(xs: Sequence[float], ys: Sequence[float], first: int, last: int) -> tuple[int, float]:
    """The point between two that lies furthest from the straight line between them, and how far in metres.

    On the plane that touches the Earth at the middle of the line; of a line of 100 km it is wrong by less than 1 %.
    """
    x0, y0 = xs[first], ys[first]
    kx = _M_PER_DEG * math.cos(math.radians((y0 + ys[last]) / 2))
    dx, dy = (xs[last] - x0) * kx, (ys[last] - y0) * _M_PER_DEG
    length2 = dx * dx + dy * dy
    farthest, most2 = first, -1.0
    for index in range(first + 1, last):
        px, py = (xs[index] - x0) * kx, (ys[index] - y0) * _M_PER_DEG
        if length2 > 0.0:
            along = (px * dx + py * dy) / length2
            along = 0.0 if along < 0.0 else min(along, 1.0)
            px -= along * dx
            py -= along * dy
        away2 = px * px + py * py
        if away2 > most2:
            farthest, most2 = index, away2
    return farthest, math.sqrt(max(most2, 0.0))


def _unwrap(lons: Sequence[float]) -> list[float]:
    """Longitudes that do not jump where the 180th meridian is crossed."""
    turned, before = 0.0, lons[0]
    unwrapped = []
    for lon in lons:
        if abs(lon - before) > 180.0:
            turned += 360.0 if lon < before else -360.0
        unwrapped.append(lon + turned)
        before = lon
    return unwrapped
