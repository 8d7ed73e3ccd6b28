"""The platform told to misbehave, and the control endpoints that tell the truth."""

import itertools
import time

import httpx
import pytest

NUMBERS = itertools.count(70_000)


@pytest.fixture
def unit(platform):
    number = next(NUMBERS)
    platform.make_unit(number)
    return number


class TestFault:
    def test_drop_accepts_and_loses_the_command(self, platform, unit, eventually):
        platform.fault(unit, drop=1.0)
        assert platform.execute(unit) == {}
        (lost,) = eventually(lambda: platform.commands(unit, "lost"))
        assert lost["why"] == "dropped"
        time.sleep(1.6)
        assert platform.log(unit) == {"error": 1001}
        assert not platform.unit(unit)["relay_on"]

    def test_lie_logs_the_command_but_never_moves_the_relay(self, platform, unit, eventually):
        platform.fault(unit, lie=True)
        assert platform.execute(unit) == {}
        eventually(lambda: platform.log(unit).get("count") == 1)
        time.sleep(0.5)
        assert platform.item(unit, 1024)["lmsg"]["o"] == 0
        (command,) = platform.commands(unit)
        assert command["lie"]
        assert not command["relay_on_after"]

    def test_delay_holds_the_command_back(self, platform, unit, eventually):
        platform.fault(unit, delay_s=2)
        sent = time.time()
        assert platform.execute(unit, timeout=10) == {}
        assert time.time() - sent < 1
        (command,) = eventually(lambda: platform.commands(unit))
        assert command["executed_at"] - sent >= 2

    def test_delay_beyond_the_timeout_makes_the_command_expire(self, platform, unit, eventually):
        platform.fault(unit, delay_s=5)
        assert platform.execute(unit, timeout=1) == {}
        (lost,) = eventually(lambda: platform.commands(unit, "lost"))
        assert lost["why"] == "expired"
        time.sleep(4.5)
        assert not platform.unit(unit)["relay_on"]

    def test_answer_delay_is_late_with_the_answer_only(self, platform, unit, eventually):
        platform.fault(unit, answer_delay_s=3)
        began = time.monotonic()
        assert platform.execute(unit) == {}
        assert time.monotonic() - began >= 3
        assert platform.commands(unit)

    def test_double_sends_the_same_command_twice(self, platform, unit, eventually):
        platform.fault(unit, double=True)
        platform.execute(unit)
        first, second = eventually(lambda: len(c := platform.commands(unit)) == 2 and c)
        assert first["id"] == second["id"]
        assert platform.log(unit)["count"] == 2

    def test_die_after_accept_cuts_the_line_but_the_command_runs(self, platform, unit, eventually):
        platform.fault(unit, die_after_accept=True)
        with pytest.raises(httpx.RemoteProtocolError):
            platform.execute(unit)
        eventually(lambda: platform.unit(unit)["relay_on"])

    def test_offline_refuses_commands_and_freezes_the_last_message(self, platform, unit, eventually):
        eventually(lambda: platform.item(unit, 1024)["lmsg"])
        platform.fault(unit, offline=True)
        assert platform.execute(unit)["error"] == 5
        assert platform.item(unit, 2097152) == {"netconn": 0}
        last = platform.item(unit, 1024)["lmsg"]["t"]
        time.sleep(12.5)
        assert platform.item(unit, 1024)["lmsg"]["t"] == last
        platform.fault(unit)
        assert platform.execute(unit) == {}
        late = eventually(lambda: [m for m in platform.log(unit, flags=0)["messages"] if m["rt"] - m["t"] > 0])
        assert late[0]["t"] > last

    def test_offline_on_the_way_lets_the_command_wait_and_then_expire(self, platform, unit, eventually):
        platform.fault(unit, delay_s=0.5)
        platform.execute(unit, timeout=1)
        platform.fault(unit, offline=True)
        (lost,) = eventually(lambda: platform.commands(unit, "lost"))
        assert lost["why"] == "expired"

    def test_for_all_units_replaces_the_faults_of_each(self, platform, unit):
        platform.fault(unit, offline=True)
        platform.fault(None)
        assert platform.unit(unit)["reachable"]

    @pytest.mark.parametrize("wrong", [{"lies": True}, {"drop": "often"}])
    def test_refuses_a_fault_it_does_not_know(self, platform, wrong):
        assert platform.fault(None, **wrong).status_code == 400

    def test_refuses_a_unit_it_does_not_know(self, platform):
        assert platform.fault(1, lie=True).status_code == 404


class TestBareUnit:
    def test_moves_without_a_stop_when_told_to(self, platform, eventually):
        number = next(NUMBERS)
        platform.make_unit(number, moving=True)
        eventually(lambda: platform.unit(number)["speed_kmh"] > 10)
        for _ in range(20):
            assert platform.unit(number)["speed_kmh"] > 0
            time.sleep(0.1)

    def test_brakes_and_parks_when_told_to_rest(self, platform, eventually):
        number = next(NUMBERS)
        platform.make_unit(number, moving=True)
        eventually(lambda: platform.unit(number)["speed_kmh"] > 10)
        platform.make_unit(number, moving=False)
        eventually(lambda: not platform.unit(number)["ignition"], within_s=10)
        assert platform.unit(number)["speed_kmh"] == 0

    def test_does_not_start_with_the_relay_on(self, platform, unit, eventually):
        platform.execute(unit)
        eventually(lambda: platform.unit(unit)["relay_on"])
        platform.make_unit(unit, moving=True)
        time.sleep(2.5)
        assert not platform.unit(unit)["ignition"]
        platform.execute(unit, "Release")
        eventually(lambda: platform.unit(unit)["ignition"], within_s=9)

    def test_needs_a_number_and_a_device(self, platform):
        answer = platform.http.post("/sim/units", json={"unit_id": 1})
        assert answer.status_code == 400
        assert "device_uid" in answer.json()["error"]

    def test_unknown_is_404(self, platform):
        assert platform.http.get("/sim/units/1").status_code == 404
