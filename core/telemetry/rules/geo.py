"""Places and the distances between them. Degrees are WGS 84."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_009.0


class Fix(NamedTuple):
    """A place at a moment."""

    ts: datetime
    lat: float
    lon: float


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance in metres on a sphere of 6,371,009 m (haversine)."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = math.sin((other_phi - phi) / 2) ** 2
    half += math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


_METRES_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180


def near_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """`distance_m` for places within 100 km of each other, at half the price (equirectangular projection).

    Away from the poles it differs from the great circle by less than 0.01 %.
    """
    east = other_lon - lon
    if not -180.0 <= east <= 180.0:
        east -= math.copysign(360.0, east)
    east *= math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(east, other_lat - lat) * _METRES_PER_DEGREE
