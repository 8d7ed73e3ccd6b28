"""Why a lock was allowed, as people read it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from core.access.rules import Warning, decide
from portals.orders.decisions import say_decision
from portals.orders.laws import say_warnings
from tests.core.access.cases import LIMITS, NOW, TIMING, judged, policies, standing


class TestADecision:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(inputs=policies())
    def test_is_said_with_every_input_whatever_was_known(self, app, inputs):
        record = decide(inputs, at=NOW, timing=TIMING, limits=LIMITS).as_record(inputs, at=NOW)
        kept = record["inputs"]
        with app.test_request_context():
            said = say_decision(record)
        assert said is not None
        # Each is there; the reason stands in two places and is said once.
        count = len(kept) - 2 + len(kept["vehicle"]) + len(kept["fairness"]) - 1
        assert len(dict(said.inputs)) == len(said.inputs) == count
        assert all(value.strip() for _, value in said.inputs)
        assert record["words"] in said.said

    def test_puts_plain_words_to_what_the_vehicle_told(self, app):
        inputs = judged(standing(ignition=None, relay_on=None))
        record = decide(inputs, at=NOW, timing=TIMING, limits=LIMITS).as_record(inputs, at=NOW)
        with app.test_request_context():
            said = dict(say_decision(record).inputs)
        assert (said["Speed"], said["Ignition"], said["Relay"]) == ("0 km/h", "Not known", "Not known")
        assert said["Engine"] == "Combustion engine"
        assert said["Approved by a second person"] == "Yes"

    def test_of_an_order_from_before_there_was_a_policy_is_not_there(self):
        assert say_decision(None) is None


class TestTheWordsOfWarnings:
    def test_name_each_with_its_time_and_its_channels(self):
        said = say_warnings([Warning(240, 1), Warning(72, 2), Warning(5, 1)])
        assert said == (
            "10 days before over one channel, then 3 days before over 2 channels, then 5 h before over one channel"
        )
