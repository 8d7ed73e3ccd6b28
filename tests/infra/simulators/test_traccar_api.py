"""The simulated Traccar: its API as a client sees it, its queue, and what it hands on."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
from typing import Any

import httpx
import pytest

from portals.devices.traccar.positions import read_positions

NUMBERS = itertools.count(90_000)
WHEN = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}


@pytest.fixture
def traccar(simulator):
    client = httpx.Client(
        base_url=simulator.traccar_url, headers={"Authorization": f"Bearer {simulator.token}"}, trust_env=False
    )
    yield client
    client.post("/sim/faults", json={})


@pytest.fixture
def unit(traccar):
    number = next(NUMBERS)
    traccar.post("/sim/units", json={"unit_id": number, "device_uid": f"traccar-{number}"})
    return number


def send(traccar, unit, type_="engineStop", **attributes) -> httpx.Response:
    return traccar.post("/api/commands/send", json={"deviceId": unit, "type": type_, "attributes": attributes})


def commands(traccar, unit, kind="commands") -> list[dict[str, Any]]:
    return [each for each in traccar.get("/sim/commands").json()[kind] if each["unit_id"] == unit]


class TestTheDoor:
    def test_opens_with_the_token_or_with_user_and_password(self, traccar, simulator, unit):
        address = f"{simulator.traccar_url}/api/devices?id={unit}"
        by_password = httpx.get(address, auth=("fleet@simulated.example", simulator.token))
        assert by_password.json() == traccar.get(address).json()

    @pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Basic %%%"])
    def test_stays_shut_for_anybody_else(self, simulator, header):
        answer = httpx.get(f"{simulator.traccar_url}/api/devices", headers={"Authorization": header})
        assert answer.status_code == 401

    def test_tells_everybody_the_version(self, simulator):
        assert httpx.get(f"{simulator.traccar_url}/api/server").json()["version"] == "6.14.5"


class TestACommand:
    def test_is_answered_with_itself_when_it_was_handed_over(self, traccar, unit, eventually):
        answer = send(traccar, unit, noQueue=True)
        assert answer.status_code == 200
        assert answer.json()["type"] == "engineStop"
        eventually(lambda: traccar.get(f"/sim/units/{unit}").json()["relay_on"])
        query = {"deviceId": unit, "type": "commandResult", **WHEN}
        events = eventually(lambda: traccar.get("/api/reports/events", params=query).json())
        assert events[0]["attributes"] == {"result": "engineStop: OK"}

    def test_waits_for_a_device_that_is_away_and_goes_out_however_late(self, traccar, unit, eventually):
        traccar.post("/sim/faults", json={"unit_id": unit, "offline": True})
        answer = send(traccar, unit)
        assert answer.status_code == 202
        assert len(commands(traccar, unit, "queued")) == 1
        traccar.post("/sim/faults", json={"unit_id": unit})
        traccar.post("/sim/units", json={"unit_id": unit, "device_uid": f"traccar-{unit}", "moving": True})
        (command,) = eventually(lambda: commands(traccar, unit))
        assert command["was_queued"]

    def test_that_forbids_the_queue_is_refused_with_a_stack_trace(self, traccar, unit):
        traccar.post("/sim/faults", json={"unit_id": unit, "offline": True})
        answer = send(traccar, unit, noQueue=True)
        assert answer.status_code == 400
        assert answer.text.startswith("Failed to send command - RuntimeException (CommandsManager:")
        assert commands(traccar, unit, "queued") == []

    def test_the_protocol_does_not_know_is_refused(self, traccar, unit):
        assert "outputControl is not supported in protocol teltonika" in send(traccar, unit, "outputControl").text

    def test_for_somebody_elses_device_is_refused(self, traccar):
        assert "Device access denied" in send(traccar, 1).text

    def test_can_be_doubled_and_can_be_lost(self, traccar, unit, eventually):
        traccar.post("/sim/faults", json={"unit_id": unit, "double": True})
        assert send(traccar, unit).status_code == 200
        first, second = eventually(lambda: len(c := commands(traccar, unit)) == 2 and c)
        assert first["id"] == second["id"]
        traccar.post("/sim/faults", json={"unit_id": unit, "drop": 1.0})
        assert send(traccar, unit).status_code == 200
        (lost,) = eventually(lambda: commands(traccar, unit, "lost"))
        assert lost["why"] == "dropped"


class TestControl:
    @pytest.mark.parametrize("wrong", [{"lies": True}, {"drop": "often"}])
    def test_refuses_a_fault_it_does_not_know(self, traccar, wrong):
        assert traccar.post("/sim/faults", json=wrong).status_code == 400

    def test_refuses_a_unit_it_does_not_know(self, traccar):
        assert traccar.post("/sim/faults", json={"unit_id": 1, "lie": True}).status_code == 404


class TestForwarding:
    def test_hands_positions_on_in_the_form_that_the_product_takes(self, traccar, unit, eventually):
        got: list[tuple[str | None, bytes]] = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append((self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format, *args):
                """Nothing."""

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            forward = {"url": f"http://127.0.0.1:{server.server_port}", "authorization": "Basic secret"}
            assert traccar.post("/sim/forward", json=forward).status_code == 200
            send(traccar, unit, noQueue=True)
            mine = f"traccar-{unit}"
            body = eventually(
                lambda: next((body for _, body in got if json.loads(body)["device"]["uniqueId"] == mine), None)
            )
            traccar.post("/sim/forward", json={})
            server.shutdown()
        (position,) = read_positions(body)
        assert position.device_uid == mine
        assert position.problem == ""
        assert position.point is not None
        assert position.point.extra["out1"] is True
        assert {header for header, _ in got} == {"Basic secret"}
