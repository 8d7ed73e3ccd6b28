"""Who drives, and how they stand."""

from __future__ import annotations

from datetime import datetime

from core.db import Writer
from core.drivers.models import AccessStatus, Driver, Stage, StageReason
from core.drivers.schemas import NewDriver
from core.drivers.service.additions import add_driver
from core.errors import Invalid
from core.permissions import Actor, needs
from core.vehicles import queries as vehicles


@needs("drivers:register")
def register_driver(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    new: NewDriver,
    user_id: int | None = None,
    stage: Stage = Stage.ACTIVE,
    reason: StageReason = StageReason.REGISTERED,
) -> int:
    """Add a driver, who drives from now on unless their documents are to be looked at first; returns the id.

    Raises Conflict for a phone number or a licence that is known, naming the driver who has it to those who may see it.
    """
    parks = {park["id"] for park in vehicles.list_parks(session.connection(), viewer=actor)}
    if new.park_id not in parks or not actor.may("drivers:register", park_id=new.park_id):
        raise Invalid(
            "The driver was not added: that park does not exist.",
            fields={"park_id": f"There is no park {new.park_id}."},
        )
    return add_driver(
        session,
        actor=actor,
        at=at,
        park_id=new.park_id,
        name=new.name,
        phone=new.phone,
        personal=new.personal,
        stage=stage,
        reason=reason,
        user_id=user_id,
    )


@needs("drivers:set_access")
def set_access(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, status: AccessStatus, words: str | None
) -> None:
    """Write down how a driver stands, and in `words` why and what the way back is; whoever judges keeps the record."""
    driver = session.get_one(Driver, driver_id)
    driver.access_status, driver.access_words = status, words
