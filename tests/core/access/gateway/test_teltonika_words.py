"""What is said to Teltonika devices, and what their answers mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.gateway import Relay
from core.access.gateway.teltonika_words import Said, read_answer, read_output, word_command
from core.access.models import OrderKind

LOCK, RELEASE = OrderKind.IMMOBILIZE, OrderKind.RELEASE
RELAY = Relay("860000000000001", 1, inverted=False)
relays = st.builds(Relay, st.just("860000000000001"), st.integers(1, 4), st.booleans())
kinds = st.sampled_from(OrderKind)


class TestALock:
    @pytest.mark.parametrize(
        ("output", "inverted", "text"),
        [
            (1, False, "setdigout 1 ? 5"),
            (1, True, "setdigout 0 ? 5"),
            (2, False, "setdigout ?1 ? ? ? 5"),
            (3, True, "setdigout ??0 ? ? ? ? ? 5"),
            (4, False, "setdigout ???1 ? ? ? ? ? ? ? 5"),
        ],
    )
    def test_names_its_output_alone_and_the_speed_above_which_the_device_refuses(
        self, output: int, inverted: bool, text: str
    ) -> None:
        assert word_command(LOCK, Relay("1", output, inverted)) == text

    @given(relays)
    def test_has_as_many_states_timeouts_and_speeds_as_outputs_and_no_timeout(self, relay: Relay) -> None:
        _, states, *numbers = word_command(LOCK, relay).split(" ")
        assert len(states) == relay.output
        assert states[:-1] == "?" * (relay.output - 1)
        assert numbers[: relay.output] == ["?"] * relay.output
        assert numbers[relay.output :] == ["?"] * (relay.output - 1) + ["5"]


class TestARelease:
    @given(relays)
    def test_is_the_opposite_state_without_any_condition(self, relay: Relay) -> None:
        name, states = word_command(RELEASE, relay).split(" ")
        lock = word_command(LOCK, relay).split(" ")[1]
        assert name == "setdigout"
        assert {states[-1], lock[-1]} == {"0", "1"}
        assert states[:-1] == lock[:-1]


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("answer", "relay", "means"),
        [
            ("DOUT1:1 Timeout:INFINITY", RELAY, Said.DONE),
            ("DOUT1:ON Timeout:INFINITY Speed threshold:5km/h", RELAY, Said.DONE),
            ("DOUT1:IGNORED DOUT2:1 Timeout:INFINITY", Relay("1", 2, inverted=False), Said.DONE),
            ("DOUT1:0 Timeout:INFINITY", Relay("1", 1, inverted=True), Said.DONE),
            ("DOUT1:1 Timeout:15s IGN ON, QUEUED", RELAY, Said.QUEUED),
            ("DOUT1:ON Timeout:10s Speed threshold:1km/h Speed is above threshold, queued", RELAY, Said.QUEUED),
            ("DOUT1:IGNORED", RELAY, Said.IGNORED),
            ("DOUT1 Is disabled from CFG", RELAY, Said.DISABLED),
            ("DOUT is disabled from CFG", RELAY, Said.DISABLED),
            ("DOUT2 Is disabled from CFG", RELAY, Said.UNCLEAR),
            ("DOUT1:0 Timeout:INFINITY", RELAY, Said.UNCLEAR),
            ("DOUT2:1 Timeout:INFINITY", RELAY, Said.UNCLEAR),
            ("DI1:1 DI2:0 AIN1:0 DO1:1 DO2:0", RELAY, Said.UNCLEAR),
            ("Ver:03.27.07_00 GPS:AXN_5.1.9", RELAY, Said.UNCLEAR),
            ("", RELAY, Said.UNCLEAR),
        ],
    )
    def test_means_what_the_vendor_says(self, answer: str, relay: Relay, means: Said) -> None:
        assert read_answer(answer, LOCK, relay) is means

    @given(relays, kinds, st.text(), st.sampled_from(["QUEUED", "queued", "Queued"]), st.text())
    def test_that_speaks_of_a_queue_is_never_done(
        self, relay: Relay, kind: OrderKind, before: str, word: str, after: str
    ) -> None:
        done = f"DOUT{relay.output}:1 DOUT{relay.output}:0 "
        assert read_answer(f"{before}{done}{word}{after}", kind, relay) is Said.QUEUED

    @given(relays, kinds, st.text(alphabet="DOUT01234:XONF ?", max_size=40))
    def test_is_done_for_one_of_the_two_orders_at_most(self, relay: Relay, kind: OrderKind, answer: str) -> None:
        means = {each: read_answer(answer, each, relay) for each in OrderKind}
        assert list(means.values()).count(Said.DONE) <= 1

    @given(relays, st.text())
    def test_can_be_anything(self, relay: Relay, answer: str) -> None:
        read_answer(answer, LOCK, relay)
        read_output(answer, relay.output)


class TestALookAtTheOutputs:
    SAMPLE = "DI1:1 DI2:0 DI3:0 AIN1:0 AIN2:16924 DO1:0 DO2:1"

    def test_tells_each_output_that_the_device_names_and_no_other(self) -> None:
        assert [read_output(self.SAMPLE, number) for number in (1, 2, 3, 4)] == [False, True, None, None]

    def test_is_not_mistaken_for_the_late_answer_to_a_command(self) -> None:
        assert read_output("DOUT1:1 Timeout:INFINITY", 1) is None

    def test_that_contradicts_itself_tells_nothing(self) -> None:
        assert read_output("DO1:1 DO1:0", 1) is None
