"""The look that passes ordinary points must never pass one to which a rule objects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.telemetry.rules.filters import FILTERS, Circumstances
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import CLASSES, LIMITS
from core.telemetry.rules.objections import find_objection
from core.telemetry.schemas import Point

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def around(*limits: float) -> st.SearchStrategy[float | None]:
    """Nothing, anything, and what lies just on either side of each limit."""
    near = [limit + step for limit in limits for step in (-1.0, -1e-6, 0.0, 1e-6, 1.0)]
    return st.none() | st.sampled_from(near) | st.floats(width=32)


ORDINARY = Point(
    ts=NOW,
    lat=37.7749,
    lon=-122.4194,
    altitude_m=12.0,
    speed_kmh=30.0,
    course_deg=90.0,
    satellites=9,
    hdop=0.9,
    odometer_m=52_000_000,
    fuel_pct=60.0,
    fuel_rate_lph=4.0,
    rpm=1800.0,
    engine_temp_c=90.0,
    voltage_v=13.9,
    outputs=1,
)
ODD: dict[str, st.SearchStrategy[Any]] = {
    "ts": st.sampled_from([-400, -301, -299, 0, 1, 86_400 * 7 - 1, 86_400 * 7 + 1]).map(
        lambda seconds: NOW - timedelta(seconds=seconds)
    ),
    "lat": around(-90, 0, 37.7749, 37.78, 90),
    "lon": around(-180, 0, -122.4194, -122.41, 180),
    "altitude_m": around(-500, 9000),
    "speed_kmh": around(0, 160, 250, 300),
    "course_deg": around(0, 360),
    "satellites": st.none() | st.integers(-1, 101),
    "hdop": around(0, 20, 1000),
    "odometer_m": st.none() | st.sampled_from([-1, 0, 3_999_999_999, 4_000_000_000]),
    "fuel_pct": around(0, 100),
    "fuel_rate_lph": around(0, 150, 250),
    "rpm": around(0, 4000, 9000, 16_000),
    "engine_temp_c": around(-50, 180),
    "voltage_v": around(0, 60),
    "dtc": st.sampled_from([None, (), ("P0299",), ("P0299",) * 65, ("P" * 17,), ("a\x00",)]),
    "outputs": st.none() | st.sampled_from([-1, 0, 65_535, 65_536]),
    "driver_key": st.none() | st.sampled_from(["", "k" * 64, "k" * 65, "a\x00"]),
    "extra": st.sampled_from([{}, {"a": 1}, {"a": "x\x00"}, {"a": ["\x00"]}, {"a": "\\u0000"}, {"a": "b" * 8200}]),
}
# Ordinary but for one or two values: a point with many odd ones is nobody's shortcut.
points = (
    st.lists(st.sampled_from(sorted(ODD)), min_size=1, max_size=2, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: ODD[name] for name in names}))
    .map(lambda odd: msgspec.structs.replace(ORDINARY, **odd))
)
places = st.none() | st.builds(
    Fix,
    ts=st.sampled_from([NOW - timedelta(seconds=5), NOW - timedelta(hours=2), NOW + timedelta(seconds=5)]),
    lat=st.sampled_from([37.7749, 37.776, 37.79, -37.0]),
    lon=st.sampled_from([-122.4194, -122.41, 179.99]),
)


class TestTheShortcut:
    @settings(max_examples=1000)
    @given(points, places, st.sampled_from(CLASSES))
    def test_finds_what_asking_every_rule_finds(self, point: Point, last: Fix | None, kind: str) -> None:
        circumstances = Circumstances(NOW, LIMITS[kind], last)
        asked = ((rule, objects(point, circumstances)) for rule, objects in FILTERS.items())
        first = next(((rule, detail) for rule, detail in asked if detail is not None), None)
        assert find_objection(point, circumstances) == first
