"""The places vehicles belong to."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Forbidden, Invalid
from core.permissions import Actor, needs
from core.vehicles.models import Park


@needs("vehicles:register")
def add_park(session: Writer, *, actor: Actor, at: datetime, name: str, time_zone: str, currency: str) -> int:
    """Add a park; returns its id. `time_zone` is an IANA name, `currency` an ISO 4217 code.

    Raises Forbidden for who may register vehicles in some parks only: nobody gives themselves another.
    """
    if actor.reach("vehicles:register").parks is not None:
        raise Forbidden(
            "A park is added by someone who sees all parks. Ask an administrator.", permission="vehicles:register"
        )
    fields = {}
    if time_zone not in available_timezones():
        fields["time_zone"] = f"{time_zone} is not a time zone; use a name like America/Los_Angeles."
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        fields["currency"] = f"{currency} is not a currency; use three capital letters, like USD."
    if session.execute(sa.select(sa.exists().where(Park.name == name))).scalar():
        fields["name"] = f"There is a park called {name} already."
    if fields:
        raise Invalid(f"The park was not added. {' '.join(fields.values())}", fields=fields)
    park = Park(name=name, time_zone=time_zone, currency=currency)
    session.add(park)
    session.flush()
    audit.record(session, actor=actor, at=at, action="vehicles.park_added", subject=("park", park.id), name=name)
    return park.id
