"""The gateway's view of the product, in memory: identities, dedup, refusals, outages and slowness."""

import threading

from core.telemetry.schemas import IngestReport, RefusedReading

RULES = {
    "time_too_old": lambda p: p.ts.year < 2000 + 1,
    "coordinates_out_of_range": lambda p: p.lat is not None and abs(p.lat) > 90,
    "jump_impossible": lambda p: p.extra.get("jumps") == 1,
    "speed_impossible": lambda p: p.speed_kmh is not None and p.speed_kmh > 250,
    "course_out_of_range": lambda p: p.course_deg is not None and p.course_deg > 360,
    "fix_bad": lambda p: p.satellites is not None and p.satellites < 3,
    "rpm_impossible": lambda p: p.rpm is not None and p.rpm > 9000,
    "fuel_impossible": lambda p: p.fuel_pct is not None and p.fuel_pct > 100,
}


class IntakeInMemory:
    """Stores what is ingested; `gate` holds ingestion up, `outage` makes it fail."""

    def __init__(self):
        self.devices = {f"{860000000000000 + n}": (n, None) for n in range(1, 1001)}
        self.devices["locked"] = (2000, "secret")
        self.gone = set()
        self.poison = set()
        self.outage = False
        self.attempts = 0
        self.stored = {}
        self.refused = []
        self.batches = []
        self.beats = []
        self.asked = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()

    def identify(self, device_uid, key):
        if self.outage:
            raise ConnectionError("the database is away")
        vehicle_id, wanted = self.devices.get(device_uid, (None, None))
        return "wrong_key" if vehicle_id and key != wanted else vehicle_id

    def ingest(self, readings, *, source, refused):
        self.attempts += 1
        self.asked.set()
        self.gate.wait(10)
        if self.outage or self.poison & {reading.vehicle_id for reading in readings}:
            raise ConnectionError("the database is away")
        assert source == "wialon_ips"
        assert self.lock.acquire(blocking=False), "two batches at the same time could swap a vehicle's readings"
        try:
            return self._store(readings, list(refused))
        finally:
            self.lock.release()

    def beat(self, lag_ms, sessions):
        self.beats.append((lag_ms, sessions))
        if self.outage:
            raise ConnectionError("the database is away")

    def points(self, vehicle_id):
        """Points of a vehicle in the order in which they were stored."""
        return [reading.point for (owner, _), reading in self.stored.items() if owner == vehicle_id]

    def _store(self, readings, refused):
        self.batches.append(len(readings))
        before, received = len(self.stored), len(readings) + len(refused)
        doubted = [
            RefusedReading(index=reading.index, rule=rule, detail=rule, vehicle_id=reading.vehicle_id, raw=reading.raw)
            for reading in readings
            if (rule := self._objection(reading))
        ]
        turned_away = {refusal.index for refusal in doubted}
        for reading in readings:
            if reading.index not in turned_away:
                self.stored.setdefault((reading.vehicle_id, reading.point.ts), reading)
        refused += doubted
        self.refused += refused
        stored = len(self.stored) - before
        return IngestReport(
            received=received,
            stored=stored,
            duplicates=received - stored - len(refused),
            refused=tuple(refused),
        )

    def _objection(self, reading):
        if reading.vehicle_id in self.gone:
            return "unknown_vehicle"
        return next((name for name, objects in RULES.items() if objects(reading.point)), None)
