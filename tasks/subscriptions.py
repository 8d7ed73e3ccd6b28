"""What follows from what: the whole map. A fact that nothing follows from stands here too, with an empty list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks import access, event_records, files, letters

JOBS: Mapping[str, Callable[..., Any]] = {
    "access.deliver": access.deliver,
    "event_records.rematch": event_records.rematch,
    "event_records.tell_standing": event_records.tell_standing,
    "files.scan": files.scan,
    "letters.answer_reset": letters.answer_reset,
    "letters.send": letters.send,
}

SUBSCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    "access.brake_lifted": (),
    "access.brake_put_on": (),
    "access.debt_noted": (),
    "access.emergency_started": (),
    "access.job_changed": (),
    "access.job_finished": (),
    "access.job_ordered": ("access.deliver",),
    "access.standing_changed": (),
    "drivers.assignment_cancelled": ("event_records.rematch",),
    "drivers.assignment_changed": ("event_records.rematch",),
    "drivers.assignment_ended": ("event_records.rematch",),
    "drivers.driver_registered": (),
    "drivers.shift_refused": (),
    "drivers.vehicle_assigned": ("event_records.rematch",),
    "events.detected": (),
    "events.dispute_ended": (),
    "events.dispute_opened": (),
    "events.geofence_added": (),
    "events.geofence_closed": (),
    "events.geofence_renamed": (),
    "events.incident_changed": ("event_records.tell_standing",),
    "events.no_lock_zone_changed": (),
    "events.record_added": ("event_records.tell_standing",),
    "events.record_changed": ("event_records.tell_standing",),
    "events.record_matched": ("event_records.tell_standing",),
    "files.file_kept": ("files.scan",),
    "files.file_scanned": (),
    "identity.letter_written": ("letters.send",),
    "identity.reset_requested": ("letters.answer_reset",),
    "telemetry.batch_stored": (),
    "telemetry.mileage_read": (),
    "telemetry.trip_ended": (),
    "vehicles.status_changed": (),
    "vehicles.tracker_paired": (),
    "vehicles.vehicle_changed": (),
    "vehicles.vehicle_registered": (),
    "webhooks.endpoint_disabled": (),
}
