"""An integrator's program: the API with the token of the demonstration's client."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import httpx

from tests.e2e.product import Product, eventually


class Api:
    """`/api/v1` as a machine uses it."""

    def __init__(self, product: Product) -> None:
        self.http = httpx.Client(base_url=product.base_url, timeout=30, trust_env=False)
        client = product.demo()["oauth_client"]
        form = {"grant_type": "client_credentials"}
        answer = self.http.post("/oauth/token", data=form, auth=(client["client_id"], client["client_secret"]))
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str) -> Any:
        return self._body(self.http.get(f"/api/v1{path}"))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._body(self.http.post(f"/api/v1{path}", json=body))

    def vehicles(self) -> dict[str, dict[str, Any]]:
        """Every vehicle by name."""
        return {vehicle["name"]: vehicle for vehicle in self.get("/vehicles?limit=500")["items"]}

    def vehicle_id(self, name: str) -> int:
        return self.vehicles()[name]["id"]

    def newest(self, vehicle_id: int) -> dict[str, Any]:
        return self.get(f"/telemetry/{vehicle_id}?limit=1")["points"][0]

    def seconds(self, vehicle_id: int) -> list[int]:
        """The moments of the last thousand points of a vehicle, newest first."""
        points = self.get(f"/telemetry/{vehicle_id}?limit=1000")["points"]
        return [round(datetime.fromisoformat(point["ts"]).timestamp()) for point in points]

    def intake(self) -> dict[int, dict[str, int]]:
        """How many points of each vehicle came in, and what became of them."""
        return {counts["vehicle_id"]: counts for counts in self.get("/telemetry/intake?limit=1000")["items"]}

    def register(self, name: str, *, key: str = "a key of four") -> int:
        """A vehicle with a tracker called like itself and no relay; returns its id."""
        tracker = {"device_uid": name, "key": key}
        serial = hashlib.sha256(name.encode()).hexdigest().upper()[:12]
        park_id = self.get("/parks")["items"][0]["id"]
        new = {"vin": f"ZZZE2{serial}", "model": "Test car", "name": name, "park_id": park_id, "tracker": tracker}
        return self.post("/transport_registry", new)["id"]

    def lock(self, vehicle_id: int) -> str:
        """Order a lock; returns the job."""
        return self.post(f"/access/{vehicle_id}/immobilize", {"reason": "theft", "break_glass": True})["job_id"]

    def release(self, vehicle_id: int) -> None:
        """Order a release and wait until it is done."""
        job = self.post(f"/access/{vehicle_id}/release", {})["job_id"]
        self.verdict(vehicle_id, job, kind="release")

    def verdict(self, vehicle_id: int, job: str, *, kind: str = "immobilize") -> dict[str, Any]:
        """The job once it is completed."""
        path = f"/access/{vehicle_id}/{kind}/{job}"

        def completed() -> dict[str, Any] | None:
            found = self.get(path)
            return found if found["status"] == "completed" else None

        return eventually(completed, within_s=40, saying=lambda: self.get(path))

    @staticmethod
    def _body(answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()
