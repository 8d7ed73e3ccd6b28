"""The live hub: real websockets on a real server; a board that was away misses nothing."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import simple_websocket
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from core import clock
from core.access import service as access
from core.access.models import Reason
from core.access.schemas import ImmobilizationOrder
from core.config import AccessTiming
from core.db import Database
from core.identity import service as identity
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from portals.doors import ErpApp
from tests.conftest import ROOT, Fleet
from tests.core.telemetry.test_ingest import DEVICES
from tests.infra.free_ports import free_ports
from tests.orders import PLENTY

SignIn = Callable[[str], FlaskClient]


class Board:
    """A browser's websocket, and the messages it got."""

    def __init__(self, port: int, cookie: str, epoch: str = "", offset: str = "", origin: str | None = None) -> None:
        host = f"127.0.0.1:{port}"
        # This client names the host without its port, as a browser never would; so does its origin here.
        headers = {"Cookie": cookie, "Origin": origin or "http://127.0.0.1"}
        self.socket = simple_websocket.Client(f"ws://{host}/live?epoch={epoch}&offset={offset}", headers=headers)

    def next(self, kind: str | None = None, within_s: float = 8.0) -> dict[str, Any]:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            text = self.socket.receive(timeout=max(deadline - time.monotonic(), 0.01))
            if text is not None:
                message: dict[str, Any] = json.loads(text)
                if kind is None or message["type"] == kind:
                    return message
        raise AssertionError(f"no {kind or 'message'} came within {within_s} s")

    def close(self) -> None:
        with contextlib.suppress(simple_websocket.ConnectionClosed):
            self.socket.close()


