"""The road by Traccar, against a simulated one that speaks its REST API and misbehaves when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.access.gateway import Command, GatewayDown, Outputs, Relay
from core.access.gateway.traccar import TraccarGateway
from core.access.gateway.traccar_words import explain_refusal, read_output, require_no_queue, word_command
from core.access.models import OrderKind, Outcome
from core.config import TraccarAccount
from infra.simulators.process import SimulatorProcess
from tests.core.access.gateway.conftest import Answering, Simulated

EARLIER = datetime(2026, 11, 3, 12, tzinfo=UTC)
LOCK, RELEASE = OrderKind.IMMOBILIZE, OrderKind.RELEASE
Make = Callable[..., Command]
Eventually = Callable[..., Any]


@pytest.fixture
def traccar(simulators: SimulatorProcess) -> Iterator[Simulated]:
    simulated = Simulated(simulators.traccar_url, simulators.token)
    yield simulated
    simulated.post("faults", unit_id=None)
    simulated.post("server", version="6.14.5")


@pytest.fixture
def gateway(traccar: Simulated) -> TraccarGateway:
    return TraccarGateway(TraccarAccount(traccar.base_url, traccar.token))


@pytest.fixture
def unit(traccar: Simulated) -> int:
    return traccar.make_unit()


def _is_found(gateway: TraccarGateway, command: Command) -> bool:
    try:
        return gateway.was_logged(command)
    except GatewayDown:
        return False


class TestACommand:
    def test_is_handed_over_and_forbids_the_queue_whichever_it_is(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make, eventually: Eventually
    ) -> None:
        other = traccar.make_unit()
        lock, release = gateway.send(command(unit)), gateway.send(command(other, RELEASE))
        assert (lock.outcome, release.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
        eventually(lambda: traccar.relay_on(unit) and traccar.commands(other))
        sent = [(each["type"], each["attributes"]) for each in traccar.commands(unit) + traccar.commands(other)]
        assert sent == [("engineStop", {"noQueue": True}), ("engineResume", {"noQueue": True})]

    @pytest.mark.parametrize(
        ("kind", "inverted", "data"),
        [(LOCK, False, "1"), (RELEASE, False, "0"), (LOCK, True, "0"), (RELEASE, True, "1")],
    )
    def test_for_another_output_says_which_and_which_way(
        self, command: Make, kind: OrderKind, inverted: bool, data: str
    ) -> None:
        worded = word_command(command(1, kind, output=2, inverted=inverted), {"engineStop", "outputControl"})
        assert worded == {"type": "outputControl", "attributes": {"index": 2, "data": data, "noQueue": True}}

    @pytest.mark.parametrize("wiring", [{"output": 2}, {"inverted": True}])
    def test_that_the_model_cannot_carry_out_is_not_sent(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make, wiring: dict[str, Any]
    ) -> None:
        answer = gateway.send(command(unit, **wiring))
        assert answer.outcome is Outcome.REFUSED
        assert "no command that switches output" in answer.words

    @pytest.mark.parametrize("kind", [LOCK, RELEASE])
    def test_to_a_device_without_connection_is_not_sent_and_waits_nowhere(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make, kind: OrderKind
    ) -> None:
        traccar.post("faults", unit_id=unit, offline=True)
        answer = gateway.send(command(unit, kind))
        assert answer.outcome is Outcome.REFUSED
        assert "no connection with the device" in answer.words
        assert traccar.commands(unit, "queued") == []

    def test_to_a_device_it_does_not_know_is_not_sent(self, gateway: TraccarGateway, command: Make) -> None:
        answer = gateway.send(command(1))
        assert answer.outcome is Outcome.REFUSED
        assert "no device with the identifier relay-1" in answer.words

    def test_to_lock_is_not_given_to_a_traccar_that_cannot_be_told_not_to_queue(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make
    ) -> None:
        traccar.post("server", version="6.6")
        lock = gateway.send(command(unit))
        assert lock.outcome is Outcome.REFUSED
        assert "Update it to 6.7" in lock.words
        assert gateway.send(command(unit, RELEASE)).outcome is Outcome.ACCEPTED

    def test_that_is_refused_says_why_and_shows_nobody_the_stack(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make
    ) -> None:
        traccar.post("faults", unit_id=unit, refuse="Failed to send command")
        answer = gateway.send(command(unit))
        assert answer.outcome is Outcome.REFUSED
        assert "no live connection" in answer.words
        assert "CommandsManager" not in answer.words

    def test_with_a_wrong_token_names_the_setting(self, traccar: Simulated, unit: int, command: Make) -> None:
        answer = TraccarGateway(TraccarAccount(traccar.base_url, "wrong")).send(command(unit))
        assert answer.outcome is Outcome.REFUSED
        assert "ERP_TRACCAR_TOKEN" in answer.words
        assert "wrong" not in answer.words

    def test_to_nobody_is_not_sent(self, command: Make) -> None:
        answer = TraccarGateway(TraccarAccount("http://127.0.0.1:9", "any")).send(command(1))
        assert (answer.outcome, answer.words) == (Outcome.REFUSED, "Not sent: Traccar did not answer: ConnectError")

    @pytest.mark.parametrize("fault", [{"die": True}, {"die_after_accept": True}, {"answer_delay_s": 9}, {"hold_s": 9}])
    def test_without_an_answer_may_have_arrived_or_not(
        self, traccar: Simulated, unit: int, command: Make, fault: dict[str, Any]
    ) -> None:
        traccar.post("faults", unit_id=unit, **fault)
        answer = TraccarGateway(TraccarAccount(traccar.base_url, traccar.token), timeout_s=0.3).send(command(unit))
        assert answer.outcome is Outcome.UNKNOWN

    def test_answered_by_something_else_than_traccar_may_have_arrived_or_not(
        self, answering: Answering, command: Make
    ) -> None:
        answers = {
            "/api/devices": [{"id": 7, "uniqueId": "relay-7", "status": "online"}],
            "/api/server": {"version": "6.14.5"},
            "/api/commands/types": [{"type": "engineStop"}],
            "/api/commands/send": {"welcome": "to the portal of this hotel"},
        }
        gateway = TraccarGateway(TraccarAccount(answering.start(lambda path, body: answers[path]), "any"))
        assert gateway.send(command(7)).outcome is Outcome.UNKNOWN

    def test_that_was_queued_in_spite_of_all_is_in_doubt_until_it_left_the_queue(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make, eventually: Eventually
    ) -> None:
        traccar.post("faults", unit_id=unit, queue=True)
        lock = command(unit, ago_s=30)
        answer = gateway.send(lock)
        assert answer.outcome is Outcome.UNKNOWN
        assert "queued engineStop although it was told not to" in answer.words
        with pytest.raises(GatewayDown, match="still waits in Traccar's queue"):
            gateway.was_logged(lock)
        traccar.post("faults", unit_id=unit)
        traccar.post("units", unit_id=unit, device_uid=f"relay-{unit}", moving=True)  # it has something to report
        eventually(lambda: _is_found(gateway, lock))


class TestLookingACommandUp:
    def test_finds_it_by_the_answer_of_the_device(
        self, gateway: TraccarGateway, traccar: Simulated, unit: int, command: Make, eventually: Eventually
    ) -> None:
        traccar.post("faults", unit_id=unit, lie=True)
        lock = command(unit)
        gateway.send(lock)
        eventually(lambda: traccar.commands(unit))
        eventually(lambda: _is_found(gateway, lock))

    def test_says_no_only_when_the_relay_has_told_so_after_the_command_would_have_died(
        self, gateway: TraccarGateway, unit: int, command: Make
    ) -> None:
        with pytest.raises(GatewayDown, match="neither the device nor its relay has told yet"):
            gateway.was_logged(command(unit))
        assert gateway.was_logged(command(unit, ago_s=30)) is False

    def test_takes_a_relay_that_is_as_ordered_for_a_yes(
        self, gateway: TraccarGateway, unit: int, command: Make
    ) -> None:
        assert gateway.was_logged(command(unit, RELEASE, ago_s=30)) is True


class TestReadingBack:
    def test_tells_the_output_in_every_way_that_traccar_has(
        self, traccar: Simulated, gateway: TraccarGateway, command: Make, eventually: Eventually
    ) -> None:
        began = clock.now() - timedelta(seconds=1)
        relays = []
        for protocol in ("teltonika", "gt06", "wialon"):
            unit = traccar.make_unit()
            traccar.post("protocols", unit_id=unit, protocol=protocol)
            relays.append(command(unit).relay)
            assert gateway.send(command(unit)).outcome is Outcome.ACCEPTED

        def all_on() -> dict[str, Outputs] | None:
            read = gateway.read_outputs(relays)
            return read if [outputs.mask for outputs in read.values()] == [1, 1, 1] else None

        for told in eventually(all_on).values():
            assert began <= told.received_at <= clock.now()

    def test_is_not_blinded_by_the_devices_answer_which_holds_no_outputs(
        self, traccar: Simulated, gateway: TraccarGateway, unit: int, command: Make, eventually: Eventually
    ) -> None:
        lock = command(unit)
        gateway.send(lock)
        eventually(lambda: gateway._events(unit, lock))
        assert gateway.read_outputs([lock.relay])[lock.relay.device_uid].mask == 1

    @pytest.mark.parametrize(("device_s", "server_s"), [(0, 60), (60, 0)])
    def test_is_as_old_as_the_device_says_and_no_younger_than_traccar_received_it(
        self, answering: Answering, device_s: int, server_s: int
    ) -> None:
        def moment(seconds: int) -> str:
            return (EARLIER + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")

        device = {"id": 7, "uniqueId": "late", "positionId": 8}
        position = {"id": 8, "deviceId": 7, "attributes": {"out1": True}}
        position |= {"deviceTime": moment(device_s), "serverTime": moment(server_s)}
        address = answering.start(lambda path, body: [device] if path == "/api/devices" else [position])
        gateway = TraccarGateway(TraccarAccount(address, "any"))
        assert gateway.read_outputs([Relay("late", 1, inverted=False)])["late"].received_at == EARLIER

    def test_knows_nothing_of_devices_that_traccar_does_not_show(self, gateway: TraccarGateway) -> None:
        assert gateway.read_outputs([Relay("stranger", 1, inverted=False)]) == {}

    def test_says_so_when_the_token_is_wrong(self, traccar: Simulated, unit: int, command: Make) -> None:
        with pytest.raises(GatewayDown, match="ERP_TRACCAR_TOKEN"):
            TraccarGateway(TraccarAccount(traccar.base_url, "wrong")).read_outputs([command(unit).relay])


class TestAnOutput:
    @pytest.mark.parametrize(
        ("attributes", "output", "inverted", "is_on"),
        [
            ({"out2": True}, 2, False, True),
            ({"out1": 1}, 2, False, None),
            ({"output": 0b10}, 2, False, True),
            ({"output": 0b10}, 1, False, False),
            ({"blocked": True}, 1, False, True),
            ({"blocked": True}, 1, True, False),
            ({"blocked": True}, 2, False, None),
            ({"out1": True, "output": 1}, 1, False, True),
            ({"out1": True, "output": 0}, 1, False, None),
            ({"output": True}, 1, False, None),
            ({"ignition": True}, 1, False, None),
        ],
    )
    def test_is_told_by_its_attributes_or_not_at_all(
        self, attributes: dict[str, Any], output: int, inverted: bool, is_on: bool | None
    ) -> None:
        assert read_output(attributes, Relay("any", output, inverted)) is is_on


class TestAVersion:
    @pytest.mark.parametrize("version", ["6.7", "6.14.5", "7.0", "10.1-dev"])
    def test_that_knows_no_queue_will_do(self, version: str) -> None:
        require_no_queue(version)

    @pytest.mark.parametrize("version", ["6.6", "5.12", "unknown", None])
    def test_that_does_not_will_not(self, version: str | None) -> None:
        with pytest.raises(Exception, match=r"Traccar .*queue"):
            require_no_queue(version)


class TestARefusal:
    def test_whose_reason_is_not_known_sends_the_reader_to_traccars_log(self) -> None:
        words = explain_refusal(400, "java.lang.NullPointerException\n\tat org.traccar.Main.run(Main.java:1)")
        assert words == "Traccar refused (HTTP 400): for a reason of its own, which stands in its log."
