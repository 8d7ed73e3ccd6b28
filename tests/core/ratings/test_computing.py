"""A rating is what its lines say, whatever the inputs."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ratings.rules.computing import PRIOR, SCALES, VERSIONS, compute_rating
from core.ratings.schemas import Component, CountedEvent, CountedFact, Inputs

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = Inputs(
    since=date(2026, 2, 1),
    until=date(2026, 3, 1),
    distance_m=0,
    engine_moving_s=0,
    detections=(),
    incidents=(),
    documents=(),
)


def event(kind: str, value: float | None = None) -> CountedEvent:
    return CountedEvent(id=uuid.uuid4(), vehicle_id=1, kind=kind, started_at=AT, value=value)


KINDS = ["harsh_acceleration", "harsh_braking", "harsh_cornering", "overspeed", "idling"]
EVENTS = st.builds(event, st.sampled_from(KINDS), st.none() | st.floats(0, 20_000))
FACTS = st.sampled_from(["minor", "serious", "severe"]).map(lambda state: CountedFact(key="a", state=state))
DOCUMENTS = st.sampled_from(["held", "missing", "refused", "expired"]).map(lambda s: CountedFact(key="a", state=s))
INPUTS = st.builds(
    Inputs,
    since=st.just(NOTHING.since),
    until=st.just(NOTHING.until),
    distance_m=st.floats(0, 2e7),
    engine_moving_s=st.floats(0, 2e6),
    detections=st.lists(EVENTS, max_size=20).map(tuple),
    incidents=st.lists(FACTS, max_size=4).map(tuple),
    documents=st.lists(DOCUMENTS, max_size=4).map(tuple),
    feedback_mean=st.none() | st.floats(1, 5),
    feedback_raters=st.integers(5, 40),
    excluded=st.sets(st.sampled_from(list(Component)), max_size=6).map(lambda found: tuple(sorted(found))),
)


class TestARating:
    @settings(max_examples=25)
    @given(INPUTS)
    def test_is_the_prior_and_what_its_lines_moved_it(self, inputs):
        rating = compute_rating(inputs)
        assert 0 <= rating.value <= 5
        assert rating.value == pytest.approx(PRIOR + sum(line.moved for line in rating.lines))
        assert [line.component for line in rating.lines] == list(Component)

    @settings(max_examples=25)
    @given(INPUTS)
    def test_comes_out_the_same_from_what_was_stored(self, inputs):
        stored = msgspec.convert(msgspec.to_builtins(inputs), Inputs)
        assert VERSIONS[1](stored) == compute_rating(inputs)

    @settings(max_examples=25)
    @given(INPUTS, EVENTS)
    def test_never_rises_by_one_more_event(self, inputs, one):
        one = msgspec.structs.replace(one, value=one.value if one.kind != "idling" else 60.0)
        worse = msgspec.structs.replace(inputs, detections=(*inputs.detections, one))
        assert compute_rating(worse).value <= compute_rating(inputs).value + 1e-9

    @settings(max_examples=25)
    @given(INPUTS, FACTS)
    def test_never_rises_by_one_more_incident(self, inputs, incident):
        worse = msgspec.structs.replace(inputs, incidents=(*inputs.incidents, incident))
        assert compute_rating(worse).value <= compute_rating(inputs).value + 1e-9

    @settings(max_examples=25)
    @given(INPUTS, EVENTS)
    def test_takes_no_notice_of_what_is_excluded(self, inputs, one):
        kinds = {"overspeed": Component.OVERSPEED, "idling": Component.IDLING}
        without = tuple({*inputs.excluded, kinds.get(one.kind, Component.HARSH)})
        inputs = msgspec.structs.replace(inputs, excluded=without)
        more = msgspec.structs.replace(inputs, detections=(*inputs.detections, one))
        assert compute_rating(more).value == compute_rating(inputs).value

    def test_is_the_prior_while_nothing_is_known(self):
        assert compute_rating(NOTHING).value == PRIOR

    def test_is_the_prior_when_all_is_excluded(self):
        assert compute_rating(msgspec.structs.replace(NOTHING, excluded=tuple(Component))).value == PRIOR

    def test_moves_less_on_a_short_way_than_on_a_long_one(self):
        def lowered_by(km):
            events = tuple(event("overspeed") for _ in range(km // 20))
            return (
                compute_rating(msgspec.structs.replace(NOTHING, distance_m=km * 1000.0, detections=events))
                .lines[1]
                .moved
            )

        assert lowered_by(2000) < lowered_by(100) < 0

    def test_is_as_it_was_worked_out_by_hand(self):
        # 600 km: confidence 600/900. 30 harsh events: 5 per 100 km, a quarter of the worst: 3.75.
        inputs = msgspec.structs.replace(
            NOTHING, distance_m=600_000.0, detections=tuple(event("harsh_braking") for _ in range(30))
        )
        harsh = compute_rating(inputs).lines[0]
        assert harsh.measure.rate == pytest.approx(5.0)
        assert harsh.measure.score == pytest.approx(3.75)
        assert harsh.moved == pytest.approx(0.25 * (2 / 3) * (3.75 - 4.5))

    def test_weighs_all_components_to_one(self):
        assert sum(scale.weight for scale in SCALES.values()) == pytest.approx(1)
