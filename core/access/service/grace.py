"""The grace of a lock that the driver must be warned of: each warning begun, seen to have been told, and waited for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import outbox
from core.access.models import Channel, JobState, Notice
from core.access.models import ImmobilizationJob as Job
from core.access.rules import FairnessInputs, find_due, find_objection, say_warning
from core.access.rules.notices import Due
from core.access.service.arming import TELL_WITHIN, arm
from core.access.service.fairness import read_fairness
from core.access.service.held import hold_orders
from core.access.service.verdict import finish, tell
from core.config import AccessTiming
from core.db import Writer
from core.drivers.models import Driver
from core.identity import service as identity
from core.identity.service import Post
from core.permissions import Actor, needs, system
from core.vehicles.models import Tracker, Vehicle

LETTERS = system("access notices", "identity:maintain")
# A letter's fate is looked at so often; whether the lock is still fair, at least so often.
LETTER_EVERY, LOOK_EVERY = timedelta(seconds=10), timedelta(minutes=10)
SUBJECT = "Your vehicle is going to be immobilized"


@needs("access:advance")
def advance_order(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, job_id: uuid.UUID, timing: AccessTiming, post: Post
) -> None:
    """Move an order on whose time has come: give it up, begin a warning, take note of letters, or arm it.

    Done twice, it is done once.
    """
    hold_orders(session, vehicle_id)
    job = session.get_one(Job, job_id, with_for_update=True)
    if job.state is JobState.REQUESTED and at >= job.expires_at:
        words = "Nobody approved it in time. No command was sent. Order it again, and tell who may approve it."
        finish(session, job, actor=actor, at=at, state=JobState.EXPIRED, verdict=words)
    elif job.state is JobState.NOTIFIED:
        _advance_notified(session, job, actor=actor, at=at, timing=timing, post=post)


def _advance_notified(
    session: Writer, job: Job, *, actor: Actor, at: datetime, timing: AccessTiming, post: Post
) -> None:
    _note_letters(session, job, actor=actor, at=at)
    fairness = _read(session, job, at)
    if fairness is None:
        words = "No longer: the vehicle has no device any more that could lock it."
        finish(session, job, actor=actor, at=at, state=JobState.CANCELLED, verdict=words)
        return
    if (objection := find_objection(fairness, at=at)) is not None:
        finish(session, job, actor=actor, at=at, state=JobState.CANCELLED, verdict=f"No longer: {objection}")
        return
    due = find_due(fairness.warnings, fairness.told, since=job.approved_at or job.ordered_at)
    if due is not None and at >= job.expires_at:
        words = (
            f"The driver could not be warned within {TELL_WITHIN.days} days, so nothing was locked. Reach them first."
        )
        finish(session, job, actor=actor, at=at, state=JobState.EXPIRED, verdict=words)
    elif due is None:
        _wait_out(session, job, fairness, actor=actor, at=at, timing=timing)
    elif at < due.at:
        _wait(session, job, at, f"the time of warning {due.number}: {_moment(due.at)}", look_at=due.at)
    else:
        _warn(session, job, fairness, due, actor=actor, at=at, post=post)


def _wait_out(
    session: Writer, job: Job, fairness: FairnessInputs, *, actor: Actor, at: datetime, timing: AccessTiming
) -> None:
    """All is told: from the end of the grace on, it may leave as soon as it is safe."""
    end = fairness.grace_end or at
    if at < end:
        job.not_before, job.expires_at = end, end + TELL_WITHIN
        _wait(session, job, at, f"the grace to end at {_moment(end)}", look_at=end)
        return
    arm(session, job, actor=actor, at=at, timing=timing)
    job.look_at, job.not_before = None, end
    # Like a new order: whoever carries orders out is woken.
    outbox.publish(session, "access.job_ordered", at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)


def _warn(
    session: Writer, job: Job, fairness: FairnessInputs, due: Due, *, actor: Actor, at: datetime, post: Post
) -> None:
    """Begin the warning on every channel by which the product can tell it; wait until enough of them have."""
    warning = fairness.warnings[due.number - 1]
    if not _is_begun(session, job, due.number):
        job.expires_at = at + TELL_WITHIN
        words = say_warning(fairness, number=due.number, at=at)
        letter_id = _write_letter(session, job, words, at=at, post=post)
        _begin(session, job, due.number, Channel.APP, words, at=at)
        if letter_id is not None:
            _begin(session, job, due.number, Channel.EMAIL, words, at=at, letter_id=letter_id)
        tell(session, job, actor=actor, at=at, action="warning_begun", warning=due.number, letter_id=letter_id)
    told = session.scalar(
        sa.select(sa.func.count()).where(
            Notice.job_id == job.id, Notice.warning == due.number, Notice.told_at.is_not(None)
        )
    )
    missing = warning.channels - (told or 0)
    count = f"warning {due.number} of {len(fairness.warnings)}"
    ways = "one more way" if missing == 1 else f"{missing} ways"
    _wait(session, job, at, f"the driver to be told {count} in {ways}: by their page, by letter, or by a call")


def _read(session: Writer, job: Job, at: datetime) -> FairnessInputs | None:
    device_uid = session.scalar(sa.select(Tracker.device_uid).where(Tracker.vehicle_id == job.vehicle_id))
    if device_uid is None:
        return None
    session.flush()
    return read_fairness(session, [job], device_uids={job.vehicle_id: device_uid}, at=at, hold_debts=True)[job.id]


def _wait(session: Writer, job: Job, at: datetime, words: str, *, look_at: datetime | None = None) -> None:
    job.look_at = min(look_at or at + LETTER_EVERY, at + LOOK_EVERY, job.expires_at)
    if job.waiting_for != words:
        job.waiting_for = words
        outbox.publish(session, "access.job_changed", at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)


def _is_begun(session: Writer, job: Job, number: int) -> bool:
    begun = sa.exists().where(Notice.job_id == job.id, Notice.warning == number, Notice.channel == Channel.APP)
    return bool(session.scalar(sa.select(begun)))


def _begin(
    session: Writer,
    job: Job,
    number: int,
    channel: Channel,
    words: str,
    *,
    at: datetime,
    letter_id: int | None = None,
) -> None:
    new = insert(Notice).values(
        job_id=job.id,
        driver_id=job.driver_id,
        warning=number,
        channel=channel,
        words=words,
        begun_at=at,
        letter_id=letter_id,
    )
    session.execute(new.on_conflict_do_nothing())


def _write_letter(session: Writer, job: Job, words: str, *, at: datetime, post: Post) -> int | None:
    """The letter that tells it; None when the driver has no account, or there is no mail server."""
    user_id = session.scalar(sa.select(Driver.user_id).where(Driver.id == job.driver_id))
    if user_id is None:
        return None
    name = session.scalar(sa.select(Vehicle.name).where(Vehicle.id == job.vehicle_id))
    return identity.write_letter(
        session,
        actor=LETTERS,
        at=at,
        user_id=user_id,
        subject=SUBJECT,
        text=f"It is about the vehicle {name}.\n\n{words}\n\nWhat you can do, and how to start it in an emergency: "
        f"{post.base_url}/driver/",
        post=post,
    )


def _note_letters(session: Writer, job: Job, *, actor: Actor, at: datetime) -> None:
    """Take note of the letters that the mail server has taken, and of those that never left."""
    waiting: Sequence[Notice] = session.scalars(
        sa.select(Notice).where(
            Notice.job_id == job.id,
            Notice.letter_id.is_not(None),
            Notice.told_at.is_(None),
            Notice.problem.is_(None),
        )
    ).all()
    for notice in waiting:
        fate = identity.find_letter_fate(session, actor=LETTERS, at=at, letter_id=notice.letter_id or 0)
        if fate is None:
            continue
        notice.told_at, notice.problem = fate.sent_at, fate.problem
        notice.told_by = None if fate.sent_at is None else "the mail server, which took the letter"
        action = "warning_told" if fate.sent_at is not None else "warning_not_told"
        tell(
            session,
            job,
            actor=actor,
            at=at,
            action=action,
            warning=notice.warning,
            channel="email",
            problem=fate.problem,
        )
    session.flush()


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
