"""The facts that endpoints can be told of, in words, and what a message about one of them is."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

BATCH = "telemetry.batch_stored"
PING = "webhooks.ping"
MISSED = "webhooks.facts_missed"

# The types of our own, which every endpoint is told.
OWN: Mapping[str, str] = {
    PING: "A test that somebody asked for",
    MISSED: "Facts were dropped before they could be told; read the records anew",
}

FACTS: Mapping[str, str] = {
    "access.brake_lifted": "Immobilizations are let go on",
    "access.brake_put_on": "All immobilizations were stopped, by a person or by the breaker",
    "access.debt_noted": "What a driver owes was told anew",
    "access.emergency_started": "A driver started a locked vehicle by an emergency code",
    "access.job_changed": "An order to a vehicle went a step further",
    "access.job_finished": "An order to a vehicle got its verdict",
    "access.job_ordered": "A vehicle was ordered to be immobilized or released",
    "access.standing_changed": "Whether a driver may drive changed, or the reasons",
    "drivers.account_given": "A driver got an account of their own",
    "drivers.admission_changed": "What a park asks of its drivers changed",
    "drivers.assignment_cancelled": "A planned assignment was taken back before it began",
    "drivers.assignment_changed": "An assignment was moved, extended, shortened or swapped",
    "drivers.assignment_ended": "A driver gave a vehicle back",
    "drivers.document_accepted": "A document of a driver was accepted",
    "drivers.document_handed_in": "A document of a driver was handed in",
    "drivers.document_refused": "A document of a driver was not accepted",
    "drivers.driver_registered": "A driver was registered",
    "drivers.profile_changed": "What is known of a driver was changed",
    "drivers.stage_changed": "Somebody applied, became active as a driver, left or was refused",
    "drivers.damage_found": "A handover that both sides signed found new damage on a vehicle",
    "drivers.handover_signed": "A vehicle was taken over or given back, and both sides signed",
    "drivers.shift_refused": "A shift of a weekly pattern could not be made",
    "drivers.vehicle_assigned": "A driver was given a vehicle",
    "events.detected": "Something was detected about a vehicle, changed or was withdrawn",
    "events.dispute_ended": "A dispute of an event was decided or taken back",
    "events.dispute_opened": "An event was disputed: nothing may be deducted for it until that has ended",
    "events.geofence_added": "A geofence was added",
    "events.geofence_closed": "A geofence was closed",
    "events.geofence_renamed": "A geofence was renamed",
    "events.incident_changed": "The file of an incident changed, or how far it is",
    "events.no_lock_zone_changed": "A geofence became, or is no longer, a place where nothing is locked",
    "inbox.item_closed": "Something wants a person no more",
    "inbox.item_handled": "Somebody has acknowledged, assigned or put off what wants a person",
    "inbox.item_opened": "Something wants a person, for the first time, again or louder",
    "events.record_added": "An incident, fine, repair or violation was recorded",
    "events.record_changed": "An event of the log was corrected or withdrawn",
    "events.record_matched": "Another driver, or nobody, was found to be whose an event is",
    "privacy.driver_erased": "A driver was erased; forget them too",
    "ratings.appeal_decided": "An appeal of a driver was granted or refused",
    "ratings.appeal_escalated": "An appeal was not answered in time",
    "ratings.appeal_handed_in": "A driver appealed against something",
    "ratings.appeal_withdrawn": "A driver took an appeal back",
    "ratings.driver_rated": "The rating of a driver was computed anew",
    "ratings.feedback_released": "Feedback about a driver was released, as enough colleagues gave some",
    BATCH: "Points were stored: many times a second, and only told when named",
    "telemetry.mileage_read": "The odometer of a vehicle was read",
    "telemetry.trip_ended": "A trip ended",
    "vehicles.document_added": "A document of a vehicle was added",
    "vehicles.document_withdrawn": "A document of a vehicle was taken back",
    "vehicles.fields_changed": "The fields that vehicles have were changed",
    "vehicles.groups_changed": "A vehicle was put into a group or taken out",
    "vehicles.photos_changed": "The photos of a vehicle changed",
    "vehicles.status_changed": "The status of a vehicle changed",
    "vehicles.tracker_paired": "A tracker was put into a vehicle",
    "vehicles.tracker_taken_out": "A tracker was taken out of a vehicle",
    "vehicles.vehicle_changed": "The record of a vehicle was changed",
    "vehicles.vehicle_registered": "A vehicle was registered",
    "webhooks.endpoint_disabled": "An endpoint was disabled because it failed or asked for it",
}

# Facts between parts of the product, told to nobody outside.
UNTOLD = frozenset({"files.file_kept", "files.file_scanned", "identity.letter_written", "identity.reset_requested"})


def names_for(facts: Iterable[str] | None) -> list[str]:
    """The facts an endpoint is told of: those it names, or all but the batches of points."""
    return sorted(FACTS.keys() - {BATCH}) if facts is None else sorted(facts)


def subject_of(ids: Mapping[str, Any], *, name: str) -> str:
    """What a fact that is about no vehicle, or about one, is about: `vehicle:7`, `geofence:3`, else its own name."""
    keys = [key for key in ids if key.endswith("_id")]
    first = "vehicle_id" if "vehicle_id" in ids else next(iter(keys), None)
    return name if first is None else f"{first.removesuffix('_id')}:{ids[first]}"


def public_id(message_id: uuid.UUID) -> str:
    """The `webhook-id` of a message, the same at every try."""
    return f"msg_{message_id.hex}"


def parse_public_id(text: str) -> uuid.UUID | None:
    """The message that `public_id` named, or None when the text is not one of ours."""
    prefix, _, digits = text.partition("_")
    if prefix != "msg" or len(digits) != 32 or not digits.isalnum():
        return None
    try:
        return uuid.UUID(hex=digits)
    except ValueError:
        return None
