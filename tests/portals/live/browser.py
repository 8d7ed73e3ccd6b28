"""What a browser makes of the messages it hears: the rules of static/js/fleet.js and changes.js, and no others."""

from __future__ import annotations

from typing import Any

from portals.fleet_rows import REPORTED


class Browser:
    """One board: its place, its vehicles, and every fact it was told, in the order of telling."""

    def __init__(self) -> None:
        self.epoch = self.offset = ""
        self.vehicles: dict[int, dict[str, Any]] = {}
        self.told: list[tuple[str, int]] = []
        self.since = ""
        self.heard: list[str] = []

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message as it comes off the wire."""
        self.heard.append(message["type"])
        self.since = self.since or message["offset"]
        self.epoch, self.offset = message["epoch"], message["offset"]
        if message["type"] == "snapshot":
            self.vehicles = {row["vehicle_id"]: row for row in message["vehicles"]}
        for row in message.get("vehicles", ()) if message["type"] == "delta" else ():
            self._merge(row)
        for vehicle_id in message.get("gone", ()):
            self.vehicles.pop(vehicle_id, None)
        self.told += [(fact["id"], fact["vehicle_id"]) for fact in message.get("facts", ())]

    def _merge(self, row: dict[str, Any]) -> None:
        known = self.vehicles.get(row["vehicle_id"])
        if known is None and "name" not in row:
            return
        if known and (row.get("received_at") or float("inf")) < (known["received_at"] or 0):
            row = {name: value for name, value in row.items() if name not in REPORTED}
        self.vehicles[row["vehicle_id"]] = {**(known or {}), **row}
