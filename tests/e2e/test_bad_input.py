"""What is wrong is told in the protocol's own words at each port, and costs nothing that is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from tests.e2e.product import Product
from tests.e2e.tracker import Tracker, record, seconds_ago

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

KEY = "a key of four"
SIGNS_OF_A_TRACE = ("Traceback", 'File "', "psycopg", "sqlalchemy", "msgspec", "werkzeug")


class TestApi:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b'{"points": [{"ts":', 400, "malformed"),
            (b"\xff\xfe", 400, "malformed"),
            (b'{"points": []}', 422, "invalid"),
            (b'{"points": [{"device_uid": "x", "ts": "yesterday"}]}', 422, "invalid"),
            (b'{"points": {}, "more": 1}', 422, "invalid"),
            (b'{"points": [' + b" " * 17_000_000 + b"]}", 413, ""),
        ],
    )
    def test_answers_a_body_it_cannot_read_with_a_problem_document(self, api, body, status, code):
        answer = api.http.post("/api/v1/telemetry", content=body, headers={"Content-Type": "application/json"})

        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"].startswith(f"urn:equinomix:problem:{code}")
        _shows_no_trace(answer.text)

    def test_keeps_the_good_points_of_a_batch_and_names_each_bad_one(self, api):
        vehicle_id = api.register("E2E-API")
        at = datetime.fromtimestamp(seconds_ago(60), UTC).isoformat()
        good = {"vehicle_id": vehicle_id, "ts": at, "lat": 37.77, "lon": -122.42, "speed_kmh": 10.5}
        points = [
            good,
            {**good, "speed_mph": 6.5},
            {"device_uid": "nobody", "ts": at, "speed_kmh": 10},
            {**good, "ts": at, "speed_kmh": 4000},
            {**good, "ts": datetime.fromtimestamp(seconds_ago(59), UTC).isoformat()},
        ]

        answer = api.post("/telemetry", {"points": points})

        assert (answer["received"], answer["stored"], answer["duplicates"]) == (5, 2, 0)
        assert [(r["index"], r["rule"]) for r in answer["refused"]] == [
            (1, "malformed"),
            (2, "unknown_vehicle"),
            (3, "speed_impossible"),
        ]
        assert "speed_mph" in answer["refused"][0]["detail"]
        _shows_no_trace(str(answer))

    def test_wants_a_good_token(self, api):
        answer = api.http.get("/api/v1/vehicles", headers={"Authorization": "Bearer none.of.ours"})

        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "/oauth/token" in answer.json()["detail"] or "token" in answer.json()["detail"]
        _shows_no_trace(answer.text)


@pytest.fixture
def connect(product: Product) -> Iterator[Callable[[], Tracker]]:
    """Connections to the device port."""
    opened: list[Tracker] = []

    def connect_one() -> Tracker:
        opened.append(Tracker(product.device_port))
        return opened[-1]

    yield connect_one
    for tracker in opened:
        tracker.close()


class TestDevicePort:
    def test_tells_a_stranger_and_a_wrong_key_apart_and_hangs_up_on_both(self, connect, api):
        api.register("E2E-KEY")
        stranger, thief = connect(), connect()

        assert stranger.log_in("E2E-NOBODY", KEY) == "#AL#0"
        assert thief.log_in("E2E-KEY", "not the key") == "#AL#01"
        assert stranger.is_hung_up_on(within_s=10)
        assert thief.is_hung_up_on(within_s=10)

    def test_answers_a_wrong_checksum_and_takes_the_record_when_it_comes_right(self, connect, api):
        vehicle_id = api.register("E2E-CRC")
        tracker, ts = connect(), seconds_ago(30)
        good = f"#L#2.0;E2E-CRC;{KEY};"

        assert tracker.ask(f"{good}{_checksum(good)}") == "#AL#1"
        body = f"#D#{record(ts)};"
        assert tracker.ask(f"{body}0000") == "#AD#16"
        assert tracker.ask(f"{body}{_checksum(body)}") == "#AD#1"

        assert api.seconds(vehicle_id) == [ts]

    def test_keeps_the_good_records_of_a_black_box(self, connect, api):
        vehicle_id = api.register("E2E-BOX")
        tracker, ts = connect(), seconds_ago(30)
        tracker.log_in("E2E-BOX", KEY)

        answer = tracker.ask(f"#B#{record(ts)}|junk|{record(ts + 1, speed='4000')}|{record(ts + 2)}")

        assert answer == "#AB#2"
        assert api.seconds(vehicle_id) == [ts + 2, ts]

    def test_refuses_an_oversize_frame_and_keeps_what_came_before_it(self, connect, api):
        vehicle_id = api.register("E2E-BIG")
        tracker, ts = connect(), seconds_ago(30)
        tracker.log_in("E2E-BIG", KEY)

        tracker.say(f"#D#{record(ts)}\r\n#D#{'x' * 70_000}")

        assert [tracker.hear(), tracker.hear()] == ["#AD#1", "#AD#-1"]
        assert tracker.is_hung_up_on(within_s=10)
        assert api.seconds(vehicle_id) == [ts]

    def test_waits_for_the_other_half_of_a_frame_without_holding_up_what_was_whole(self, connect, api):
        vehicle_id = api.register("E2E-HALF")
        tracker, ts = connect(), seconds_ago(30)
        tracker.log_in("E2E-HALF", KEY)
        half, rest = f"#D#{record(ts + 1)}"[:30], f"#D#{record(ts + 1)}"[30:]

        tracker.say(f"#D#{record(ts)}\r\n{half}")
        assert tracker.hear() == "#AD#1"
        assert api.seconds(vehicle_id) == [ts]
        assert tracker.ask(rest) == "#AD#1"

        assert api.seconds(vehicle_id) == [ts + 1, ts]

    def test_says_nothing_of_its_own_insides(self, product):
        for name in ("gateway", "web", "worker", "scheduler", "follower"):
            log = (product.home / "logs" / f"{name}.log").read_text()
            assert "Traceback" not in log, log[log.index("Traceback") :][:3_000]


def _shows_no_trace(text: str) -> None:
    assert not [sign for sign in SIGNS_OF_A_TRACE if sign in text], text


def _checksum(frame: str) -> str:
    """CRC-16/ARC of what stands behind the type of a frame, as Wialon IPS 2.0 wants it."""
    crc = 0
    for byte in frame.split("#", 2)[2].encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return f"{crc:04X}"
