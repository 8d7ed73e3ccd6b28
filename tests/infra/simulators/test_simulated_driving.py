"""Hours of simulated driving in a few seconds: is it physics?"""

import math
import re
from itertools import pairwise
from random import Random

import pytest

from infra.simulators.fleet.engine import POWERTRAINS, Engine
from infra.simulators.fleet.streets import EARTH_RADIUS_M, san_francisco
from infra.simulators.fleet.tracker import Tracker
from infra.simulators.fleet.vehicle import ROAMING, SPARE, TAXI, Phase, Vehicle
from infra.simulators.world import FIRST_PHASES, SPARE_EVERY

START = 1_790_000_000


def metres(a, b):
    """Great-circle distance of two (latitude, longitude) pairs (haversine)."""
    (lat1, lon1), (lat2, lon2) = ([math.radians(v) for v in p] for p in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(h))


def a_vehicle(seed=1, phase=Phase.DRIVING, habits=TAXI, **more):
    return Vehicle(san_francisco(), Random(seed), phase=phase, habits=habits, **more)


@pytest.fixture(scope="module")
def two_hours():
    """By vehicle: (position, speed, odometer, ignition) of each second, and the records taken."""
    lives, records = {}, {}
    for number in range(12):
        vehicle = a_vehicle(number, FIRST_PHASES[number])
        tracker = Tracker(vehicle, san_francisco(), Random(number))
        lives[number], records[number] = [], []
        tracker.listen(records[number].append)
        for second in range(START, START + 7200):
            tracker.live(second)
            lives[number].append((vehicle.position, vehicle.speed_kmh, vehicle.odometer_m, vehicle.ignition))
    return lives, records


class TestDriving:
    def test_counts_on_the_odometer_what_the_positions_travel(self, two_hours):
        for life in two_hours[0].values():
            path = sum(metres(a[0], b[0]) for a, b in pairwise(life))
            counted = life[-1][2] - life[0][2]
            assert path > 5000
            assert counted == pytest.approx(path, rel=0.02)

    def test_accelerates_and_brakes_like_a_car(self, two_hours):
        for life in two_hours[0].values():
            changes = [(b[1] - a[1]) / 3.6 for a, b in pairwise(life)]
            assert max(changes) <= 2.5
            assert min(changes) >= -3.05

    def test_goes_no_faster_than_a_town_allows(self, two_hours):
        fastest = max(moment[1] for life in two_hours[0].values() for moment in life)
        assert 45 < fastest <= 60.01

    def test_idles_at_least_eight_seconds_between_ignition_and_moving(self, two_hours):
        starts = 0
        for life in two_hours[0].values():
            for i in range(1, len(life) - 8):
                if life[i][3] and not life[i - 1][3]:
                    starts += 1
                    assert all(moment[1] == 0 for moment in life[i : i + 8])
        assert starts > 10

    def test_never_moves_with_the_ignition_off(self, two_hours):
        assert not [m for life in two_hours[0].values() for m in life if m[1] > 0 and not m[3]]

    def test_is_the_same_again_with_the_same_seed(self):
        def life():
            vehicle = a_vehicle(7)
            for _ in range(1800):
                vehicle.second()
            return vehicle.position, vehicle.odometer_m, vehicle.engine.read()

        assert life() == life()

    def test_keeps_most_of_a_fleet_on_the_road_for_hours(self):
        fleet = [a_vehicle(n, FIRST_PHASES[n % 20], SPARE if n % SPARE_EVERY == 3 else TAXI) for n in range(100)]
        for hour in range(2):
            working = sum(v.ignition for v in fleet)
            parked = sum(v.phase is Phase.PARKED for v in fleet)
            assert 50 <= working <= 80, hour
            assert parked >= 5, hour
            for vehicle in fleet:
                for _ in range(3600):
                    vehicle.second()


