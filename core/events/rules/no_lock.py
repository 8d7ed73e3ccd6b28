"""Places where no vehicle may be locked: whether one is in such a place, or so near that it may be. Pure.

A fix is not exact. A receiver in a street is off by some metres, between high houses by some tens, and a lock in a
tunnel's mouth cannot be taken back. So the border is drawn 25 m further out than it is on the map, and a hole is that
much smaller: in doubt nothing is locked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from core.events.rules.shapes import Edge, shapes_of
from core.telemetry.rules.detector import Circle, Polygon
from core.telemetry.rules.geo import EARTH_RADIUS_M, distance_m

MARGIN_M = 25.0
_M_PER_DEG = EARTH_RADIUS_M * math.pi / 180.0
# What people choose from; any other words are as good.
PLACES = ("hospital", "motorway", "tunnel", "railway crossing", "border")


def is_in_or_near(form: Circle | Polygon, lat: float, lon: float, *, margin_m: float = MARGIN_M) -> bool:
    """Whether the place (degrees, WGS 84) lies in the form or at most `margin_m` metres from its border."""
    if isinstance(form, Circle):
        return distance_m(form.lat, form.lon, lat, lon) <= form.radius_m + margin_m
    if not _is_at_its_latitude(form, lat, margin_m / _M_PER_DEG):
        return False
    at_home = lon - 360.0 if lon >= 180.0 else lon
    shapes = shapes_of(0, form)
    return any(shape.holds(lat, at_home) or _is_near(shape.edges(), lat, lon, margin_m) for shape in shapes)


def _is_at_its_latitude(form: Polygon, lat: float, slack_deg: float) -> bool:
    """The cheap question first: most zones of a country are far away."""
    for rings in form.coordinates:
        lats = [position[1] for position in rings[0]]
        if min(lats) - slack_deg <= lat <= max(lats) + slack_deg:
            return True
    return False


def _is_near(edges: Iterable[Edge], lat: float, lon: float, margin_m: float) -> bool:
    """Whether an edge comes this near. Around the place the Earth is flat: 25 m away that is exact to a millimetre."""
    slack = margin_m / _M_PER_DEG
    south, north = lat - slack, lat + slack
    shrunk = math.cos(math.radians(lat)) * _M_PER_DEG
    for x, y, other_x, other_y in edges:
        if (y < south and other_y < south) or (y > north and other_y > north):
            continue
        east = _the_short_way(x - lon)
        start = (east * shrunk, (y - lat) * _M_PER_DEG)
        end = ((east + other_x - x) * shrunk, (other_y - lat) * _M_PER_DEG)
        if _distance_to_segment(start, end) <= margin_m:
            return True
    return False


def _the_short_way(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0


def _distance_to_segment(start: tuple[float, float], end: tuple[float, float]) -> float:
    """How far the origin is from the straight piece between two points, in their unit."""
    along = (end[0] - start[0], end[1] - start[1])
    length = along[0] ** 2 + along[1] ** 2
    part = 0.0 if length == 0.0 else -(start[0] * along[0] + start[1] * along[1]) / length
    part = min(max(part, 0.0), 1.0)
    return math.hypot(start[0] + part * along[0], start[1] + part * along[1])
