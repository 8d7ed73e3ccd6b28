"""Forms of geofences, ready to be asked whether they hold a place. Degrees are WGS 84.

Whose is a border? A circle holds what is at most its radius away. A polygon is read as GeoJSON says: its edges are
straight in degrees, its further rings are holes; of its border the western and southern sides are its own and the
eastern and northern are not (even-odd rule, half-open), so that of two neighbours with a common border exactly one
holds each place on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from core.telemetry.rules.detector import Circle, Polygon
from core.telemetry.rules.geo import EARTH_RADIUS_M, distance_m

Position = tuple[float, float]
Ring = Sequence[Position]
Edge = tuple[float, float, float, float]
"""West-east and south-north of its two ends: (lon, lat, other lon, other lat)."""

_MOST_BANDS = 512


class Disc:
    """A circle with its box. `west` to `east` lies within -180 to 180; one over the antimeridian is two of these."""

    __slots__ = ("_lat", "_lon", "_radius_m", "east", "north", "one", "south", "west")

    def __init__(self, fence_id: int, circle: Circle, box: tuple[float, float, float, float]) -> None:
        self.one = frozenset({fence_id})
        self.west, self.south, self.east, self.north = box
        self._lat, self._lon, self._radius_m = circle.lat, circle.lon, circle.radius_m

    def holds(self, lat: float, lon: float) -> bool:
        """Whether the place is at most the radius away from the centre."""
        if lat < self.south or lat > self.north or lon < self.west or lon > self.east:
            return False
        return distance_m(self._lat, self._lon, lat, lon) <= self._radius_m

    def edges(self) -> Iterable[Edge]:
        """No straight ones: every cell of the box is asked."""
        return ()


class Patch:
    """One polygon with its holes. Its edges lie in bands of latitude, so that few are asked for one place."""

    __slots__ = ("_bands", "_bands_per_deg", "_edges", "east", "north", "one", "south", "west")

    def __init__(self, fence_id: int, rings: Sequence[Ring]) -> None:
        self.one = frozenset({fence_id})
        self.west = min(lon for lon, _ in rings[0])
        self.east = max(lon for lon, _ in rings[0])
        self.south = min(lat for _, lat in rings[0])
        self.north = max(lat for _, lat in rings[0])
        self._edges: list[Edge] = [
            (*start, *end) for ring in rings for start, end in zip(ring, [*ring[1:], ring[0]], strict=True)
        ]
        count = max(1, min(_MOST_BANDS, len(self._edges) // 2))
        self._bands_per_deg = count / ((self.north - self.south) or 1.0)
        self._bands = self._cut(count)

    def _cut(self, count: int) -> list[tuple[Edge, ...]]:
        bands: list[list[Edge]] = [[] for _ in range(count + 1)]
        for edge in self._edges:
            low, high = sorted((edge[1], edge[3]))
            if low == high:
                continue  # a ray along the latitude never crosses a level edge
            first, last = self._band(low, count), self._band(high, count)
            for band in bands[first : last + 1]:
                band.append(edge)
        return [tuple(band) for band in bands]

    def _band(self, lat: float, count: int) -> int:
        # What `holds` computes is monotonic in the latitude, and so is this: no edge is missed.
        return min(max(int((lat - self.south) * self._bands_per_deg), 0), count)

    def holds(self, lat: float, lon: float) -> bool:
        """Whether the place is inside: a ray to the east crosses the edges an odd number of times."""
        if lat < self.south or lat > self.north or lon < self.west or lon > self.east:
            return False
        inside = False
        for x, y, other_x, other_y in self._bands[int((lat - self.south) * self._bands_per_deg)]:
            if (y > lat) != (other_y > lat) and lon < (other_x - x) * (lat - y) / (other_y - y) + x:
                inside = not inside
        return inside

    def edges(self) -> Iterable[Edge]:
        """Every edge of every ring."""
        return self._edges


Shape = Disc | Patch


def shapes_of(fence_id: int, form: Circle | Polygon) -> list[Shape]:
    """The shapes that together are the fence: one, or several for parts and for what lies across the antimeridian."""
    if isinstance(form, Circle):
        return [Disc(fence_id, form, box) for box in boxes_of_circle(form)]
    return [
        Patch(fence_id, shifted)
        for rings in form.coordinates
        for shifted in _copies([unwrap(ring) for ring in _tidy(rings)])
    ]


def _tidy(rings: Sequence[Ring]) -> list[list[Position]]:
    """Rings without the closing repetition of their first position."""
    return [[(lon, lat) for lon, lat in (ring[:-1] if ring[0] == ring[-1] else ring)] for ring in rings]


def unwrap(ring: Ring) -> list[Position]:
    """The ring with each step of longitude taken the short way, so that it may leave -180 to 180."""
    straight = [ring[0]]
    for lon, lat in ring[1:]:
        before = straight[-1][0]
        straight.append((lon - 360.0 * round((lon - before) / 360.0), lat))
    return straight


def _copies(rings: list[list[Position]]) -> list[list[list[Position]]]:
    """The polygon wherever it shows between -180 and 180: mostly once, twice across the antimeridian."""
    west = min(lon for lon, _ in rings[0])
    home = [_shift(rings[0], -360.0 * math.floor((west + 180.0) / 360.0))]
    west = min(lon for lon, _ in home[0])
    east = max(lon for lon, _ in home[0])
    for hole in rings[1:]:
        start = min(lon for lon, _ in hole)
        home.append(_shift(hole, 360.0 * math.ceil((west - start) / 360.0)))
    return [home, [_shift(ring, -360.0) for ring in home]] if east > 180.0 else [home]


def _shift(ring: Ring, by: float) -> list[Position]:
    return [(lon + by, lat) for lon, lat in ring] if by else list(ring)


def boxes_of_circle(circle: Circle) -> list[tuple[float, float, float, float]]:
    """West, south, east, north around a circle; two boxes across the antimeridian; the whole round at a pole."""
    reach = circle.radius_m / EARTH_RADIUS_M
    slack = math.degrees(reach) * 1e-6 + 1e-9
    south, north = circle.lat - math.degrees(reach) - slack, circle.lat + math.degrees(reach) + slack
    widest = math.sin(reach) / max(math.cos(math.radians(circle.lat)), 1e-12)
    if south <= -90.0 or north >= 90.0 or widest >= 1.0:
        return [(-180.0, max(south, -90.0), 180.0, min(north, 90.0))]
    half = math.degrees(math.asin(widest)) + slack
    west, east = circle.lon - half, circle.lon + half
    if west < -180.0:
        return [(-180.0, south, east, north), (west + 360.0, south, 180.0, north)]
    if east > 180.0:
        return [(west, south, 180.0, north), (-180.0, south, east - 360.0, north)]
    return [(west, south, east, north)]
