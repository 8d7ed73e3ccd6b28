"""What happens is found, what does not is not, and a restart anywhere changes nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events.rules.catalog import DETECTORS, KINDS, say
from core.events.rules.fences import Fence, FenceIndex
from core.telemetry.rules.detector import Circle, Sample
from tests.core.events.cases import HERE, IDLE, NEGATIVE, POSITIVE, fuels, speeds, taken
from tests.core.events.drives import FENCES, LAT, LON, START, M, any_drive, context, fold, found, north, row


def named(cases):
    return [pytest.param(kind, points, id=f"{kind}: {name}") for kind in cases for name, points in cases[kind]]


class TestEveryKind:
    def test_has_cases_in_which_it_happens_and_cases_in_which_it_does_not(self):
        assert set(POSITIVE) == set(NEGATIVE) == set(KINDS)
        assert all(POSITIVE.values()) and all(NEGATIVE.values())

    @pytest.mark.parametrize(("kind", "points"), named(POSITIVE))
    def test_is_found_where_it_happens(self, kind, points):
        assert found(points, kind)

    @pytest.mark.parametrize(("kind", "points"), named(NEGATIVE))
    def test_is_not_found_where_it_does_not(self, kind, points):
        assert found(points, kind) == []

    @pytest.mark.parametrize(("kind", "points"), named(POSITIVE))
    def test_is_found_once(self, kind, points):
        findings = found(points, kind)
        assert len(findings) == len({finding.subject for finding in findings})

    def test_has_words(self):
        for kind, words in KINDS.items():
            assert say(kind, "X").endswith("."), kind
            assert bool(words.unit) == bool(words.measure), kind
        assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)


class TestARestart:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32), st.lists(st.integers(0, 59), max_size=20))
    def test_anywhere_changes_nothing(self, seed, cuts):
        drive = any_drive(seed, 60)
        assert fold(drive, cuts=cuts) == fold(drive)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32))
    def test_finds_again_whatever_reaches_past_it(self, seed):
        """So whoever feeds again knows what is no longer found: all that reaches past the cut and is not said."""
        drive = any_drive(seed, 60)
        cut = random.Random(seed).randrange(60)
        first = fold(drive[:cut])
        whole = fold(drive)
        for key, finding in whole.items():
            if finding.ended_at is not None and finding.ended_at < drive[cut].ts and key not in first:
                pytest.fail(f"{key} ended before the cut but was said only after it")


class TestNoise:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32), st.sampled_from((1.0, 5.0, 60.0)))
    def test_around_a_calm_drive_makes_no_finding(self, seed, every_s):
        rnd = random.Random(seed)
        drive = [
            Sample(
                ts=START + every_s * n,
                lat=LAT + 0.1 + n * every_s * 12.0 * M + rnd.gauss(0, 5) * M,
                lon=LON,
                speed_kmh=45.0 + rnd.uniform(-2, 2),
                ignition=rnd.choice((True, True, None)),
                fuel_pct=60.0 - n * every_s / 3600.0 * 5.0 + rnd.uniform(-4, 4),
                voltage_v=rnd.choice((13.8, 13.2, None)),
                rpm=rnd.choice((1800.0, None)),
                dtc=rnd.choice(([], None)),
                driver_key=rnd.choice(("A", None)),
                extra={"gsm": 3},
            )
            for n in range(150)
        ]
        assert fold(drive) == {}

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32), st.sampled_from((5.0, 60.0)))
    def test_around_a_parked_vehicle_makes_no_finding(self, seed, every_s):
        rnd = random.Random(seed)
        drive = [
            Sample(
                ts=START + every_s * n,
                lat=LAT + 0.1 + rnd.uniform(-40, 40) * M,
                lon=LON,
                speed_kmh=rnd.choice((0.0, 0.0, 3.0, None)),
                ignition=False,
                fuel_pct=rnd.choice((60.0, 61.0, 58.0)) if n % 5 else rnd.uniform(0, 100),
                voltage_v=12.4,
            )
            for n in range(150)
        ]
        assert fold(drive) == {}


class TestAStay:
    def test_lasts_from_the_first_point_inside_to_the_first_outside(self):
        (stay,) = found(north(60, [-1500, -700, 0, 100, 700, 1500]), "geofence")
        assert (stay.subject, stay.started_at, stay.ended_at) == ("7", START + 120, START + 240)

    def test_is_one_though_the_place_plays_over_the_border(self):
        metres = [0, 150, 195, 204, 196, 207, 194, 203, 199, 205, 150, 0, 300, 400]
        (stay,) = found(north(5, metres), "geofence")
        assert stay.ended_at == START + 5 * 12

    def test_goes_on_over_a_gap_that_shows_nothing_else(self):
        drive = [*north(5, [-400, 0, 0]), *(one._replace(ts=one.ts + 50_000) for one in north(5, [0, 0]))]
        (stay,) = found(drive, "geofence")
        assert stay.ended_at is None

    def test_ends_when_the_fence_is_closed_and_begins_when_it_is_made(self):
        fence = Fence(id=1, form=Circle(lat=LAT, lon=LON, radius_m=500.0), since=START + 20, until=START + 250)
        (stay,) = found(north(5, [0] * 100), "geofence", context(fences=FenceIndex([fence])))
        assert (stay.started_at, stay.ended_at) == (START + 20, START + 250)

    def test_in_two_fences_is_two(self):
        both = FenceIndex([Fence(id=n, form=Circle(lat=LAT, lon=LON, radius_m=100.0 * n)) for n in (1, 2)])
        stays = found(north(5, [0, 0, 150, 150, 300, 300]), "geofence", context(fences=both))
        assert {stay.subject: stay.ended_at for stay in stays} == {"1": START + 10, "2": START + 20}


class TestOverspeed:
    def test_says_how_far_over_at_its_worst_and_when(self):
        (over,) = found(speeds(5, 100, 140, 150, 145, 128, 131, 120, 100), "overspeed")
        assert (over.value, over.started_at, over.ended_at) == (20.0, START + 5, START + 30)
        assert over.detail == {"limit_kmh": 130.0, "worst_kmh": 150.0}

    def test_has_a_limit_for_each_class(self):
        drive = speeds(5, *[100.0] * 9)
        assert found(drive, "overspeed", context("truck"))
        assert not found(drive, "overspeed", context("car"))


class TestHarshDriving:
    def test_is_one_however_many_points_it_lasts(self):
        (braking,) = found(speeds(1, 90, 90, 75, 60, 40, 20, 5, 0, 0), "harsh_braking")
        assert braking.value == pytest.approx(20 / 3.6)
        assert braking.detail == {"from_kmh": 90, "to_kmh": 5}

    def test_told_by_the_device_and_seen_in_the_points_is_one(self):
        drive = speeds(1, 90, 90, 70, 50, 40, 40, 40)
        drive[5] = drive[5]._replace(extra={"green_driving": 2})
        assert len(found(drive, "harsh_braking")) == 1


class TestIdling:
    def test_says_how_long(self):
        (idling,) = found(row(60, (11, IDLE), (2, {**IDLE, "speed_kmh": 40.0})), "idling")
        assert (idling.started_at, idling.ended_at, idling.value) == (START, START + 660, 660)


class TestTowing:
    def test_ends_where_it_is_set_down_and_says_how_far(self):
        drive = taken(5, 30.0, 42.0, 30)
        end = drive[-1]
        drive += [end._replace(ts=end.ts + 60.0 * n, speed_kmh=0.0) for n in range(1, 8)]
        (towing,) = found(drive, "towing")
        assert towing.ended_at == end.ts + 60.0
        assert towing.value == pytest.approx(29 * 42.0, rel=0.01)


class TestSilence:
    def test_lasts_from_the_last_point_to_the_next(self):
        (silence,) = found(row(1000, (2, HERE)), "silence")
        assert (silence.started_at, silence.ended_at, silence.value) == (START, START + 1000, 1000)


class TestFuel:
    def test_that_goes_over_some_minutes_is_one_drop_with_all_of_it(self):
        (drop,) = found(fuels(5, (40, 70.0), *((1, 70.0 - n / 2) for n in range(60)), (60, 40.0)), "fuel_drop")
        assert drop.value == pytest.approx(30.0, abs=2.0)


class TestATroubleCode:
    def test_is_raised_until_a_list_comes_without_it(self):
        drive = row(60, (1, {"dtc": ["P0300"]}), (2, {"dtc": None}), (1, {"dtc": ["P0171"]}), (1, {"dtc": []}))
        assert {code.subject: (code.started_at, code.ended_at) for code in found(drive, "dtc")} == {
            "P0300": (START, START + 180),
            "P0171": (START + 180, START + 240),
        }


class TestAChangeOfDriver:
    def test_names_the_new_key_and_the_one_before(self):
        (change,) = found(row(60, (3, {"driver_key": "A"}), (3, {"driver_key": "B"})), "driver_change")
        assert (change.subject, change.detail, change.started_at) == ("B", {"before": "A"}, START + 180)


def test_fences_of_the_cases_hold_what_they_should():
    assert FENCES.at(LAT, LON) == {7}
    assert FENCES.at(LAT + 0.015, LON + 0.015) == {8}
