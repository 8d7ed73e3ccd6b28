"""Fields that the office defines."""

from __future__ import annotations

from datetime import datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import outbox
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from core.permissions import OPERATOR, Actor
from core.vehicles import queries, rules, service
from core.vehicles.schemas import FieldChange, NewField
from tests.conftest import ROOT, Fleet

OF_PARK = Actor("user", 2, "user:2", roles=frozenset({OPERATOR}), parks=frozenset({1}))
KINDS = ("text", "number", "date", "choice", "yes_no")


def add(database: Database, at: datetime, name: str = "Sticker", kind: str = "text", **how: Any) -> int:
    actor = how.pop("actor", ROOT)
    with database.transaction() as session:
        return service.add_field(session, actor=actor, at=at, new=NewField(name=name, kind=kind, **how))


def fill(database: Database, at: datetime, vehicle_id: int, values: dict[int, Any], actor: Actor = ROOT) -> bool:
    with database.transaction() as session:
        return service.fill_fields(session, actor=actor, at=at, vehicle_id=vehicle_id, values=values)


def alter(database: Database, at: datetime, field_id: int, actor: Actor = ROOT, **how: Any) -> None:
    versions = how.pop("versions", None)
    with database.transaction() as session:
        service.change_field(
            session, actor=actor, at=at, field_id=field_id, change=FieldChange(**how), versions=versions
        )


def filled(database: Database, vehicle_id: int) -> dict[str, Any]:
    with database.reading() as reader:
        fields = queries.list_filled_fields(reader, viewer=ROOT, vehicle_id=vehicle_id)
    return {one.field.name: one.value for one in fields}


class TestAValue:
    @given(st.sampled_from(KINDS), st.none() | st.text() | st.floats() | st.integers() | st.booleans())
    def test_is_of_one_kind_only(self, kind: str, value: Any) -> None:
        taken = [one for one in KINDS if rules.find_value_problem(one, value, choices=["Red", "Blue"]) is None]
        assert len(set(taken) - {"text"}) <= 1
        assert not (isinstance(value, bool) and set(taken) - {"yes_no"})

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("text", ""),
            ("text", " "),
            ("text", "a\0"),
            ("text", "x" * 501),
            ("text", 5),
            ("number", "5"),
            ("number", True),
            ("number", float("nan")),
            ("number", 1e13),
            ("date", "2026-02-30"),
            ("date", "20261125"),
            ("date", 20261125),
            ("choice", "green"),
            ("choice", None),
            ("yes_no", 1),
            ("yes_no", "yes"),
        ],
    )
    def test_of_the_wrong_kind_is_refused(self, kind: str, value: Any) -> None:
        assert rules.find_value_problem(kind, value, choices=["Red"]) is not None


