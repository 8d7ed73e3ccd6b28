"""The program that dies: it gives an order as the web does, or carries orders out as a worker, by counted steps.

    python -m infra.proofs.deaths.program order|work  PLAN

PLAN is the path of a JSON file with the fields of `Plan`.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from pathlib import Path

import msgspec

from core import clock, config, db
from core.access import delivery, service
from core.access.gateway import open_roads
from core.access.schemas import ImmobilizationOrder, OrderKind, Reason
from core.db import Database
from core.permissions import ADMIN, Actor
from infra.proofs.deaths.steps import CountedRoad, Steps, Verbs, counted

FIRST = Actor("user", 1, "First person", roles=frozenset({ADMIN}), parks=None)
SECOND = Actor("user", 2, "Second person", roles=frozenset({ADMIN}), parks=None)


class Plan(msgspec.Struct, frozen=True):
    """What is done, for which vehicle, and at which step (0: none) who dies. `dies` are processes; none: the program
    itself.
    """

    vehicle_id: int
    kind: OrderKind
    deadly: int
    dies: tuple[int, ...]
    journal: str


def main() -> None:
    """Do it; ends by itself only when nobody dies."""
    what, path = sys.argv[1:]
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    steps = Steps(Path(plan.journal), plan.deadly, plan.dies or (os.getpid(),))
    database = db.current()
    if what == "order":
        order(database, plan, steps)
    else:
        work(database, steps)


def order(database: Database, plan: Plan, steps: Steps) -> uuid.UUID:
    """Order it and, where that is asked for, approve it as a second person."""
    verbs = Verbs(service)
    transaction = counted(database.transaction, verbs, steps)
    settings = config.current()
    job_id: uuid.UUID
    with transaction() as session:
        if plan.kind is OrderKind.RELEASE:
            job_id = verbs.release(
                session, actor=FIRST, at=clock.now(), vehicle_id=plan.vehicle_id, timing=settings.access
            )
            return job_id
        job_id = verbs.immobilize(
            session,
            actor=FIRST,
            at=clock.now(),
            vehicle_id=plan.vehicle_id,
            order=ImmobilizationOrder(reason=Reason.SAFETY_LOCKDOWN, note="A proof."),
            timing=settings.access,
            limits=settings.access_limits,
        )
    with transaction() as session:
        verbs.approve(
            session,
            actor=SECOND,
            at=clock.now(),
            vehicle_id=plan.vehicle_id,
            job_id=job_id,
            timing=settings.access,
        )
    return job_id


def approve(database: Database, *, vehicle_id: int, job_id: uuid.UUID) -> None:
    """Approve an order that whoever gave it did not live to see approved."""
    with database.transaction() as session:
        service.approve(
            session,
            actor=SECOND,
            at=clock.now(),
            vehicle_id=vehicle_id,
            job_id=job_id,
            timing=config.current().access,
        )


def work(database: Database, steps: Steps) -> None:
    """Carry orders out until killed. A database that is away is waited for, as the worker does."""
    verbs = Verbs(service)
    setattr(delivery, "service", verbs)  # noqa: B010 - the one seam: what is proved is the real program
    settings = config.current()
    roads = {method: CountedRoad(road, steps) for method, road in open_roads(settings, database).items()}
    hands = delivery.Delivery(
        counted(database.transaction, verbs, steps),
        roads,
        clock.now,
        settings.access,
        settings.access_limits,
        uuid.uuid4().hex,
    )
    while True:
        try:
            hands.run_until_idle()
        except Exception as problem:
            print(f"trying again: {problem!r}", file=sys.stderr)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
