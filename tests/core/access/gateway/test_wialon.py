"""The road by Wialon: one session, its limits, and every error code, against the simulated platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.access.gateway import Command, GatewayDown, Relay, wialon_session
from core.access.gateway.wialon import WialonGateway
from core.access.models import Outcome
from core.config import WialonAccount
from infra.simulators.process import SimulatorProcess
from tests.core.access.gateway.conftest import Answering, Simulated

Make = Callable[..., Command]


@pytest.fixture
def wialon(simulators: SimulatorProcess) -> Iterator[Simulated]:
    simulated = Simulated(simulators.base_url, simulators.token)
    yield simulated
    simulated.post("faults", unit_id=None)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wialon_session, "_BUSY_PAUSES_S", (0.0, 0.0))


@pytest.fixture
def gateway(wialon: Simulated) -> WialonGateway:
    return WialonGateway(WialonAccount(wialon.base_url, wialon.token))


@pytest.fixture
def unit(wialon: Simulated) -> int:
    return wialon.make_unit()


class TestACommand:
    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (1, Outcome.UNKNOWN),
            (2, Outcome.REFUSED),
            (3, Outcome.REFUSED),
            (4, Outcome.REFUSED),
            (5, Outcome.REFUSED),
            (6, Outcome.UNKNOWN),
            (7, Outcome.REFUSED),
            (8, Outcome.REFUSED),
            (9, Outcome.UNKNOWN),
            (10, Outcome.REFUSED),
            (1003, Outcome.REFUSED),
            (1004, Outcome.UNKNOWN),
            (1005, Outcome.UNKNOWN),
            (1011, Outcome.UNKNOWN),
            (-100, Outcome.UNKNOWN),
        ],
    )
    def test_answered_with_an_error_was_refused_or_is_in_doubt(
        self, wialon: Simulated, gateway: WialonGateway, unit: int, command: Make, code: int, outcome: Outcome
    ) -> None:
        wialon.post("refusals", svc="unit/exec_cmd", code=code, reason="as told")
        answer = gateway.send(command(unit))
        assert answer.outcome is outcome
        assert answer.words.startswith(f"Wialon answered error {code}: ")
        assert "as told" in answer.words
        assert wialon.commands(unit) == []

    @pytest.mark.parametrize("fault", [{"die": True}, {"die_after_accept": True}, {"answer_delay_s": 9}])
    def test_without_an_answer_may_have_arrived_or_not(
        self, wialon: Simulated, unit: int, command: Make, fault: dict[str, Any]
    ) -> None:
        wialon.post("faults", unit_id=unit, **fault)
        gateway = WialonGateway(WialonAccount(wialon.base_url, wialon.token), timeout_s=0.3)
        assert gateway.send(command(unit)).outcome is Outcome.UNKNOWN

    def test_to_nobody_was_never_sent(self, command: Make) -> None:
        answer = WialonGateway(WialonAccount("http://127.0.0.1:9", "any")).send(command(1))
        assert (answer.outcome, answer.words) == (Outcome.REFUSED, "Not sent: Wialon did not answer: ConnectError")

    def test_to_a_wialon_that_has_gone_since_was_never_sent(self, answering: Answering, command: Make) -> None:
        unit = {"id": 7, "uid": "relay-7"}
        address = answering.start(lambda path, body: {"eid": "session"} if "token" in body else {"items": [unit]})
        gateway = WialonGateway(WialonAccount(address, "any"))
        gateway.read_outputs([command(7).relay])
        answering.stop()
        assert gateway.send(command(7)).words == "Not sent: Wialon did not answer: ConnectError"


class TestTheSession:
    def test_is_opened_once_for_all_who_ask_at_the_same_time(
        self, wialon: Simulated, gateway: WialonGateway, unit: int, command: Make
    ) -> None:
        before = wialon.get("logins")["good"]
        relay = command(unit).relay
        with ThreadPoolExecutor(10) as threads:
            read = list(threads.map(lambda _: gateway.read_outputs([relay]), range(30)))
        assert all(relay.device_uid in outputs for outputs in read)
        assert wialon.get("logins")["good"] == before + 1

    def test_that_has_ended_is_renewed_by_whoever_reads_and_repeats_no_command(
        self, wialon: Simulated, gateway: WialonGateway, unit: int, command: Make
    ) -> None:
        relay = command(unit).relay
        gateway.read_outputs([relay])
        wialon.post("sessions/end")
        assert relay.device_uid in gateway.read_outputs([relay])
        wialon.post("sessions/end")
        assert gateway.send(command(unit)).outcome is Outcome.UNKNOWN
        assert wialon.commands(unit) == []

    def test_with_a_wrong_token_is_not_asked_for_again_at_once(
        self, wialon: Simulated, unit: int, command: Make
    ) -> None:
        before = wialon.get("logins")["failed"]
        gateway = WialonGateway(WialonAccount(wialon.base_url, "wrong"))
        answers = [gateway.send(command(unit)) for _ in range(15)]
        assert {answer.outcome for answer in answers} == {Outcome.REFUSED}
        assert answers[0].words == "Not sent: Wialon answered error 8: the token is not valid"
        assert "logging in is tried again in" in answers[-1].words
        assert wialon.get("logins")["failed"] == before + 1


class TestReading:
    def test_waits_a_moment_when_wialon_is_busy(
        self, wialon: Simulated, gateway: WialonGateway, unit: int, command: Make
    ) -> None:
        relay = command(unit).relay
        wialon.post("refusals", svc="core/search_items", code=10, times=2)
        assert relay.device_uid in gateway.read_outputs([relay])

    @pytest.mark.parametrize("code", [2, 4, 6, 7, 9, 10, 1003, 1004, 1005])
    def test_gives_up_with_wialons_own_words(
        self, wialon: Simulated, gateway: WialonGateway, unit: int, command: Make, code: int
    ) -> None:
        wialon.post("refusals", svc="core/search_items", code=code, times=3)
        with pytest.raises(GatewayDown, match=f"error {code}: "):
            gateway.read_outputs([command(unit).relay])
        wialon.post("refusals", svc="core/search_items", code=code, times=0)

    def test_of_the_log_goes_one_after_the_other(self, gateway: WialonGateway, unit: int, command: Make) -> None:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: gateway.was_logged(command(unit, ago_s=30)), range(8)))
        assert found == [False] * 8


class TestLookingACommandUp:
    def test_says_no_only_when_the_command_has_died(self, gateway: WialonGateway, unit: int, command: Make) -> None:
        with pytest.raises(GatewayDown, match="may still be on its way"):
            gateway.was_logged(command(unit))
        assert gateway.was_logged(command(unit, ago_s=10)) is False

    @pytest.mark.parametrize("code", [1, 1011])
    def test_goes_on_over_a_new_session(
        self, wialon: Simulated, gateway: WialonGateway, unit: int, command: Make, code: int
    ) -> None:
        wialon.post("refusals", svc="messages/load_interval", code=code)
        assert gateway.was_logged(command(unit, ago_s=10)) is False


class TestAReport:
    def test_that_was_kept_in_the_device_is_as_old_as_the_device_says(self, answering: Answering) -> None:
        item = {"id": 7, "uid": "late", "lmsg": {"t": 1_700_000_000, "rt": 1_700_000_060, "tp": "ud", "o": 1}}
        address = answering.start(lambda path, body: {"eid": "session"} if "token" in body else {"items": [item]})
        gateway = WialonGateway(WialonAccount(address, "any"))
        told = gateway.read_outputs([Relay("late", 1, inverted=False)])["late"]
        assert told.received_at.timestamp() == 1_700_000_000
