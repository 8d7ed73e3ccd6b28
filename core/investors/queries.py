"""Every read about holdings: an investor sees only their own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.investors.models import Holding
from core.permissions import Actor
from core.vehicles.models import Park, Vehicle


def list_own_assets(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """The vehicles the viewer holds shares of, by name. Needs investors:read_own."""
    viewer.require("investors:read_own")
    query = (
        sa.select(
            Vehicle.id.label("vehicle_id"),
            Vehicle.name,
            Vehicle.make,
            Vehicle.model,
            Vehicle.year,
            Vehicle.status,
            Park.name.label("park"),
            Holding.share_ppm,
            Holding.since,
        )
        .join(Vehicle, Vehicle.id == Holding.vehicle_id)
        .join(Park, Park.id == Vehicle.park_id)
        .where(Holding.user_id == viewer.id)
        .order_by(Vehicle.name)
    )
    return plain_rows(reader.execute(query))


def list_own_vehicle_ids(reader: Reader, *, viewer: Actor) -> frozenset[int]:
    """The vehicles the viewer holds shares of. Needs investors:read_own."""
    viewer.require("investors:read_own")
    return frozenset(reader.execute(sa.select(Holding.vehicle_id).where(Holding.user_id == viewer.id)).scalars())
