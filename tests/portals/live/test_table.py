"""What boards have been told: whatever changes, whoever looks, differences and the rows since a place add up."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from core.outbox import Offset
from portals.live.table import Change, Sight, Table, cut
from tests.portals.live.browser import Browser

PARKS = (1, 2, 3)
SIGHTS: tuple[Sight, ...] = (None, frozenset({1}), frozenset({1, 2}), frozenset({3}), frozenset())


def row(vehicle_id: int, speed: int, driver: str) -> dict[str, Any]:
    return {
        "vehicle_id": vehicle_id,
        "name": f"Car {vehicle_id}",
        "received_at": None,
        "speed_kmh": speed,
        "driver": driver,
    }


vehicles = st.dictionaries(
    st.integers(1, 4), st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.sampled_from(PARKS)), max_size=4
)


class Told:
    """A table and a board of each sight, that hear of one reading of the whole fleet after the other."""

    def __init__(self) -> None:
        self.table = Table({}, {}, since=Offset(0, 0), until=0.0)
        self.table.settle(0.0, Offset(0, 0))
        self.boards = {sight: Browser() for sight in SIGHTS}
        self.step = 0
        self.truth: dict[int, tuple[int, str, int]] = {}

    def read(self, truth: dict[int, tuple[int, str, int]]) -> dict[Sight, dict[str, Any]]:
        self.truth, self.step = truth, self.step + 1
        changes = self.table.take(
            {v: row(v, speed, driver) for v, (speed, driver, _) in truth.items()},
            {v: park for v, (_, _, park) in truth.items()},
            removed=self.table.ids() - truth.keys(),
            horizon=Offset(self.step, 0),
            until=0.0,
        )
        self.table.settle(1.0, Offset(self.step, 0))
        told = {sight: self.delta(changes, sight) for sight in SIGHTS}
        for sight, message in told.items():
            self.boards[sight].hear(message)
        return told

    def delta(self, changes: list[Change], sight: Sight) -> dict[str, Any]:
        return self.message(*cut(changes, sight))

    def message(self, rows: Any, gone: list[int]) -> dict[str, Any]:
        whole = {"type": "delta", "epoch": "", "offset": str(self.step), "vehicles": rows, "gone": gone}
        return orjson.loads(orjson.dumps(whole))  # type: ignore[no-any-return]

    def in_sight(self, sight: Sight) -> dict[int, dict[str, Any]]:
        return {
            v: row(v, speed, driver)
            for v, (speed, driver, park) in self.truth.items()
            if sight is None or park in sight
        }


class TestDifferences:
    @given(st.lists(vehicles, max_size=6))
    def test_add_up_to_the_truth_for_every_sight(self, readings: list[dict[int, tuple[int, str, int]]]) -> None:
        told = Told()
        for truth in readings:
            told.read(truth)
            for sight in SIGHTS:
                assert told.boards[sight].vehicles == told.in_sight(sight)

    def test_name_only_what_changed(self) -> None:
        told = Told()
        told.read({1: (5, "a", 1), 2: (5, "a", 1)})
        assert told.read({1: (6, "a", 1), 2: (5, "a", 1)})[None]["vehicles"] == [{"vehicle_id": 1, "speed_kmh": 6}]

    def test_never_name_a_vehicle_to_boards_that_do_not_know_it(self) -> None:
        told = Told()
        told.read({1: (5, "a", 1)})
        moved = told.read({1: (5, "a", 3)})
        assert moved[frozenset({1})]["gone"] == [1]
        assert moved[frozenset({3})]["vehicles"] == [row(1, 5, "a")]
        assert told.read({})[frozenset({1})] == {**moved[frozenset({1})], "offset": "3", "gone": []}


class TestRowsSinceAPlace:
    @given(st.lists(vehicles, max_size=6), st.lists(vehicles, max_size=6))
    def test_bring_a_board_that_was_away_to_the_truth(
        self, before: list[dict[int, tuple[int, str, int]]], after: list[dict[int, tuple[int, str, int]]]
    ) -> None:
        told = Told()
        for truth in before:
            told.read(truth)
        away = {sight: Browser() for sight in SIGHTS}
        for sight, board in away.items():
            board.vehicles = told.in_sight(sight)
        place = Offset(told.step, 0)
        for truth in after:
            told.read(truth)
        for sight, board in away.items():
            board.hear(told.message(*told.table.rows_since(sight, place)))
            assert board.vehicles == told.in_sight(sight)

    def test_are_none_when_nothing_changed_since(self) -> None:
        told = Told()
        told.read({1: (5, "a", 1)})
        assert told.table.rows_since(None, Offset(1, 0)) == ([], [])

    def test_hold_what_changed_without_a_fact_until_everybody_has_noticed(self) -> None:
        table = Table({1: row(1, 0, "a")}, {1: 1}, since=Offset(1, 0), until=60.0)
        table.settle(59.0, Offset(5, 0))
        assert len(table.rows_since(None, Offset(9, 0))[0]) == 1
        table.settle(60.0, Offset(9, 0))
        assert table.rows_since(None, Offset(9, 0)) == ([], [])
        assert len(table.rows_since(None, Offset(8, 0))[0]) == 1