class TestAField:
    def test_is_had_by_the_vehicles_of_its_park_or_of_all(self, database: Database, fleet: Fleet, at: datetime) -> None:
        add(database, at, "Everywhere")
        add(database, at, "Here", "number", unit="kg", park_id=fleet.park_id)
        assert filled(database, fleet.vehicle_id) == {"Everywhere": None, "Here": None}
        assert filled(database, fleet.other_vehicle_id) == {"Everywhere": None}

    @pytest.mark.parametrize(
        ("how", "part"),
        [
            ({"kind": "text", "unit": "kg"}, "unit"),
            ({"kind": "text", "choices": ["a", "b"]}, "choices"),
            ({"kind": "choice", "choices": ["a"]}, "choices"),
            ({"kind": "choice", "choices": ["a", "A"]}, "choices"),
            ({"kind": "choice", "choices": ["a", " b"]}, "choices"),
            ({"kind": "text", "park_id": 77}, "park_id"),
        ],
    )
    def test_that_cannot_be_one_is_refused_by_its_part(
        self, database: Database, fleet: Fleet, at: datetime, how: dict[str, Any], part: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            add(database, at, **how)
        assert set(refusal.value.fields) == {part}

    def test_of_all_parks_is_defined_by_who_sees_all(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(Forbidden):
            add(database, at, actor=OF_PARK)
        with pytest.raises(Invalid):
            add(database, at, actor=OF_PARK, park_id=fleet.other_park_id)
        field_id = add(database, at, actor=OF_PARK, park_id=fleet.park_id)
        other = add(database, at, park_id=fleet.other_park_id)
        alter(database, at, field_id, actor=OF_PARK, is_required=True)
        with pytest.raises(NotFound):
            alter(database, at, other, actor=OF_PARK, is_required=True)

    def test_has_a_name_of_its_own_among_the_open_ones(self, database: Database, fleet: Fleet, at: datetime) -> None:
        field_id = add(database, at, "Sticker")
        with pytest.raises(Conflict, match="already"):
            add(database, at, " sticker ")
        add(database, at, "Sticker", park_id=fleet.park_id)
        with database.transaction() as session:
            service.close_field(session, actor=ROOT, at=at, field_id=field_id)
        add(database, at, "Sticker")
        with pytest.raises(Conflict, match="closed"):
            alter(database, at, field_id, name="Other")

    def test_is_added_once_by_many_at_once(self, database: Database, fleet: Fleet, at: datetime) -> None:
        ready, made = Barrier(8), []

        def try_it() -> None:
            ready.wait()
            try:
                made.append(add(database, at))
            except Conflict:
                made.append(None)

        threads = [Thread(target=try_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(one is None for one in made) == [False] + [True] * 7

    def test_keeps_the_choices_that_vehicles_have(self, database: Database, fleet: Fleet, at: datetime) -> None:
        field_id = add(database, at, "Colour", "choice", choices=["Red", "Blue", "White"])
        fill(database, at, fleet.vehicle_id, {field_id: "Red"})
        with pytest.raises(Conflict, match=r"Red \(1\)"):
            alter(database, at, field_id, choices=["Blue", "White"])
        alter(database, at, field_id, choices=["Red", "Blue", "Black"])

    def test_is_not_changed_over_what_somebody_else_did(self, database: Database, fleet: Fleet, at: datetime) -> None:
        field_id = add(database, at)
        alter(database, at, field_id, name="Badge", versions={1})
        with pytest.raises(PreconditionFailed):
            alter(database, at, field_id, name="Pin", versions={1})


class TestFillingFields:
    def test_keeps_who_wrote_what_over_what(self, database: Database, fleet: Fleet, at: datetime) -> None:
        seats = add(database, at, "Seats", "number")
        taxi = add(database, at, "Taxi sign", "yes_no")
        with database.reading() as reader:
            _, head = outbox.head(reader)
        assert fill(database, at, fleet.vehicle_id, {seats: 4, taxi: False})
        assert fill(database, at, fleet.vehicle_id, {seats: 5})
        assert not fill(database, at, fleet.vehicle_id, {seats: 5})
        assert filled(database, fleet.vehicle_id) == {"Seats": 5, "Taxi sign": False}
        with database.reading() as reader:
            newest = queries.list_timeline(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, most=1)[0]
            facts = [fact.name for fact in outbox.read_since(reader, head)]
        assert newest.detail["changes"] == [{"field": "Seats", "field_id": seats, "before": 4, "after": 5}]
        assert newest.by == ROOT.name
        assert facts == ["vehicles.vehicle_changed"] * 2

    def test_is_all_or_nothing_and_names_each_that_is_wrong(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        seats = add(database, at, "Seats", "number")
        elsewhere = add(database, at, "Elsewhere", park_id=fleet.other_park_id)
        with pytest.raises(Invalid) as refusal:
            fill(database, at, fleet.vehicle_id, {seats: "four", elsewhere: "x", 777: "y"})
        assert set(refusal.value.fields) == {str(seats), str(elsewhere), "777"}
        assert filled(database, fleet.vehicle_id) == {"Seats": None}

    def test_with_nothing_empties_it(self, database: Database, fleet: Fleet, at: datetime) -> None:
        seats = add(database, at, "Seats", "number")
        fill(database, at, fleet.vehicle_id, {seats: 4})
        assert fill(database, at, fleet.vehicle_id, {seats: None})
        assert filled(database, fleet.vehicle_id) == {"Seats": None}

    def test_tells_one_from_true(self, database: Database, fleet: Fleet, at: datetime) -> None:
        seats = add(database, at, "Seats", "number")
        fill(database, at, fleet.vehicle_id, {seats: 1})
        with pytest.raises(Invalid):
            fill(database, at, fleet.vehicle_id, {seats: True})

    def test_reaches_no_vehicle_out_of_sight(self, database: Database, fleet: Fleet, at: datetime) -> None:
        seats = add(database, at, "Seats", "number")
        with pytest.raises(NotFound):
            fill(database, at, fleet.other_vehicle_id, {seats: 4}, OF_PARK)

    def test_of_a_required_one_is_a_step_to_the_road(self, database: Database, fleet: Fleet, at: datetime) -> None:
        badge = add(database, at, "Badge", is_required=True)

        def missing() -> list[str]:
            with database.reading() as reader:
                return list(
                    queries.read_progress(
                        reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, at=at, is_heard=True
                    ).missing_fields
                )

        assert missing() == ["Badge"]
        fill(database, at, fleet.vehicle_id, {badge: "T-17"})
        assert missing() == []


class TestTheTimeline:
    def test_is_read_page_by_page_without_a_gap(self, database: Database, fleet: Fleet, at: datetime) -> None:
        seats = add(database, at, "Seats", "number")
        for count in range(7):
            fill(database, at, fleet.vehicle_id, {seats: count})
        with database.reading() as reader:
            whole = queries.list_timeline(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id)
            pages, before = [], None
            while page := queries.list_timeline(
                reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, before_id=before, most=3
            ):
                pages += page
                before = page[-1].id
        assert pages == whole
        assert whole[-1].action == "vehicles.vehicle_registered"
