"""Keep a copy of the registry that is never far behind: read it once, then follow what changes.

    python follow_changes.py copy.json

End it and start it again as you like: it goes on where it was.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
from fleet_client import Change, CursorFile, Fleet, NotFound, Vehicle

ABOUT_VEHICLES = ("vehicles.vehicle_registered", "vehicles.status_changed", "vehicles.tracker_paired")


class Copy:
    """The vehicles by number, in a file."""

    def __init__(self, fleet: Fleet, path: Path) -> None:
        self._fleet, self._path = fleet, path
        self.vehicles: dict[int, Vehicle] = {}
        if path.exists():
            self.vehicles = msgspec.json.decode(path.read_bytes(), type=dict[int, Vehicle])

    def read_anew(self) -> None:
        """Everything."""
        self.vehicles = {vehicle.id: vehicle for vehicle in self._fleet.vehicles()}
        self._write()

    def apply(self, changes: Iterable[Change]) -> None:
        """A change says what changed, not how: read that record."""
        for vehicle_id in sorted({vehicle_id for change in changes for vehicle_id in change.vehicle_ids}):
            try:
                self.vehicles[vehicle_id] = self._fleet.vehicle(vehicle_id)
            except NotFound:  # it went to a park that is not ours
                self.vehicles.pop(vehicle_id, None)
        self._write()

    def _write(self) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_bytes(msgspec.json.encode(self.vehicles))
        fresh.replace(self._path)


def main(path: Path) -> None:
    """Follow until somebody ends it."""
    with Fleet.from_environment() as fleet:
        copy = Copy(fleet, path)
        cursor = CursorFile(path.with_name(f"{path.name}.cursor"))
        for changes in fleet.follow(cursor, copy.read_anew, names=ABOUT_VEHICLES):
            copy.apply(changes)
            for change in changes:
                print(f"{change.at:%H:%M:%S} {change.name} {change.vehicle_ids}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
