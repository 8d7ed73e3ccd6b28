"""Geofences as GeoJSON (RFC 7946): what may become one, and how one is written.

A ring that crosses itself is not refused: what it holds is decided by the even-odd rule, as everywhere else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.events.rules.shapes import unwrap
from core.telemetry.rules.detector import Polygon

MOST_POSITIONS = 10_000
MOST_PARTS = 500
_WIDEST_DEG = 40.0
_SMALLEST_M = 10.0
_M_PER_DEG = 111_195.0
_AROUND_STEPS = 64


class BadGeometry(ValueError):
    """What is wrong with a geometry, in a sentence."""


def read_polygon(geometry: object) -> Polygon:
    """The polygon that a GeoJSON Polygon or MultiPolygon says; heights are left out. Raises BadGeometry."""
    if not isinstance(geometry, Mapping):
        raise BadGeometry("There is no geometry. Give a GeoJSON Polygon or MultiPolygon.")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise BadGeometry(f"A {kind} cannot be a geofence. Give a GeoJSON Polygon or MultiPolygon.")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(parts, list) or not parts or len(parts) > MOST_PARTS:
        raise BadGeometry(f"A {kind} needs 1 to {MOST_PARTS} parts in its coordinates.")
    polygon = Polygon(coordinates=[[_read_ring(ring) for ring in _read_rings(part)] for part in parts])
    count = count_positions(polygon)
    if count > MOST_POSITIONS:
        raise BadGeometry(f"It has {count} positions; {MOST_POSITIONS} are the most. Simplify it first.")
    _check_size(polygon)
    return polygon


def count_positions(polygon: Polygon) -> int:
    """How many positions its rings have together."""
    return sum(len(ring) for rings in polygon.coordinates for ring in rings)


def middle_of(polygon: Polygon) -> tuple[float, float]:
    """Latitude and longitude of the middle of the box around its first part."""
    ring = unwrap(polygon.coordinates[0][0])
    lons, lats = [lon for lon, _ in ring], [lat for _, lat in ring]
    lon = (min(lons) + max(lons)) / 2.0
    return (min(lats) + max(lats)) / 2.0, (lon + 180.0) % 360.0 - 180.0


def circle_as_ring(lat: float, lon: float, radius_m: float) -> list[list[float]]:
    """A circle as a closed ring of 64 sides, since GeoJSON has no circles."""
    half_lat = radius_m / _M_PER_DEG
    half_lon = half_lat / max(math.cos(math.radians(lat)), 0.01)
    turns = [2.0 * math.pi * n / _AROUND_STEPS for n in range(_AROUND_STEPS)]
    ring = [[lon + half_lon * math.cos(a), max(min(lat + half_lat * math.sin(a), 90.0), -90.0)] for a in turns]
    return [*ring, ring[0]]


def _read_rings(part: object) -> list[Any]:
    if not isinstance(part, list) or not part:
        raise BadGeometry("A polygon needs at least one ring: its outline.")
    return part


def _read_ring(ring: object) -> list[tuple[float, float]]:
    if not isinstance(ring, list) or len(ring) < 4:
        raise BadGeometry("A ring needs at least four positions, the last the same as the first.")
    positions = [_read_position(position) for position in ring]
    if positions[0] != positions[-1]:
        raise BadGeometry("A ring is not closed: repeat its first position at its end.")
    straight = unwrap(positions)
    if abs(straight[-1][0] - straight[0][0]) > 1.0:
        raise BadGeometry("A ring goes around a pole, which a geofence cannot. Use a circle there.")
    return positions


def _read_position(position: object) -> tuple[float, float]:
    if not isinstance(position, list) or not 2 <= len(position) <= 4:
        raise BadGeometry("A position is [longitude, latitude].")
    lon, lat = position[0], position[1]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (lon, lat)):
        raise BadGeometry("A position is [longitude, latitude], both numbers.")
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        raise BadGeometry(f"[{lon}, {lat}] is not on Earth. Positions are [longitude, latitude], in this order.")
    return float(lon), float(lat)


def _check_size(polygon: Polygon) -> None:
    """Slivers beside a real part are common in real files; one part must be a place."""
    sizes = [_size_deg(unwrap(rings[0])) for rings in polygon.coordinates]
    if any(max(size) > _WIDEST_DEG for size in sizes):
        raise BadGeometry(f"It is wider than {_WIDEST_DEG:.0f} degrees. A geofence is a place, not a continent.")
    shrunk = math.cos(math.radians(polygon.coordinates[0][0][0][1]))
    if all(min(width * shrunk, height) * _M_PER_DEG < _SMALLEST_M for width, height in sizes):
        raise BadGeometry(f"It is narrower than {_SMALLEST_M:.0f} m, less than a position is sure to.")


def _size_deg(ring: list[tuple[float, float]]) -> tuple[float, float]:
    lons, lats = [lon for lon, _ in ring], [lat for _, lat in ring]
    return max(lons) - min(lons), max(lats) - min(lats)
