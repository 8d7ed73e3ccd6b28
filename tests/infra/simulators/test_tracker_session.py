"""A tracker's conversation over a real socket: nothing is lost, whatever the server does."""

import asyncio
from random import Random

import pytest

from infra.simulators.fleet import ips
from infra.simulators.fleet.session import Counts, Session
from infra.simulators.fleet.streets import san_francisco
from infra.simulators.fleet.tracker import Tracker
from infra.simulators.fleet.vehicle import Phase, Vehicle

START = 1_790_000_000
WITH_BLACK_BOX, WITHOUT_BLACK_BOX = 1, 2


class Device:
    """A tracker whose time the test moves, and its session."""

    def __init__(self, sink, *, seed=WITHOUT_BLACK_BOX):
        vehicle = Vehicle(san_francisco(), Random(3), phase=Phase.DRIVING)
        self.tracker = Tracker(vehicle, san_francisco(), Random(3), outages=False)
        self.now = START
        self.taken = []
        self.tracker.listen(self.taken.append)
        self.counts = Counts()
        self.sink = sink
        self.session = Session(
            self.tracker,
            uid="860000000000001",
            key="secret",
            server=sink.address,
            counts=self.counts,
            rng=Random(seed),
        )

    def drive(self, seconds):
        for _ in range(seconds):
            self.now += 1
            self.tracker.live(self.now)

    async def arrived(self):
        async with asyncio.timeout(10):
            while self.counts.waiting:
                await asyncio.sleep(0.02)

    def told(self):
        """Time of day of every record the sink has stored."""
        return [record[1] for _, record in self.sink.records]

    def lived(self):
        return [ips.data(record).split(b";")[1].decode() for record in self.taken]


def with_a_device(sink, story, **more):
    async def tell():
        device = Device(sink, **more)
        running = asyncio.create_task(device.session.run())
        try:
            await story(device)
        finally:
            running.cancel()
        return device

    return asyncio.run(tell())


class TestFrames:
    def test_have_sixteen_fields_that_mean_what_the_vehicle_did(self, ips_sink, parse):
        async def story(device):
            device.drive(60)
            await device.arrived()

        device = with_a_device(ips_sink, story)
        for (_, fields), record in zip(ips_sink.records, device.taken, strict=True):
            assert len(fields) == 16
            lat = int(fields[2][:2]) + float(fields[2][2:]) / 60
            lon = int(fields[4][:3]) + float(fields[4][3:]) / 60
            assert (fields[3], fields[5]) == ("N", "W")
            assert lat == pytest.approx(record.lat, abs=1e-6)
            assert -lon == pytest.approx(record.lon, abs=1e-6)
            assert fields[6] == f"{record.speed_kmh:.1f}"
            parameters = dict(p.split(":", 1) for p in fields[15].split(","))
            assert parameters["ign"] == "1:1"
            assert parameters["odo"] == f"1:{record.odometer_m}"
            assert {"fuel", "fuel_rate", "rpm", "temp", "pwr"} <= set(parameters)

    def test_begin_with_a_login_that_carries_the_key(self, ips_sink, parse):
        async def story(device):
            device.drive(1)
            await device.arrived()

        with_a_device(ips_sink, story)
        assert parse(ips_sink.lines[0]) == ("L", [["2.0", "860000000000001", "secret"]])

    def test_agree_with_the_published_check_value(self):
        assert ips.crc16(b"123456789") == 0xBB3D

    def test_never_write_sixty_minutes(self):
        assert ips._degrees(37.99999999999, "NS", 2) == "3800.00000;N"

    def test_show_the_relay_as_an_output_bit(self, ips_sink):
        async def story(device):
            device.drive(2)
            device.tracker.switch_output(2, on=True)
            device.drive(2)
            await device.arrived()

        with_a_device(ips_sink, story)
        outputs = [fields[12] for _, fields in ips_sink.records]
        assert (outputs[0], outputs[-1]) == ("0", "2")


class TestSession:
    @pytest.mark.parametrize("seed", [WITH_BLACK_BOX, WITHOUT_BLACK_BOX])
    def test_loses_nothing_when_the_line_is_cut(self, ips_sink, seed):
        async def story(device):
            device.drive(30)
            await device.arrived()
            ips_sink.answer = lambda kind, records: None  # hangs up on everything
            device.drive(200)
            await asyncio.sleep(0.3)
            assert device.counts.waiting > 20
            ips_sink.answer = ips_sink.answer_well
            await device.arrived()

        device = with_a_device(ips_sink, story, seed=seed)
        assert device.told() == device.lived()
        assert (ips_sink.boxes > 0) == (seed == WITH_BLACK_BOX)

    def test_sends_again_what_was_stored_but_not_acknowledged(self, ips_sink):
        stored = []

        def store_and_hang_up(kind, records):
            if kind != "D" or len(stored) > 2:
                return ips_sink.answer_well(kind, records)
            stored.append(records[0])
            return None

        ips_sink.answer = store_and_hang_up

        async def story(device):
            device.drive(5)
            await device.arrived()

        device = with_a_device(ips_sink, story)
        assert stored[0] == stored[1] == ips_sink.records[0][1]
        assert device.told() == device.lived()

    def test_sends_a_damaged_frame_again(self, ips_sink):
        damaged = iter(["#AD#16"])
        ips_sink.answer = lambda kind, records: (
            next(damaged, "#AD#1") if kind == "D" else ips_sink.answer_well(kind, records)
        )

        async def story(device):
            device.drive(5)
            await device.arrived()

        device = with_a_device(ips_sink, story)
        assert ips_sink.connections == 2
        assert device.told() == device.lived()

    def test_gives_up_a_refused_record_and_goes_on(self, ips_sink):
        refused = iter(["#AD#10"])
        ips_sink.answer = lambda kind, records: (
            next(refused, "#AD#1") if kind == "D" else ips_sink.answer_well(kind, records)
        )

        async def story(device):
            device.drive(30)
            await device.arrived()

        device = with_a_device(ips_sink, story)
        assert device.counts.refused == 1
        assert device.counts.acknowledged == len(device.taken) - 1

    def test_asks_one_by_one_when_a_black_box_was_stored_in_part(self, ips_sink):
        ips_sink.answer = lambda kind, records: "#AB#0" if kind == "B" else ips_sink.answer_well(kind, records)

        async def story(device):
            device.drive(60)
            await device.arrived()

        device = with_a_device(ips_sink, story, seed=WITH_BLACK_BOX)
        assert any(line.startswith(b"#B#") for line in ips_sink.lines)
        assert device.told() == device.lived()

    def test_leaves_the_line_while_the_radio_is_out_of_reach(self, ips_sink):
        async def story(device):
            device.drive(10)
            await device.arrived()
            stored = len(ips_sink.records)
            device.tracker.lose_connection(60)
            device.drive(50)
            await asyncio.sleep(0.2)
            assert len(ips_sink.records) == stored
            device.drive(20)
            await device.arrived()

        device = with_a_device(ips_sink, story)
        assert device.told() == device.lived()

    def test_does_not_hammer_a_server_that_refuses_the_login(self, ips_sink):
        ips_sink.answer = lambda kind, records: "#AL#01"

        async def story(device):
            device.drive(5)
            await asyncio.sleep(3.5)

        with_a_device(ips_sink, story)
        assert ips_sink.connections == 1
