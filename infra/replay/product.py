"""The running product by its API, with the logins of its demo.json."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import orjson

from core.config import Config
from infra.errors import CannotStart


class Product:
    """The running product by its API, with the logins of its demo.json."""

    def __init__(self, config: Config) -> None:
        path = config.home / "demo.json"
        if not path.exists():
            raise CannotStart(f"{path} is not there. Start the product first: make run.")
        demo = orjson.loads(path.read_bytes())
        self._client = demo["oauth_client"]
        self._http = httpx.Client(base_url=demo["base_url"], timeout=60, trust_env=False)
        self._token_until = 0.0

    def ensure_vehicles(self, keys: dict[str, str]) -> dict[str, int]:
        """The vehicle of each device; one that is not known yet is registered."""
        known = {
            vehicle["tracker"]["device_uid"]: vehicle["id"]
            for vehicle in self._pages("/api/v1/vehicles")
            if vehicle["tracker"]
        }
        missing = keys.keys() - known.keys()
        park_id = self.get("/api/v1/parks")["items"][0]["id"] if missing else None
        for device_uid in sorted(missing):
            new = _replayed_vehicle(device_uid, keys[device_uid], park_id)
            known[device_uid] = self.post("/api/v1/transport_registry", new)["id"]
        return {device_uid: known[device_uid] for device_uid in keys}

    def intake(self) -> dict[int, dict[str, int]]:
        """How many points of each vehicle have come in so far."""
        return {counts["vehicle_id"]: counts for counts in self._pages("/api/v1/telemetry/intake")}

    def refused_rules(self, vehicle_id: int, since: datetime) -> Counter[str]:
        """By which rules points of a vehicle were refused since a moment."""
        refused = self.get(f"/api/v1/telemetry/{vehicle_id}/refused?limit=500")["refused"]
        return Counter(r["rule"] for r in refused if datetime.fromisoformat(r["received_at"]) >= since)

    def get(self, path: str) -> dict[str, Any]:
        """The answer to a GET."""
        return self._answer(self._http.get(path, headers=self._headers()))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a POST."""
        return self._answer(self._http.post(path, json=body, headers=self._headers()))

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=500{f'&cursor={cursor}' if cursor else ''}")
            yield from page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def _headers(self) -> dict[str, str]:
        if time.monotonic() > self._token_until:
            auth = (self._client["client_id"], self._client["client_secret"])
            form = {"grant_type": "client_credentials"}
            token = self._answer(self._http.post("/oauth/token", data=form, auth=auth))
            self._authorization = f"Bearer {token['access_token']}"
            self._token_until = time.monotonic() + token["expires_in"] / 2
        return {"Authorization": self._authorization}

    def _answer(self, response: httpx.Response) -> dict[str, Any]:
        if response.is_error:
            raise CannotStart(f"The product answered {response.status_code}: {response.text[:300]}")
        answer: dict[str, Any] = response.json()
        return answer


def _replayed_vehicle(device_uid: str, key: str, park_id: int | None) -> dict[str, Any]:
    """A recording has no VIN: an invented one outside North America, made from the device's name."""
    serial = hashlib.sha256(device_uid.encode()).hexdigest().upper()[:12]
    return {
        "vin": f"ZZZRP{serial}",
        "model": "Recorded vehicle",
        "name": device_uid,
        "park_id": park_id,
        "tracker": {"device_uid": device_uid, "key": key, "relay_gateway": None},
    }
