"""All geofences at once, by place. Built once for each version of the fences, asked for every point.

A grid of several widths of cell. Each shape lies in the grid whose cells are so wide that it covers a few dozen of
them; a cell knows which fences cover it whole and which have to be asked. So neither a country nor a parking bay
costs much, and thousands of fences cost about what one does.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import product

import msgspec

from core.events.rules.shapes import Shape, shapes_of
from core.telemetry.rules.detector import Circle, Polygon

_WIDTHS_DEG = tuple(0.0025 * 4.0**power for power in range(9))
_MOST_CELLS = 64
_ROW = 1 << 20
# Wider than any rounding of an edge: a cell that an edge might touch is asked, not believed.
_SLACK_DEG = 1e-9
_NONE: frozenset[int] = frozenset()

Asked = tuple[float, float, float, float, Callable[[float, float], bool], frozenset[int]]
"""A shape that has to be asked: its south, north, west, east, the question, and its fence as a set of one."""
Cell = tuple[frozenset[int], tuple[Asked, ...]]


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """A geofence as the detectors know it. `since` and `until` are Unix seconds: when it detects."""

    id: int
    form: Circle | Polygon
    since: float = -math.inf
    until: float = math.inf


class FenceIndex:
    """Finds the geofences that hold a place. It never changes; a new version of the fences is a new index."""

    def __init__(self, fences: Iterable[Fence]) -> None:
        shapes: list[Shape] = []
        self._lasting: dict[int, tuple[float, float]] = {}
        for fence in fences:
            shapes.extend(shapes_of(fence.id, fence.form))
            if fence.since > -math.inf or fence.until < math.inf:
                self._lasting[fence.id] = (fence.since, fence.until)
        self._grids = _lay_out(shapes)

    def at(self, lat: float, lon: float, ts: float | None = None) -> frozenset[int]:
        """The ids of the geofences that hold this place, at the moment `ts` if one is given."""
        if lon >= 180.0:
            lon -= 360.0
        found = _NONE
        for cells_per_deg, cells in self._grids:
            cell = cells.get(int((lat + 90.0) * cells_per_deg) * _ROW + int((lon + 180.0) * cells_per_deg))
            if cell is not None:
                whole, asked = cell
                found = found | whole if found else whole
                for south, north, west, east, holds, one in asked:
                    if south <= lat <= north and west <= lon <= east and holds(lat, lon):
                        found = found | one
        return found if ts is None or not found else self._lasting_at(found, ts)

    def _lasting_at(self, found: frozenset[int], ts: float) -> frozenset[int]:
        lasting = self._lasting
        for fence_id in found:
            if fence_id in lasting and not lasting[fence_id][0] <= ts < lasting[fence_id][1]:
                return frozenset(one for one in found if one not in lasting or lasting[one][0] <= ts < lasting[one][1])
        return found


class ParkFences:
    """Of all fences those that vehicles of one park meet: the park's own and everybody's."""

    def __init__(self, index: FenceIndex, seen: frozenset[int]) -> None:
        self._at = index.at
        self._seen = seen

    def at(self, lat: float, lon: float, ts: float | None = None) -> frozenset[int]:
        """The ids of the geofences that hold this place, at the moment `ts` if one is given."""
        found = self._at(lat, lon, ts)
        return found & self._seen if found else found


class FenceBook(msgspec.Struct, frozen=True):
    """The fences of every park, out of one index."""

    by_park: Mapping[int, ParkFences]
    everybodys: ParkFences

    def of_park(self, park_id: int) -> ParkFences:
        """What vehicles of this park meet."""
        return self.by_park.get(park_id, self.everybodys)


def _lay_out(shapes: Iterable[Shape]) -> tuple[tuple[float, dict[int, Cell]], ...]:
    """(cells per degree, cells by their place) for each width of cell that any shape lies in."""
    whole: dict[float, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    asked: dict[float, dict[int, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    for shape in shapes:
        per_deg = 1.0 / _width_for(shape)
        inner, border = _split(shape, per_deg)
        for place in inner:
            whole[per_deg][place] |= shape.one
        question = (shape.south, shape.north, shape.west, shape.east, shape.holds, shape.one)
        for place in border:
            asked[per_deg][place].append(question)
    return tuple(
        (
            per_deg,
            {
                place: (frozenset(whole[per_deg].get(place, ())), tuple(asked[per_deg].get(place, ())))
                for place in whole[per_deg].keys() | asked[per_deg].keys()
            },
        )
        for per_deg in sorted(whole.keys() | asked.keys())
    )


def _width_for(shape: Shape) -> float:
    """The narrowest cells of which the box of the shape touches no more than a few dozen."""
    for width in _WIDTHS_DEG:
        rows = (shape.north - shape.south) / width + 1.0
        columns = (shape.east - shape.west) / width + 1.0
        if rows * columns <= _MOST_CELLS:
            return width
    return _WIDTHS_DEG[-1]


def _split(shape: Shape, per_deg: float) -> tuple[list[int], set[int]]:
    """The cells that the shape covers whole, and those that must be asked."""
    box = set(_cells(shape.west, shape.south, shape.east, shape.north, per_deg))
    edges = shape.edges()
    if not edges:
        return [], box
    border: set[int] = set()
    for x, y, other_x, other_y in edges:
        border.update(_cells(min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y), per_deg))
    return [place for place in box - border if shape.holds(*_middle(place, per_deg))], border & box


def _cells(west: float, south: float, east: float, north: float, per_deg: float) -> Iterable[int]:
    west, east = max(west, -180.0), min(east, 180.0)
    rows = _span(south + 90.0, north + 90.0, per_deg)
    columns = _span(west + 180.0, east + 180.0, per_deg)
    return (row * _ROW + column for row, column in product(rows, columns))


def _span(low: float, high: float, per_deg: float) -> range:
    return range(int((low - _SLACK_DEG) * per_deg), int((high + _SLACK_DEG) * per_deg) + 1)


def _middle(place: int, per_deg: float) -> tuple[float, float]:
    row, column = divmod(place, _ROW)
    return (row + 0.5) / per_deg - 90.0, (column + 0.5) / per_deg - 180.0
