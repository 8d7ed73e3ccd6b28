"""The street map: junctions, the streets between them, and the way from one to another."""

from __future__ import annotations

import gzip
import heapq
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

Point = tuple[float, float]

EARTH_RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M
DATA = Path(__file__).parent.parent / "data" / "streets_sf.json.gz"
CELL_M = 250.0

# The data has no speed limits; a street that runs far without a junction is a bigger one.
LIMIT_KMH_BY_LENGTH_M = ((50.0, 30.0), (150.0, 40.0), (400.0, 50.0), (math.inf, 60.0))


@dataclass(frozen=True, slots=True)
class Street:
    """One stretch without junctions, as driven in one direction. Points in metres east and north."""

    to: int
    length_m: float
    limit_ms: float
    points: tuple[Point, ...]


class StreetMap:
    """The largest connected part of a set of street lines, in metres around its own middle."""

    def __init__(self, lines: Iterable[Sequence[Point]]) -> None:
        """`lines` are (longitude, latitude) points in degrees; lines meet where they share a point."""
        lines = [line for line in lines if len(line) > 1]
        self._lon0 = sum(line[0][0] for line in lines) / len(lines)
        self._lat0 = sum(line[0][1] for line in lines) / len(lines)
        self._metres_per_lon = METRES_PER_DEGREE * math.cos(math.radians(self._lat0))
        self.junctions: list[Point] = []
        self.streets: list[list[Street]] = []
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._build(_largest_part(_split_at_junctions(lines)))

    def to_degrees(self, point: Point) -> Point:
        """(latitude, longitude) of a point in metres."""
        return self._lat0 + point[1] / METRES_PER_DEGREE, self._lon0 + point[0] / self._metres_per_lon

    def to_metres(self, lat: float, lon: float) -> Point:
        """(east, north) of a position in degrees."""
        return (lon - self._lon0) * self._metres_per_lon, (lat - self._lat0) * METRES_PER_DEGREE

    def nearest_junction(self, lat: float, lon: float) -> int:
        """The junction nearest to a position in degrees."""
        point = self.to_metres(lat, lon)
        column, row = _cell(point)
        around = [
            number
            for x in (column - 1, column, column + 1)
            for y in (row - 1, row, row + 1)
            for number in self._cells.get((x, y), ())
        ]
        candidates = around or range(len(self.junctions))
        return min(candidates, key=lambda number: math.dist(self.junctions[number], point))

    def some_junction(self, rng: Random) -> int:
        """Any junction."""
        return rng.randrange(len(self.junctions))

    def somewhere_from(self, start: int, rng: Random, *, low_m: float, high_m: float) -> int:
        """A junction `low_m` to `high_m` away as the crow flies, or the nearest miss of many tries."""
        x, y = self.junctions[start]
        best, best_miss = start, math.inf
        for _ in range(60):
            candidate = self.some_junction(rng)
            cx, cy = self.junctions[candidate]
            away = math.hypot(cx - x, cy - y)
            miss = max(low_m - away, away - high_m, 0.0)
            if candidate != start and miss < best_miss:
                best, best_miss = candidate, miss
            if best_miss == 0.0:
                break
        return best

    def way(self, start: int, goal: int) -> list[Street]:
        """The shortest way (A*). Everything is connected, so there always is one."""
        gx, gy = self.junctions[goal]
        driven = {start: 0.0}
        came_by: dict[int, tuple[int, Street]] = {}
        frontier: list[tuple[float, int]] = [(0.0, start)]
        done: set[int] = set()
        while frontier:
            _, here = heapq.heappop(frontier)
            if here == goal:
                break
            if here in done:
                continue
            done.add(here)
            for street in self.streets[here]:
                length = driven[here] + street.length_m
                if length < driven.get(street.to, math.inf):
                    driven[street.to] = length
                    came_by[street.to] = (here, street)
                    x, y = self.junctions[street.to]
                    heapq.heappush(frontier, (length + math.hypot(gx - x, gy - y), street.to))
        return _walk_back(came_by, start, goal)

    def _build(self, lines: Iterable[Sequence[Point]]) -> None:
        numbers: dict[Point, int] = {}
        for line in lines:
            points = [self.to_metres(lat, lon) for lon, lat in line]
            ends = []
            for degrees, point in ((line[0], points[0]), (line[-1], points[-1])):
                if degrees not in numbers:
                    numbers[degrees] = len(self.junctions)
                    self._cells.setdefault(_cell(point), []).append(numbers[degrees])
                    self.junctions.append(point)
                    self.streets.append([])
                ends.append(numbers[degrees])
            length = sum(math.dist(a, b) for a, b in pairwise(points))
            limit = next(kmh for up_to, kmh in LIMIT_KMH_BY_LENGTH_M if length <= up_to) / 3.6
            there, back = tuple(points), tuple(reversed(points))
            self.streets[ends[0]].append(Street(ends[1], length, limit, there))
            self.streets[ends[1]].append(Street(ends[0], length, limit, back))


@cache
def san_francisco() -> StreetMap:
    """The street map that ships with the simulator (data/README.md says whose it is)."""
    document = json.loads(gzip.decompress(DATA.read_bytes()))
    return StreetMap(_unpack(flat) for flat in document["lines"])


def _cell(point: Point) -> tuple[int, int]:
    return int(point[0] // CELL_M), int(point[1] // CELL_M)


def _unpack(flat: Sequence[int]) -> list[Point]:
    east, north = 0, 0
    points = []
    for dx, dy in zip(flat[0::2], flat[1::2], strict=True):
        east, north = east + dx, north + dy
        points.append((east / 1e5, north / 1e5))
    return points


def _split_at_junctions(lines: Sequence[Sequence[Point]]) -> list[Sequence[Point]]:
    """Cut a line where another one ends on it."""
    ends = {end for line in lines for end in (line[0], line[-1])}
    pieces: list[Sequence[Point]] = []
    for line in lines:
        begin = 0
        for index in range(1, len(line)):
            if line[index] in ends or index == len(line) - 1:
                pieces.append(line[begin : index + 1])
                begin = index
    return [piece for piece in pieces if piece[0] != piece[-1]]


def _largest_part(lines: Sequence[Sequence[Point]]) -> list[Sequence[Point]]:
    neighbours: dict[Point, list[Point]] = {}
    for line in lines:
        neighbours.setdefault(line[0], []).append(line[-1])
        neighbours.setdefault(line[-1], []).append(line[0])
    largest: set[Point] = set()
    unseen = set(neighbours)
    while unseen:
        part: set[Point] = set()
        open_ends = [unseen.pop()]
        while open_ends:
            here = open_ends.pop()
            part.add(here)
            open_ends.extend(next_ for next_ in neighbours[here] if next_ in unseen)
            unseen.difference_update(neighbours[here])
        largest = max(largest, part, key=len)
    return [line for line in lines if line[0] in largest]


def _walk_back(came_by: dict[int, tuple[int, Street]], start: int, goal: int) -> list[Street]:
    way = []
    while goal != start:
        goal, street = came_by[goal]
        way.append(street)
    way.reverse()
    return way
