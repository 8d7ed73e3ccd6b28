"""`GET /healthz` says how things are."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask.testing import FlaskClient

from core import health
from core.config import Config, load
from core.db import Database
from core.permissions import system
from portals.app import create_app

ACTOR = system("test")


def beat(database: Database, at: datetime, *processes: str, lag_ms: float = 12.0) -> None:
    with database.transaction() as session:
        for process in processes:
            health.beat(session, actor=ACTOR, at=at, process=process, lag_ms=lag_ms)


class TestHealth:
    def test_is_ok_with_the_measured_lag_when_all_processes_beat(
        self, client: FlaskClient, database: Database, at: datetime
    ) -> None:
        beat(database, at, "worker", "scheduler", "follower", "gateway", lag_ms=37.4)
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert answer.json.keys() == {"status", "uptime", "lag_ms"}
        assert (answer.json["status"], answer.json["lag_ms"]) == ("ok", 37)

    def test_is_degraded_and_says_why_when_a_process_is_silent(
        self, client: FlaskClient, database: Database, at: datetime
    ) -> None:
        beat(database, at, "scheduler", "follower", "gateway")
        beat(database, at - timedelta(seconds=60), "worker")
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert answer.json["status"] == "degraded"
        assert any("worker has been silent" in reason for reason in answer.json["reasons"])

    def test_is_degraded_when_a_process_lags(self, client: FlaskClient, database: Database, at: datetime) -> None:
        beat(database, at, "scheduler", "follower", "gateway")
        beat(database, at, "worker", lag_ms=9_000)
        assert "9 s behind" in client.get("/healthz").json["reasons"][0]

    def test_is_down_without_the_database_and_the_pages_say_so(self, config: Config, tmp_path: object) -> None:
        nowhere = Database("postgresql://nobody@127.0.0.1:9/none?connect_timeout=1")
        browser = create_app(load({"ERP_HOME": str(tmp_path)}), nowhere).test_client()
        answer = browser.get("/healthz")
        assert answer.status_code == 503
        assert answer.json["status"] == "down"
        api = browser.get("/oauth/jwks.json")
        assert api.status_code == 503
        assert api.mimetype == "application/problem+json"
        nowhere.close()
