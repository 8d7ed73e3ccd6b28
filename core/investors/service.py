"""Every write about holdings."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict
from core.investors.models import Holding
from core.permissions import Actor, needs
from core.vehicles.models import Vehicle

WHOLE_PPM = 1_000_000


@needs("investors:manage")
def record_holding(
    session: Writer, *, actor: Actor, at: datetime, user_id: int, vehicle_id: int, share_ppm: int, since: date
) -> None:
    """Record that a person holds a share of a vehicle. Raises Conflict when more than the whole would be held."""
    session.execute(sa.select(Vehicle.id).where(Vehicle.id == vehicle_id).with_for_update()).one()
    held = session.execute(
        sa.select(sa.func.coalesce(sa.func.sum(Holding.share_ppm), 0)).where(Holding.vehicle_id == vehicle_id)
    ).scalar_one()
    if held + share_ppm > WHOLE_PPM:
        raise Conflict(
            f"Only {(WHOLE_PPM - held) / 10_000:g} % of vehicle {vehicle_id} is left to hold.",
            vehicle_id=vehicle_id,
        )
    session.add(Holding(user_id=user_id, vehicle_id=vehicle_id, share_ppm=share_ppm, since=since))
    audit.record(
        session,
        actor=actor,
        at=at,
        action="investors.holding_recorded",
        subject=("vehicle", vehicle_id),
        user_id=user_id,
        share_ppm=share_ppm,
    )
