"""Write the trips that every vehicle began on a day, by the clock of its park, into a CSV file.

python nightly_trips.py 2026-11-24 trips.csv
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from fleet_client import Fleet, Trip, Vehicle

HEADER = ("vehicle", "plate", "started_at", "ended_at", "distance_km", "moving_min", "idle_min", "fuel_l")


def trips_of(fleet: Fleet, day: date) -> Iterator[tuple[Vehicle, ZoneInfo, Trip]]:
    """Every trip that began on `day` where the vehicle belongs."""
    zones = {park.id: ZoneInfo(park.time_zone) for park in fleet.parks()}
    for vehicle in fleet.vehicles():
        zone = zones[vehicle.park_id]
        begins = datetime.combine(day, time(), zone)
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        for trip in fleet.trips(vehicle.id, begins, ends):
            if trip.started_at >= begins:
                yield vehicle, zone, trip


def main(day: date, path: Path) -> int:
    """Write the file; returns how many trips are in it."""
    count = 0
    with Fleet.from_environment() as fleet, path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(HEADER)
        for vehicle, zone, trip in trips_of(fleet, day):
            sheet.writerow(
                [
                    vehicle.name,
                    vehicle.plate,
                    trip.started_at.astimezone(zone).isoformat(timespec="seconds"),
                    trip.ended_at.astimezone(zone).isoformat(timespec="seconds") if trip.ended_at else "",
                    f"{trip.distance_m / 1000:.1f}",
                    f"{trip.moving_s / 60:.0f}",
                    f"{trip.idle_s / 60:.0f}",
                    "" if trip.fuel_l is None else f"{trip.fuel_l:.1f}",
                ]
            )
            count += 1
    return count


if __name__ == "__main__":
    print(f"{main(date.fromisoformat(sys.argv[1]), Path(sys.argv[2]))} trips.")
