"""What follows from a signed handover: the mileage that was read becomes a reading of the vehicle."""

from __future__ import annotations

import logging

from core import clock, config, db
from core.drivers import queries
from core.errors import Conflict, Invalid
from core.permissions import system
from core.telemetry import service as telemetry

log = logging.getLogger(__name__)

ACTOR = system("handover", "drivers:read", "telemetry:record_mileage")


def record_mileage(*, handover_id: int, **_: object) -> None:
    """Record the mileage of a handover that both have signed. Done twice, it is done once."""
    database = db.current()
    with database.reading() as reader:
        line = queries.get_handover(reader, viewer=ACTOR, handover_id=handover_id).line
    if line.signed_at is None or line.odometer_m is None:
        return
    try:
        with database.transaction() as session:
            telemetry.record_mileage_reading(
                session,
                actor=ACTOR,
                at=clock.now(),
                vehicle_id=line.vehicle_id,
                read_at=line.signed_at,
                odometer_m=line.odometer_m,
                reason=f"Handover {handover_id}",
                raw_retention_days=config.current().retention.raw_days,
            )
    except (Conflict, Invalid) as refusal:
        # Recorded before, or so late that what was driven since is no longer known: the handover itself keeps it.
        log.info("the mileage of handover %s was not recorded: %s", handover_id, refusal.detail)
