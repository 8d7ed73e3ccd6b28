"""Drivers of one park say what they think of each other, and nobody can tell who said what.

The audit says that somebody gave feedback, not about whom: with the moment of it, it would tell.
"""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Invalid, NotFound
from core.permissions import Actor, needs
from core.ratings.models import Feedback, FeedbackBatch
from core.ratings.queries.feedback import FIELD, current_period
from core.ratings.rules.releasing import Given, release
from core.ratings.schemas import NewFeedback


@needs("ratings:give_feedback")
def give_feedback(session: Writer, *, actor: Actor, at: datetime, new: NewFeedback) -> None:
    """Say what one thinks of a colleague this period; said again, it replaces what was said.

    Raises NotFound for who is no colleague, Invalid for oneself.
    """
    rater = _own(session, actor)
    about = session.get(Driver, new.driver_id)
    if about is None or about.park_id != rater.park_id or about.name_sealed is None:
        raise NotFound(f"There is no colleague {new.driver_id} in your park.")
    if about.id == rater.id:
        raise Invalid("The feedback was not kept.", fields={"driver_id": "Choose a colleague, not yourself."})
    words = new.words.strip()
    sealed = vault.seal_text(session, key_id=about.key_id, field=FIELD, text=words) if words else None
    said = {"score": new.score, "words_sealed": sealed}
    key = {
        "rater_id": rater.id,
        "driver_id": about.id,
        "period": current_period(session.connection(), park_id=rater.park_id, at=at),
    }
    session.execute(insert(Feedback).values(**key, **said).on_conflict_do_update(index_elements=list(key), set_=said))
    audit.record(session, actor=actor, at=at, action="ratings.feedback_given", subject=("driver", rater.id))


@needs("ratings:give_feedback")
def withdraw_feedback(session: Writer, *, actor: Actor, at: datetime, driver_id: int) -> bool:
    """Take back all that one said of a colleague and that waits: it is gone. Returns whether anything waited; what was
    released can no longer be told apart. Raises NotFound for who is no colleague.
    """
    rater = _own(session, actor)
    about = session.get(Driver, driver_id)
    if about is None or about.park_id != rater.park_id:
        raise NotFound(f"There is no colleague {driver_id} in your park.")
    query = sa.delete(Feedback).where(Feedback.rater_id == rater.id, Feedback.driver_id == driver_id)
    if not session.scalars(query.returning(Feedback.id)).all():
        return False
    audit.record(session, actor=actor, at=at, action="ratings.feedback_withdrawn", subject=("driver", rater.id))
    return True


@needs("ratings:compute")
def release_feedback(session: Writer, *, actor: Actor, at: datetime, driver_id: int) -> bool:
    """Release what waits about a driver of past periods, once it is of enough raters; returns whether it was.

    What is released is deleted piece by piece: mean, number of raters and their words in a chance order stay.
    """
    driver = session.get(Driver, driver_id, with_for_update={"key_share": True})
    if driver is None:
        raise NotFound(f"There is no driver {driver_id}.")
    before = current_period(session.connection(), park_id=driver.park_id, at=at)
    # Whoever takes theirs back at this moment comes before, and it does not count, or after, and it is released.
    waiting = session.execute(
        sa.select(Feedback.id, Feedback.rater_id, Feedback.period, Feedback.score, Feedback.words_sealed)
        .where(Feedback.driver_id == driver_id)
        .with_for_update()
    ).all()
    batch = release([Given(*row[:4]) for row in waiting], before=before)
    if batch is None:
        return False
    words = [row.words_sealed for row in waiting if row.id in batch.counted and row.words_sealed is not None]
    secrets.SystemRandom().shuffle(words)
    session.execute(sa.delete(Feedback).where(Feedback.id.in_(batch.spent)))
    session.add(
        FeedbackBatch(driver_id=driver_id, before=before, raters=batch.raters, mean=batch.mean, words_sealed=words)
    )
    outbox.publish(session, "ratings.feedback_released", at=at, driver_id=driver_id)
    return True


def _own(session: Writer, actor: Actor) -> Driver:
    driver = session.scalars(sa.select(Driver).where(Driver.user_id == actor.id)).one_or_none()
    if driver is None:
        raise NotFound("Your account is not linked to a driver yet. Ask your park to link it.")
    return driver