@pytest.fixture
def port(app: ErpApp) -> Iterator[int]:
    number = free_ports()
    server = make_server("127.0.0.1", number, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield number
    server.shutdown()


@pytest.fixture
def join(port: int, sign_in: SignIn) -> Iterator[Callable[..., Board]]:
    opened: list[Board] = []

    def joined(role: str = "operator", **where: str) -> Board:
        cookie = sign_in(role).get_cookie("erp_session")
        assert cookie is not None
        opened.append(Board(port, f"erp_session={cookie.value}", **where))
        return opened[-1]

    yield joined
    for board in opened:
        board.close()


Join = Callable[..., Board]


def move(database: Database, vehicle_id: int, at: datetime, speed_kmh: float) -> None:
    point = Point(ts=at, lat=37.77, lon=-122.41, speed_kmh=speed_kmh)
    with database.transaction() as session:
        telemetry.ingest(
            session,
            actor=DEVICES,
            at=clock.now(),
            source="test",
            readings=[Reading(index=0, vehicle_id=vehicle_id, point=point)],
        )


def immobilize(database: Database, vehicle_id: int) -> None:
    with database.transaction() as session:
        order = ImmobilizationOrder(reason=Reason.THEFT, break_glass=True)
        access.immobilize(
            session,
            actor=ROOT,
            at=clock.now(),
            vehicle_id=vehicle_id,
            order=order,
            timing=AccessTiming(),
            limits=PLENTY,
        )


class TestABoard:
    def test_gets_the_fleet_first_and_then_what_changes(
        self, join: Join, fleet: Fleet, database: Database, at: datetime
    ) -> None:
        board = join()
        snapshot = board.next()
        assert snapshot["type"] == "snapshot"
        assert [row["vehicle_id"] for row in snapshot["vehicles"]] == [fleet.vehicle_id]
        assert snapshot["vehicles"][0]["driver"] == "Ana Lopez"
        began = time.monotonic()
        move(database, fleet.vehicle_id, at, 33.0)
        delta = board.next("delta")
        assert delta["vehicles"][0]["speed_kmh"] == 33.0
        assert time.monotonic() - began < 1.0

    @pytest.mark.parametrize("change", ["session", "parks"])
    def test_is_cut_off_when_its_session_ends_or_its_operator_sees_other_parks(
        self, join: Join, fleet: Fleet, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
    ) -> None:
        monkeypatch.setattr("portals.live.line.TICK_S", 0.05)
        monkeypatch.setattr("portals.live.line.CHECK_S", 0.05)
        board, operator = join(), fleet.user_ids["operator"]
        board.next("snapshot")
        with database.transaction() as session:
            if change == "session":
                identity.end_sessions_of(session, actor=ROOT, at=clock.now(), user_id=operator)
            else:
                who = {"user_id": operator, "name": "Operator", "time_zone": "UTC", "roles": ["operator"]}
                identity.change_user(session, actor=ROOT, at=clock.now(), park_ids=None, **who)  # type: ignore[arg-type]
        with pytest.raises(simple_websocket.ConnectionClosed):
            for _ in range(100):
                board.socket.receive(timeout=0.1)

    def test_does_not_fall_behind_a_fleet_that_reports_all_the_time(
        self, join: Join, fleet: Fleet, database: Database, at: datetime
    ) -> None:
        board = join()
        board.next("snapshot")
        for n in range(60):
            move(database, fleet.vehicle_id, at - timedelta(seconds=60 - n), float(n))
            time.sleep(0.02)
        began = time.monotonic()
        while board.next("delta")["vehicles"][0]["speed_kmh"] != 59.0:
            pass
        assert time.monotonic() - began < 1.0

    def test_sees_only_the_parks_of_its_operator(
        self, join: Join, fleet: Fleet, database: Database, at: datetime
    ) -> None:
        board = join()
        board.next("snapshot")
        move(database, fleet.other_vehicle_id, at, 70.0)
        move(database, fleet.vehicle_id, at, 20.0)
        assert [row["vehicle_id"] for row in board.next("delta")["vehicles"]] == [fleet.vehicle_id]

    def test_that_was_away_gets_everything_it_missed_and_no_snapshot(
        self, join: Join, fleet: Fleet, database: Database, at: datetime
    ) -> None:
        first = join()
        was = first.next("snapshot")
        first.close()
        for n in range(5):
            move(database, fleet.vehicle_id, at + timedelta(seconds=n), float(n))
        immobilize(database, fleet.vehicle_id)
        again = join(epoch=was["epoch"], offset=was["offset"])
        message = again.next()
        assert message["type"] == "delta"
        assert message["vehicles"][0]["speed_kmh"] == 4.0
        assert message["vehicles"][0]["lock"]["state"] == "armed"
        assert [fact["name"] for fact in message["facts"]] == ["access.job_ordered"]
        assert "ordered by Tests" in message["facts"][0]["text"]

    @pytest.mark.parametrize("where", [{"epoch": "other.1", "offset": "1-1"}, {"epoch": "", "offset": "nonsense"}])
    def test_from_another_database_or_nowhere_starts_over(self, join: Join, where: dict[str, str]) -> None:
        assert join(**where).next()["type"] == "snapshot"

    def test_hears_a_tick_when_nothing_happens(self, join: Join) -> None:
        board = join()
        snapshot = board.next("snapshot")
        tick = board.next("tick", within_s=7)
        assert tick["epoch"] == snapshot["epoch"]

    def test_survives_the_loss_of_the_database_connection(
        self, join: Join, fleet: Fleet, database: Database, at: datetime, postgres_dsn: str, database_url: str
    ) -> None:
        import psycopg

        board = join()
        board.next("snapshot")
        with psycopg.connect(postgres_dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database_url.rpartition("/")[2]],
            )
        time.sleep(1.5)
        move(database, fleet.vehicle_id, at, 44.0)
        assert board.next("delta")["vehicles"][0]["speed_kmh"] == 44.0

    @pytest.mark.parametrize("role", ["driver", "investor", "admin"])
    def test_is_only_for_operators(self, join: Join, role: str) -> None:
        with pytest.raises(simple_websocket.ConnectionError, match="404"):
            join(role)

    def test_is_not_opened_by_a_page_of_another_site(self, join: Join) -> None:
        board = join(origin="http://evil.example")
        with pytest.raises(simple_websocket.ConnectionClosed):
            board.next()
