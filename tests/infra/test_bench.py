"""What measurements are made of: were it wrong, a figure would be worse than none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from core.telemetry.rules.filters import FILTERS, Circumstances
from core.telemetry.rules.limits import Limits
from core.telemetry.schemas import Point
from infra.bench.drive import make_teltonika, make_wialon
from infra.bench.load import TELTONIKA, Phase, Plan
from infra.bench.processes import processor_s
from infra.bench.result import spread
from portals.devices.teltonika.frames import FrameSplitter
from portals.devices.teltonika.records import read_records
from portals.devices.wialon_ips.packets import Records, decode

START_MS = 1_790_000_000_000
NOW = datetime.fromtimestamp(START_MS / 1000 + 3_600, UTC)


class TestSpread:
    def test_is_by_nearest_rank(self) -> None:
        assert spread(range(1, 101)) == {"p50": 50, "p95": 95, "p99": 99, "max": 100}

    def test_of_one_is_that_one(self) -> None:
        assert spread([3.26], digits=1) == {"p50": 3.3, "p95": 3.3, "p99": 3.3, "max": 3.3}

    def test_of_nothing_is_nothing(self) -> None:
        assert spread([]) == {}


class TestProcessorTime:
    def test_counts_what_a_child_used_after_it_has_ended(self) -> None:
        busy = "import time\nwhile time.process_time() < 0.3: pass"
        before = processor_s({"me": os.getpid()})["me"]
        subprocess.run([sys.executable, "-c", busy], check=True)
        assert processor_s({"me": os.getpid()})["me"] - before > 0.25

    def test_does_not_count_a_process_that_is_nobody_of_ours(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: pass"])
        try:
            deadline = time.monotonic() + 20
            while processor_s({"child": child.pid})["child"] < 0.2 and time.monotonic() < deadline:
                time.sleep(0.05)
            used = processor_s({"child": child.pid, "nobody": 2**30})
            assert used["child"] >= 0.2
            assert used["nobody"] == 0
        finally:
            child.kill()
            child.wait()


class TestPlan:
    def test_gives_every_frame_of_a_device_a_moment_of_its_own_in_order(self) -> None:
        for place in (0, 1, 499):
            moments = list(_plan(500).moments_ms(place))
            assert len(moments) == 20 + 100
            assert moments == sorted(set(moments))

    def test_spreads_the_devices_over_the_time_between_two_frames(self) -> None:
        plan = _plan(500)
        assert [next(plan.moments_ms(place)) - START_MS for place in (0, 250, 499)] == [0, 125, 249]

    def test_goes_on_where_the_phase_before_ended(self) -> None:
        moments = list(_plan(500).moments_ms(0))
        assert moments[19:22] == [START_MS + 4_750, START_MS + 5_000, START_MS + 5_050]

    def test_without_a_rate_goes_on_second_by_second(self) -> None:
        plan = Plan(ports={}, devices={"a": TELTONIKA}, phases=[Phase(frames=3)], window=1, start_ms=START_MS)
        assert list(plan.moments_ms(0)) == [START_MS, START_MS + 1000, START_MS + 2000]


class TestDrive:
    @pytest.mark.parametrize("name", ["teltonika", "wialon"])
    def test_reads_as_points_of_the_planned_moments_that_every_filter_believes(self, name: str) -> None:
        moments = list(_plan(500).moments_ms(499))
        points = [_READ[name](ms, (ms - START_MS) / 1000) for ms in moments]
        assert [round(point.ts.timestamp() * 1000) for point in points] == moments
        for last, point in zip([None, *points], points, strict=False):
            circumstances = Circumstances(at=NOW, limits=Limits(), last=last)
            assert [rule for rule, objects in FILTERS.items() if objects(point, circumstances)] == []

    def test_is_the_same_in_both_protocols(self) -> None:
        one, other = (read(START_MS + 61_250, 61.25) for read in _READ.values())
        assert (one.lat, one.lon) == pytest.approx((other.lat, other.lon), abs=1e-6)
        assert one.speed_kmh == other.speed_kmh


def _plan(devices: int) -> Plan:
    return Plan(
        ports={},
        devices={str(number): TELTONIKA for number in range(devices)},
        phases=[Phase(frames=20, per_s=2_000), Phase(frames=100, per_s=10_000)],
        window=1,
        start_ms=START_MS,
    )


def _read_teltonika(ms: int, went_s: float) -> Point:
    splitter = FrameSplitter()
    splitter.feed(make_teltonika(ms, went_s, 499))
    content = splitter.next_frame()
    assert isinstance(content, bytes)
    records = read_records(content, family=None, answer=lambda number: b"")
    (good,) = records.good
    return good.point


def _read_wialon(ms: int, went_s: float) -> Point:
    packet = make_wialon(ms, went_s, 499).removesuffix(b"\r\n")
    records = decode(packet, checksummed=False, received_at=NOW)
    assert isinstance(records, Records)
    (good,) = records.good
    return good.point


_READ = {"teltonika": _read_teltonika, "wialon": _read_wialon}
