"""Devices that report and are in no vehicle yet."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit
from core.db import Writer
from core.errors import NotFound
from core.permissions import Actor, needs
from core.vehicles import rules
from core.vehicles.models import Tracker, UnknownDevice

KEPT = 1_000
_ADDRESS_LENGTH = 64
_KEY = sa.tuple_(UnknownDevice.device_uid, UnknownDevice.source)


@needs("vehicles:note_device")
def note_unknown_device(
    session: Writer, *, actor: Actor, at: datetime, device_uid: str, source: str, address: str | None
) -> int:
    """Note that a device nobody knows has reported; returns how often it has, or 0 when it is not noted.

    Not noted is what could never be claimed (a name that is not one of a device) and what is in a vehicle, in sight
    of the sender or not. The newest 1,000 are kept. Note several in the order of their names: the rows stay locked.
    """
    is_fitted = sa.exists().where(Tracker.device_uid == device_uid)
    if not rules.is_device_uid(device_uid) or session.scalar(sa.select(is_fitted)):
        return 0
    noted = insert(UnknownDevice).values(
        device_uid=device_uid,
        source=source,
        first_seen_at=at,
        last_seen_at=at,
        address=address and address[:_ADDRESS_LENGTH],
    )
    count = session.execute(
        noted.on_conflict_do_update(
            index_elements=[UnknownDevice.device_uid, UnknownDevice.source],
            set_={
                "last_seen_at": sa.func.greatest(UnknownDevice.last_seen_at, noted.excluded.last_seen_at),
                "seen_count": UnknownDevice.seen_count + 1,
                "address": noted.excluded.address,
            },
        ).returning(UnknownDevice.seen_count)
    ).scalar_one()
    if count == 1:
        _drop_oldest(session)
    return count


@needs("vehicles:claim_device")
def forget_unknown_device(session: Writer, *, actor: Actor, at: datetime, device_uid: str, source: str) -> None:
    """Take a device off the list of those that wait; it comes back when it reports again. Raises NotFound."""
    waiting = session.get(UnknownDevice, (device_uid, source), with_for_update=True)
    if waiting is None:
        raise NotFound(f"No device {device_uid} of {source} waits to be claimed. Load the list again.")
    session.delete(waiting)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="vehicles.unknown_device_forgotten",
        subject=("device", device_uid),
        source=source,
    )


def _drop_oldest(session: Writer) -> None:
    """Keep the newest; what another transaction is just noting is not old, and is not waited for."""
    old = (
        sa.select(UnknownDevice.device_uid, UnknownDevice.source)
        .order_by(UnknownDevice.last_seen_at.desc(), UnknownDevice.device_uid, UnknownDevice.source)
        .offset(KEPT)
        .with_for_update(skip_locked=True)
    )
    session.execute(sa.delete(UnknownDevice).where(_KEY.in_(old)).execution_options(synchronize_session=False))