class TestRecords:
    def test_come_every_five_seconds_moving_and_up_to_twelve_standing(self, two_hours):
        for records in two_hours[1].values():
            for a, b in pairwise(records):
                assert 1 <= b.ts - a.ts <= (5 if a.speed_kmh > 0 else 12)

    def test_never_jump(self, two_hours):
        for records in two_hours[1].values():
            for a, b in pairwise(records):
                kmh = metres((a.lat, a.lon), (b.lat, b.lon)) / (b.ts - a.ts) * 3.6
                assert kmh < 90

    def test_follow_a_change_of_ignition_within_a_second(self, two_hours):
        for number, life in two_hours[0].items():
            seen = {r.ts: r.ignition for r in two_hours[1][number]}
            for i in range(1, len(life) - 1):
                if life[i][3] != life[i - 1][3]:
                    told = seen.get(START + i, seen.get(START + i + 1))
                    assert told == life[i][3]

    def test_drift_a_little_while_standing_but_say_speed_zero(self, two_hours):
        places = {}
        for number, life in two_hours[0].items():
            for record in two_hours[1][number]:
                position, speed, *_ = life[record.ts - START]
                if speed == 0:
                    assert record.speed_kmh == 0
                    places[number, record.ts] = metres(position, (record.lat, record.lon))
        assert 0.5 < max(places.values()) <= 4.1

    def test_carry_plausible_engine_values(self, two_hours):
        for records in two_hours[1].values():
            for r in records:
                assert (700 <= r.bus.rpm <= 3500) if r.ignition else r.bus.rpm == 0
                assert 10 <= r.bus.temp_c <= 92
                assert 0 <= r.bus.fuel_pct <= 100
                assert 0 <= r.bus.fuel_rate_lph <= 15
                assert (13.5 < r.bus.voltage_v < 14.3) if r.ignition else (12 < r.bus.voltage_v < 13)

    def test_sometimes_have_no_satellite_count(self, two_hours):
        counts = [r.satellites for records in two_hours[1].values() for r in records]
        assert 0 < counts.count(None) < len(counts) / 20

    def test_report_neither_revolutions_nor_fuel_rate_when_electric(self):
        bus = a_vehicle(powertrain="electric").engine.read()
        assert (bus.rpm, bus.fuel_rate_lph) == (None, None)


class TestStarterRelay:
    def test_prevents_every_start_until_it_is_released(self):
        vehicle = a_vehicle(phase=Phase.PARKED)
        vehicle.switch_output(1, on=True)
        for _ in range(8000):
            vehicle.second()
            assert not vehicle.ignition
        vehicle.switch_output(1, on=False)
        for _ in range(10):
            vehicle.second()
        assert vehicle.ignition

    def test_never_stops_a_running_engine(self):
        vehicle = a_vehicle(habits=ROAMING)
        for _ in range(60):
            vehicle.second()
        vehicle.switch_output(1, on=True)
        for _ in range(600):
            vehicle.second()
            assert vehicle.ignition
            assert vehicle.speed_kmh > 0

    def test_sits_on_the_output_it_was_wired_to(self):
        vehicle = a_vehicle(phase=Phase.PARKED, relay_output=3)
        vehicle.switch_output(1, on=True)
        assert not vehicle.relay_on
        vehicle.switch_output(3, on=True)
        assert vehicle.relay_on
        assert vehicle.outputs == 0b101

    def test_is_reported_at_once(self):
        tracker = Tracker(a_vehicle(phase=Phase.PARKED), san_francisco(), Random(1))
        records = []
        tracker.listen(records.append)
        tracker.live(START)
        tracker.live(START + 1)
        tracker.switch_output(1, on=True)
        assert records[-1].ts == START + 1
        assert records[-1].outputs == 1

    def test_is_reported_a_second_later_when_that_second_is_taken(self):
        tracker = Tracker(a_vehicle(phase=Phase.PARKED), san_francisco(), Random(1))
        records = []
        tracker.listen(records.append)
        tracker.live(START)
        tracker.switch_output(1, on=True)
        tracker.live(START + 1)
        assert [(r.ts, r.outputs) for r in records] == [(START, 0), (START + 1, 1)]


class TestTrouble:
    def test_comes_now_and_then_and_is_cleared_again(self):
        engine = Engine(POWERTRAINS["ice"], Random(2), warm=True)
        seen = []
        for _ in range(150 * 3600):
            engine.run(speed_ms=10, acceleration_ms2=0)
            if not seen or seen[-1] != engine.dtc:
                seen.append(engine.dtc)
        assert 2 <= len(seen) < 30
        assert () in seen[1:]
        assert all(re.fullmatch("[PCBU][0-3][0-9A-F]{3}", code) for codes in seen for code in codes)


class TestOutage:
    def test_keeps_the_records_and_hands_them_over_in_order_afterwards(self):
        tracker = Tracker(a_vehicle(phase=Phase.PARKED, habits=SPARE), san_francisco(), Random(5))
        delays, times = [], []
        tracker.listen(lambda record: (times.append(record.ts), delays.append(now - record.ts)))
        for now in range(START, START + 10 * 3600):
            tracker.live(now)
        assert times == sorted(set(times))
        assert 30 <= max(delays) <= 90
        assert sum(delay == 0 for delay in delays) > 0.9 * len(delays)


class TestFilling:
    def test_happens_before_the_tank_is_empty_and_ends_full(self):
        vehicle = a_vehicle()
        vehicle.engine.fuel_pct = 17.0
        levels = []
        while len(levels) < 7200 and vehicle.engine.fuel_pct < 95:
            vehicle.second()
            levels.append((vehicle.engine.fuel_pct, vehicle.phase))
        assert min(levels)[0] > 10
        assert levels[-1][1] is Phase.FILLING
