"""What follows from what: the whole map. A fact that nothing follows from stands here too, with an empty list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks import access, driver_papers, event_records, files, handovers, letters

JOBS: Mapping[str, Callable[..., Any]] = {
    "access.deliver": access.deliver,
    "driver_papers.judge_driver": driver_papers.judge_driver,
    "driver_papers.judge_park": driver_papers.judge_park,
    "event_records.rematch": event_records.rematch,
    "event_records.tell_standing": event_records.tell_standing,
    "files.scan": files.scan,
    "handovers.record_mileage": handovers.record_mileage,
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
    "drivers.account_given": (),
    "drivers.admission_changed": ("driver_papers.judge_park",),
    "drivers.assignment_cancelled": ("event_records.rematch",),
    "drivers.assignment_changed": ("event_records.rematch",),
    "drivers.assignment_ended": ("event_records.rematch",),
    "drivers.document_accepted": ("driver_papers.judge_driver",),
    "drivers.document_handed_in": (),
    "drivers.document_refused": ("driver_papers.judge_driver",),
    "drivers.driver_registered": (),
    "drivers.profile_changed": (),
    "drivers.stage_changed": ("driver_papers.judge_driver",),
    "drivers.damage_found": (),
    "drivers.handover_signed": ("handovers.record_mileage",),
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
    "vehicles.document_added": (),
    "vehicles.document_withdrawn": (),
    "vehicles.groups_changed": (),
    "vehicles.photos_changed": (),
    "vehicles.status_changed": (),
    "vehicles.tracker_paired": (),
    "vehicles.tracker_taken_out": (),
    "vehicles.vehicle_changed": (),
    "vehicles.vehicle_registered": (),
    "webhooks.endpoint_disabled": (),
}
