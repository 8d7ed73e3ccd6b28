"""The verbs by which somebody goes on in their life as a driver."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.drivers.models import Assignment, Driver
from core.drivers.models.lives import Stage
from core.drivers.queries import admissions
from core.drivers.rules import lives as rules
from core.drivers.schemas.profiles import StageStep
from core.drivers.service.records import is_self, lock_driver, write_step
from core.errors import Conflict, Invalid, check_version
from core.permissions import Actor, needs


@needs("drivers:verify")
def take_step(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver_id: int,
    step: StageStep,
    versions: Collection[int] | None = None,
) -> int:
    """Take somebody on to another stage; returns the id of the change.

    Raises Invalid for a step or a reason there is not, Conflict with all that is in the way of becoming active, for
    who would leave with a vehicle, and for oneself.
    """
    driver = lock_driver(session, actor=actor, driver_id=driver_id, permission="drivers:verify")
    check_version(driver.version, versions)
    if is_self(driver, actor):
        raise Conflict("Nobody decides about themselves. Ask a colleague.", driver_id=driver_id)
    if problems := rules.step_problems(driver.stage, step.stage, step.reason, step.words):
        raise Invalid(f"Nothing was changed. {' '.join(problems.values())}", fields=problems)
    if step.stage is Stage.ACTIVE:
        _check_ready(session, driver, actor=actor, at=at)
    if step.stage is Stage.LEFT:
        _check_no_vehicle(session, driver, at=at)
    return write_step(
        session, actor=actor, at=at, driver=driver, to=step.stage, reason=step.reason, words=step.words.strip()
    )


def _check_ready(session: Writer, driver: Driver, *, actor: Actor, at: datetime) -> None:
    reader = session.connection()
    obstacles = admissions.list_obstacles(reader, viewer=actor, driver_id=driver.id, at=at)
    if obstacles:
        raise Conflict(f"Not ready to drive yet. {' '.join(obstacles)}", driver_id=driver.id, obstacles=obstacles)


def _check_no_vehicle(session: Writer, driver: Driver, *, at: datetime) -> None:
    has = session.scalar(
        sa.select(Assignment.vehicle_id).where(Assignment.driver_id == driver.id, Assignment.during.contains(at))
    )
    if has is not None:
        raise Conflict(
            f"Driver {driver.id} still has vehicle {has}. End that assignment first.",
            driver_id=driver.id,
            vehicle_id=has,
        )
