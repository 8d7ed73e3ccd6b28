"""The gateway's view of the product, in memory: identities, dedup, refusals, outages and slowness."""

import threading

from core.telemetry.schemas import IngestReport, RefusedReading
from portals.devices.conversation import Fitted

RULES = {
    "time_too_old": lambda p: p.ts.year < 2000 + 1,
    "coordinates_out_of_range": lambda p: p.lat is not None and abs(p.lat) > 90,
    "jump_impossible": lambda p: p.extra.get("jumps") == 1,
    "speed_impossible": lambda p: p.speed_kmh is not None and p.speed_kmh > 250,
    "course_out_of_range": lambda p: p.course_deg is not None and p.course_deg > 360,
    "fix_bad": lambda p: p.lat is not None and p.satellites is not None and p.satellites < 3,
    "rpm_impossible": lambda p: p.rpm is not None and p.rpm > 9000,
    "fuel_impossible": lambda p: p.fuel_pct is not None and p.fuel_pct > 100,
}


class IntakeInMemory:
    """Stores what is ingested; `gate` holds ingestion up, `outage` makes it fail."""

    def __init__(self):
        self.devices = {f"{860000000000000 + n}": (n, None) for n in range(1, 1001)}
        self.devices["locked"] = (2000, "secret")
        self.families = {}
        self.unknown = []
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
        self.locks = {"wialon_ips": threading.Lock(), "teltonika": threading.Lock()}
        self.storing = threading.Lock()

    def identify(self, device_uid, key):
        if self.outage:
            raise ConnectionError("the database is away")
        vehicle_id, wanted = self.devices.get(device_uid, (None, None))
        if vehicle_id is None:
            return None
        return "wrong_key" if key != wanted and wanted else Fitted(vehicle_id, self.families.get(device_uid))

    def note_unknown(self, device_uid, *, source, address):
        self.unknown.append((device_uid, source, address))

    def ingest(self, readings, *, source, refused):
        self.attempts += 1
        self.asked.set()
        self.gate.wait(10)
        if self.outage or self.poison & {reading.vehicle_id for reading in readings}:
            raise ConnectionError("the database is away")
        lock = self.locks[source]
        assert lock.acquire(blocking=False), "two batches at the same time could swap a vehicle's readings"
        try:
            with self.storing:
                return self._store(readings, list(refused))
        finally:
            lock.release()

    def beat(self, lag_ms, sessions, turned_away):
        self.beats.append((lag_ms, sessions, turned_away))
        if self.outage:
            raise ConnectionError("the database is away")

    def turned_away(self, reason):
        """How often, as the last heartbeat said."""
        return self.beats[-1][2].get(reason, 0) if self.beats else 0

    def points(self, vehicle_id):
        """Points of a vehicle in the order in which they were stored."""
        return [reading.point for (owner, _), reading in self.stored.items() if owner == vehicle_id]

    def _store(self, readings, refused):
        self.batches.append(len(readings))
        before, received = len(self.stored), len(readings) + len(refused)
        doubted = [
            RefusedReading(
                index=reading.index, rule=rule, detail=rule, vehicle_id=reading.vehicle_id, raw=text(reading.raw)
            )
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


def text(raw):
    return raw if isinstance(raw, str) else raw.hex()
