"""The programs in docs/api/examples, run as somebody would who copies them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx
import immobilize
import nightly_trips
import pytest
import receive_webhooks
import send_points
from fleet_client import Fleet, Message

from core import clock
from core.access.models import JobState
from core.vehicles import service as vehicles
from core.vehicles.schemas import NewVehicle
from core.webhooks.delivery import make_delivery
from tests.conftest import ROOT
from tests.docs.conftest import DOCS
from tests.e2e.product import eventually
from tests.portals.api_v1.test_access import conclude
from tests.portals.history import keep_trip

pytestmark = [pytest.mark.xdist_group("docs"), pytest.mark.usefixtures("environment")]


class TestSendPoints:
    def test_says_what_became_of_them_and_may_be_run_again(self, tmp_path, capsys) -> None:
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
        device = {"device_uid": "860000000000001", "lat": 37.7, "lon": -122.4}
        lines = [{**device, "ts": (moment + timedelta(seconds=n)).isoformat()} for n in range(3)]
        lines[1]["device_uid"] = "nobody"
        file = tmp_path / "points.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)) + "\n")
        assert send_points.main(file) == 1
        said = capsys.readouterr().out
        assert "3 sent: 2 stored, 0 known before." in said
        assert "line 2 was refused (unknown_vehicle)" in said
        send_points.main(file)
        assert "0 stored, 2 known before." in capsys.readouterr().out


class TestFollowChanges:
    def test_keeps_a_copy_and_goes_on_where_it_was(self, site, tmp_path) -> None:
        copy = tmp_path / "copy.json"

        def names() -> set[str]:
            return {vehicle["name"] for vehicle in json.loads(copy.read_text()).values()} if copy.exists() else set()

        self._run_until(lambda: "Car 1" in names(), copy)
        self._register(site, "While it was away", "ZZZF1234567890123")
        with self._started(copy) as running:
            try:
                eventually(lambda: "While it was away" in names(), within_s=30)
                self._register(site, "While it looks on", "ZZZF2234567890123")
                eventually(lambda: "While it looks on" in names(), within_s=30)
            finally:
                running.terminate()

    def _run_until(self, look, copy: Path) -> None:
        with self._started(copy) as running:
            try:
                eventually(look, within_s=30)
                eventually(lambda: copy.with_name("copy.json.cursor").exists(), within_s=30)
            finally:
                running.terminate()

    @staticmethod
    def _started(copy: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(DOCS / "examples" / "follow_changes.py"), str(copy)]
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(DOCS)}, stdout=subprocess.DEVNULL)

    @staticmethod
    def _register(site, name: str, vin: str) -> None:
        with site.database.transaction() as session:
            new = NewVehicle(vin=vin, model="Vue", name=name, park_id=1)
            vehicles.register_vehicle(session, actor=ROOT, at=datetime.now(UTC), new=new)


class TestNightlyTrips:
    def test_has_the_trips_that_began_on_the_day_of_the_park(self, site, tmp_path) -> None:
        # Midnight in California is at 8:00 UTC in November.
        for day, hour, minute in ((24, 7, 59), (24, 8, 1), (25, 7, 59), (25, 8, 1)):
            begun = datetime(2026, 11, day, hour, minute, tzinfo=UTC)
            keep_trip(site.database, 1, begun, begun + timedelta(minutes=1))
        file = tmp_path / "trips.csv"
        assert nightly_trips.main(date(2026, 11, 24), file) == 2
        rows = list(csv.DictReader(file.open()))
        assert [row["started_at"] for row in rows] == ["2026-11-24T00:01:00-08:00", "2026-11-24T23:59:00-08:00"]
        assert (rows[0]["vehicle"], rows[0]["distance_km"]) == ("Car 1", "5.0")


class TestImmobilize:
    def test_finds_its_order_again_and_waits_for_the_verdict(self, site, capsys) -> None:
        assert immobilize.main(1, "theft", break_glass=True, within_s=0) == 2
        job_id = capsys.readouterr().out.partition("The order ")[2].split()[0]
        threading.Timer(1.0, conclude, (site.database, job_id, JobState.CONFIRMED)).start()
        assert immobilize.main(1, "theft", break_glass=True, within_s=30) == 0
        assert capsys.readouterr().out == "It holds.\n"


class TestReceiveWebhooks:
    def test_takes_what_the_fleet_tells_and_nothing_else(self, site, monkeypatch, capsys) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), receive_webhooks.Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with Fleet.from_environment() as fleet:
            endpoint, secret = fleet.add_webhook_endpoint(url, facts=["vehicles.vehicle_registered"])
            monkeypatch.setenv("FLEET_WEBHOOK_SECRET", secret)
            assert [known.url for known in fleet.webhook_endpoints()] == [url]
            made = fleet.register_vehicle(vin="ZZZG1234567890123", model="Vue", park_id=1)
            delivery = make_delivery(site.config, site.database, now=clock.now, worker="tests")
            said = eventually(lambda: delivery.run_until_idle() or capsys.readouterr().out, within_s=30)
            delivery.close()
            with httpx.Client(trust_env=False) as http:
                assert http.post(url, content=b"{}", headers={"webhook-id": "msg_1"}).status_code == 400
            fleet.remove_webhook_endpoint(endpoint.id)
            assert list(fleet.webhook_endpoints()) == []
        server.shutdown()
        server.server_close()
        assert f"vehicles.vehicle_registered {{'vehicle_id': {made.id}}}" in said

    def test_does_what_comes_twice_once(self, capsys) -> None:
        message = Message(id="msg_twice", sent_at=datetime.now(UTC), type="vehicles.status_changed", data={})
        receive_webhooks.take(message)
        receive_webhooks.take(message)
        assert capsys.readouterr().out.count("vehicles.status_changed") == 1
