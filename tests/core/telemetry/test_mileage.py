"""Mileage, fused from odometer, positions and readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from core import audit
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import DRIVER, OPERATOR, STAFF, Actor, system
from core.telemetry import queries, service
from core.telemetry.models import heads
from core.telemetry.rules.detector import Finding, Found, Mileage, Sample
from core.telemetry.rules.mileage import MileageFusion
from tests.conftest import ROOT, Fleet
from tests.core.telemetry.drives import EAST_M, LON, START, Leg, context, fold, last_said, rewind, sample_drive, split

HERE = context()
DRIVE: tuple[Leg, ...] = ((600, 0), (1200, 60), (600, 0))  # 20 km
KM = 1000.0


def drive(
    odometer: Callable[[float, float], float | None], every_s: float = 5, legs: Sequence[Leg] = DRIVE
) -> list[Sample]:
    """Points with an odometer told from (metres gone, seconds passed)."""
    return [
        p._replace(odometer_m=None if (said := odometer((p.lon - LON) * EAST_M, p.ts - START)) is None else round(said))
        for p in sample_drive(legs, every_s=every_s, noise_m=0.0)
    ]


def mileage(said: Sequence[Found]) -> Mileage:
    return [found for found in said if isinstance(found, Mileage)][-1]


def rollbacks(said: Sequence[Found]) -> list[Finding]:
    return [found for found in last_said(said).values() if isinstance(found, Finding)]


class TestMileage:
    def test_is_the_odometer_where_there_is_one(self) -> None:
        said = fold(MileageFusion(), drive(lambda gone, _: 80_000 * KM + gone), HERE)
        assert mileage(said).mileage_m == pytest.approx(80_020 * KM, abs=1)
        assert mileage(said).method == "odometer"

    def test_counts_from_the_first_point_by_positions_where_there_is_none(self) -> None:
        said = fold(MileageFusion(), drive(lambda gone, _: None), HERE)
        assert mileage(said).mileage_m == pytest.approx(20 * KM, rel=0.01)
        assert mileage(said).method == "gps"

    def test_goes_on_by_positions_where_the_odometer_falls_silent(self) -> None:
        said = fold(MileageFusion(), drive(lambda gone, _: 80_000 * KM + gone if gone < 5000 else None), HERE)
        assert mileage(said).mileage_m == pytest.approx(80_020 * KM, rel=1e-5)
        assert mileage(said).method == "gps"

    def test_goes_on_by_positions_between_the_whole_kilometres_of_an_odometer(self) -> None:
        points = drive(lambda gone, _: (80_000_900 + gone) // KM * KM)
        for end in (300, 313, 355):
            gone_m = (points[end].lon - LON) * EAST_M
            said = fold(MileageFusion(), points[: end + 1], HERE)
            assert mileage(said).mileage_m == pytest.approx(80_000_000 + gone_m, abs=1001)

    def test_never_goes_down_by_itself(self) -> None:
        points = drive(lambda gone, s: 80_000 * KM + gone - (300 if s % 50 < 25 else 0))
        detector, last = MileageFusion(), 0.0
        for before, point in zip([None, *points], points, strict=False):
            (said,) = fold(detector, [point], HERE, before)
            assert said.mileage_m >= last
            last = said.mileage_m
        assert last == pytest.approx(80_020 * KM, abs=400)

    def test_follows_the_odometer_over_a_way_nobody_saw(self) -> None:
        points = drive(lambda gone, _: 80_000 * KM + 1.4 * gone)
        seen = [p for p in points if not START + 590 < p.ts < START + 1900]
        assert mileage(fold(MileageFusion(), seen, HERE)).mileage_m == pytest.approx(80_028 * KM, abs=1)

    def test_counts_the_straight_line_of_a_way_nobody_saw_when_there_is_no_odometer(self) -> None:
        seen = [p for p in drive(lambda gone, _: None) if not START + 590 < p.ts < START + 1900]
        assert mileage(fold(MileageFusion(), seen, HERE)).mileage_m == pytest.approx(20 * KM, rel=0.01)

    def test_does_not_believe_an_odometer_that_stands_while_the_vehicle_drives(self) -> None:
        said = fold(MileageFusion(), drive(lambda gone, _: 80_000 * KM + min(gone, 5000)), HERE)
        assert mileage(said).mileage_m == pytest.approx(80_020 * KM, rel=1e-4)

    def test_does_not_believe_an_odometer_that_leaps_ahead(self) -> None:
        said = fold(MileageFusion(), drive(lambda gone, s: gone + (80_000 if s < 1200 else 500_000) * KM), HERE)
        assert mileage(said).mileage_m == pytest.approx(80_020 * KM, rel=1e-5)

    def test_takes_a_zero_for_an_odometer_that_does_not_know(self) -> None:
        said = fold(MileageFusion(), drive(lambda gone, s: 0 if s % 100 == 0 else 80_000 * KM + gone), HERE)
        assert mileage(said).mileage_m == pytest.approx(80_020 * KM, abs=20)
        assert rollbacks(said) == []

    def test_does_not_believe_an_odometer_that_goes_on_while_the_vehicle_is_seen_to_stand(self) -> None:
        points = drive(lambda gone, s: 80_000 * KM + gone + (5000 if s > 300 else 0))
        assert mileage(fold(MileageFusion(), points, HERE)).mileage_m == pytest.approx(80_020 * KM, rel=1e-5)

    def test_does_not_believe_an_odometer_that_counts_a_fraction(self) -> None:
        points = drive(lambda gone, s: 80_000 * KM + gone * 0.01 if s % 1800 == 0 else None, legs=DRIVE * 2)
        assert mileage(fold(MileageFusion(), points, HERE)).mileage_m == pytest.approx(80_040 * KM, rel=1e-5)

    def test_does_not_believe_an_odometer_that_counts_double_on_the_motorway(self) -> None:
        points = drive(lambda gone, s: None if s % 300 else 80_000 * KM + 2.5 * gone, legs=[(1200, 100)])
        assert mileage(fold(MileageFusion(), points, HERE)).mileage_m == pytest.approx(80_033.3 * KM, rel=1e-5)

    def test_does_not_believe_an_odometer_faster_than_any_vehicle(self) -> None:
        points = [p._replace(lat=None, lon=None) for p in drive(lambda gone, s: 80_000 * KM + s * 1000)]
        assert mileage(fold(MileageFusion(), points, HERE)).mileage_m < 80_000 * KM + 2400 * 41

    def test_follows_the_odometer_where_no_positions_are_known(self) -> None:
        points = drive(lambda gone, s: None if s % 300 else 80_000 * KM + gone)
        points = [p._replace(lat=None, lon=None) for p in points]
        assert mileage(fold(MileageFusion(), points, HERE)).mileage_m == pytest.approx(80_020 * KM, abs=1)

    def test_is_not_driven_up_by_a_parked_receiver(self) -> None:
        points = sample_drive([(86_400, 0)], every_s=60, noise_m=15, says_ignition=False)
        assert mileage(fold(MileageFusion(), points, HERE)).mileage_m == 0


class TestAnOdometerThatGoesBack:
    @pytest.mark.parametrize("anew_m", [12 * KM, 79_000 * KM])
    def test_is_flagged_and_takes_nothing_from_the_mileage(self, anew_m: float) -> None:
        points = drive(lambda gone, s: gone + 80_000 * KM if s < 1200 else gone + anew_m)
        said = fold(MileageFusion(), points, HERE)
        (flag,) = rollbacks(said)
        assert (flag.kind, flag.started_at, flag.ended_at) == ("odometer_rollback", START + 1200, START + 1200)
        assert flag.value == pytest.approx(80_010 * KM - anew_m - 10 * KM, rel=0.01)
        assert flag.detail["source"] == "odometer"
        assert mileage(said).mileage_m == pytest.approx(80_020 * KM, rel=1e-5)

    def test_is_let_be_when_it_only_trembles(self) -> None:
        points = drive(lambda gone, s: 80_000 * KM + gone - (900 if s == 1200 else 0))
        assert rollbacks(fold(MileageFusion(), points, HERE)) == []


class TestAReading:
    def test_sets_the_mileage_at_its_moment(self) -> None:
        within = context(readings=((START + 1200, 50_000 * KM),))
        said = fold(MileageFusion(), drive(lambda gone, _: None), within)
        assert mileage(said).mileage_m == pytest.approx(50_010 * KM, rel=1e-5)
        assert rollbacks(said) == []

    def test_counts_as_it_was_made_between_two_points(self) -> None:
        within = context(readings=((START + 1230, 50_000 * KM),))
        said = fold(MileageFusion(), drive(lambda gone, _: None, every_s=60), within)
        assert mileage(said).mileage_m == pytest.approx(50_000 * KM + (1800 - 1230) * 60 / 3.6, abs=30)

    def test_leaves_the_odometer_to_tell_the_way_from_there(self) -> None:
        within = context(readings=((START + 100, 95_000 * KM),))
        said = fold(MileageFusion(), drive(lambda gone, _: 80_000 * KM + gone), within)
        assert mileage(said).mileage_m == pytest.approx(95_020 * KM, rel=1e-5)

    def test_stands_against_an_odometer_that_comes_later(self) -> None:
        within = context(readings=((START - 100, 50_000 * KM),))
        said = fold(MileageFusion(), drive(lambda gone, s: 80_000 * KM + gone if s > 1200 else None), within)
        assert mileage(said).mileage_m == pytest.approx(50_020 * KM, rel=1e-5)

    def test_below_the_mileage_counts_and_is_flagged(self) -> None:
        within = context(readings=((START + 2000, 70_000 * KM),))
        said = fold(MileageFusion(), drive(lambda gone, _: 80_000 * KM + gone), within)
        (flag,) = rollbacks(said)
        assert (flag.started_at, flag.detail["source"]) == (START + 2000, "reading")
        assert flag.value == pytest.approx(10_020 * KM, rel=1e-3)
        assert mileage(said).mileage_m == pytest.approx(70_000 * KM, abs=1)

    def test_after_the_last_point_counts_already(self) -> None:
        within = context(readings=((START + 9000, 90_000 * KM),))
        last = mileage(fold(MileageFusion(), drive(lambda gone, _: 80_000 * KM + gone), within))
        assert (last.ts, last.mileage_m, last.method) == (START + 9000, 90_000 * KM, "reading")


LEGS = st.lists(st.tuples(st.sampled_from([90, 700, 4000]), st.sampled_from([0, 30, 90])), min_size=1, max_size=6)
ODOMETERS = st.sampled_from(
    [
        lambda gone, s: None,
        lambda gone, s: 80_000 * KM + gone,
        lambda gone, s: (80_000 * KM + gone) // KM * KM,
        lambda gone, s: gone + (80_000 * KM if s < 1500 else 7 * KM),
        lambda gone, s: None if s % 300 else 80_000 * KM + gone,
    ]
)
READINGS = st.lists(
    st.tuples(st.floats(START - 5000, START + 9000), st.floats(0, 2e8)),
    max_size=3,
    unique_by=lambda reading: reading[0],
).map(lambda readings: context(readings=tuple(sorted(readings))))


class TestWhatIsFused:
    @settings(max_examples=40, deadline=None)
    @given(LEGS, ODOMETERS, READINGS, st.sampled_from([30, 60, 1000]), st.data())
    def test_is_the_same_through_any_checkpoints(self, legs, odometer, within, every_s, data: st.DataObject) -> None:
        points = drive(odometer, every_s, legs)
        cuts = data.draw(st.sets(st.integers(1, len(points)), max_size=4))
        whole = last_said(fold(MileageFusion(), points, within))
        assert split(MileageFusion, points, within, cuts) == whole

    @settings(max_examples=40, deadline=None)
    @given(LEGS, ODOMETERS, READINGS, st.sampled_from([30, 60, 1000]), st.data())
    def test_is_the_same_when_points_come_late(self, legs, odometer, within, every_s, data: st.DataObject) -> None:
        points = drive(odometer, every_s, legs)
        late = data.draw(st.sets(st.integers(0, len(points) - 1), max_size=5))
        assert rewind(MileageFusion, points, late, within) == last_said(fold(MileageFusion(), points, within))


def clerk(fleet: Fleet, role: str = STAFF) -> Actor:
    return Actor("user", 77, "Ann", roles=frozenset({role}), parks=frozenset({fleet.park_id}))


def record(database: Database, at: datetime, actor: Actor, vehicle_id: int, **said: object) -> None:
    asked = {"read_at": at - timedelta(hours=2), "odometer_m": 81_234_000, "reason": "Inspection", **said}
    with database.transaction() as session:
        service.record_mileage_reading(session, actor=actor, at=at, vehicle_id=vehicle_id, **asked)


class TestARecordedReading:
    def test_is_kept_with_who_and_why_and_told_to_whoever_follows(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        record(database, at, clerk(fleet), fleet.vehicle_id)
        with database.reading() as reader:
            readings = queries.list_mileage_readings(reader, viewer=clerk(fleet), vehicle_id=fleet.vehicle_id)
            entries = audit.list_entries(reader, viewer=ROOT, subject=("vehicle", fleet.vehicle_id))
            facts = reader.execute(
                sa.text("SELECT name, ids FROM outbox_facts WHERE name = 'telemetry.mileage_read'")
            ).all()
        (reading,) = readings
        assert (reading["odometer_m"], reading["reason"], reading["recorded_by"]) == (81_234_000, "Inspection", "Ann")
        assert entries[0]["action"] == "telemetry.mileage_read"
        since_ms = int((at - timedelta(hours=2)).timestamp() * 1000)
        assert [tuple(fact) for fact in facts] == [
            ("telemetry.mileage_read", {"vehicle_ids": [fleet.vehicle_id], "since_ms": [since_ms]})
        ]

    def test_can_be_neither_changed_nor_deleted(self, database: Database, fleet: Fleet, at: datetime) -> None:
        record(database, at, clerk(fleet), fleet.vehicle_id)
        for statement in (
            "UPDATE telemetry_mileage_readings SET odometer_m = 1",
            "DELETE FROM telemetry_mileage_readings",
        ):
            with pytest.raises(sa.exc.DBAPIError), database.transaction() as session:
                session.execute(sa.text(statement))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("read_at", timedelta(minutes=1)),
            ("read_at", timedelta(days=-8)),
            ("odometer_m", -1),
            ("odometer_m", 4_000_000_000),
            ("reason", "  "),
            ("reason", "x" * 501),
        ],
    )
    def test_is_refused_with_words_when_it_cannot_be(
        self, database: Database, fleet: Fleet, at: datetime, field: str, value: object
    ) -> None:
        with pytest.raises(Invalid) as refused:
            said = at + value if isinstance(value, timedelta) else value
            record(database, at, clerk(fleet), fleet.vehicle_id, **{field: said})
        assert list(refused.value.fields) == [field]
        assert refused.value.fields[field] in refused.value.detail

    def test_is_refused_when_there_is_one_of_that_moment(self, database: Database, fleet: Fleet, at: datetime) -> None:
        record(database, at, clerk(fleet), fleet.vehicle_id)
        with pytest.raises(Conflict, match=r"81,234\.0 km by Ann"):
            record(database, at, clerk(fleet), fleet.vehicle_id, odometer_m=5)

    def test_of_a_vehicle_out_of_sight_is_of_no_vehicle(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(NotFound):
            record(database, at, clerk(fleet), fleet.other_vehicle_id)
        with pytest.raises(NotFound), database.reading() as reader:
            queries.list_mileage_readings(reader, viewer=clerk(fleet), vehicle_id=fleet.other_vehicle_id)
        with pytest.raises(NotFound), database.reading() as reader:
            queries.find_mileage(reader, viewer=clerk(fleet), vehicle_id=fleet.other_vehicle_id)

    def test_needs_the_right(self, database: Database, fleet: Fleet, at: datetime) -> None:
        record(database, at, clerk(fleet, OPERATOR), fleet.vehicle_id)
        with pytest.raises(Forbidden):
            record(database, at, clerk(fleet, DRIVER), fleet.vehicle_id)


class TestTheFusedMileage:
    def test_is_nothing_until_something_tells_of_it(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            session.execute(sa.insert(heads).values(vehicle_id=fleet.other_vehicle_id, detectors={}))
            session.execute(
                sa.insert(heads).values(
                    vehicle_id=fleet.vehicle_id, detectors={}, mileage_m=5.5, mileage_ts=at, mileage_method="gps"
                )
            )
        with database.reading() as reader:
            told = [
                queries.find_mileage(reader, viewer=system("test"), vehicle_id=vehicle_id)
                for vehicle_id in (fleet.vehicle_id, fleet.other_vehicle_id)
            ]
        assert told == [{"mileage_m": 5.5, "mileage_ts": at, "mileage_method": "gps"}, None]
