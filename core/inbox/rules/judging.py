"""What becomes of an item, by what its source says and by what is known of it."""

from __future__ import annotations

import enum
from datetime import datetime

from core.inbox.rules.catalog import KINDS, Severity
from core.inbox.rules.claims import Claim, ClosedWhy, ItemState, Known, Said
from core.inbox.rules.reminders import SEVERITIES, stage_of


class Verdict(enum.StrEnum):
    """What becomes of an item. `again`: it happened once more; `changed`: what is known of it is other than before."""

    OPENED = "opened"
    REOPENED = "reopened"
    LOUDER = "louder"
    AGAIN = "again"
    CHANGED = "changed"
    CLOSED = "closed"


def judge(known: Known | None, claim: Claim, *, at: datetime) -> Verdict | None:
    """What becomes of the item of this claim; None: nothing, for nothing is new."""
    if known is None:
        return Verdict.OPENED
    if known.state is ItemState.CLOSED:
        return Verdict.REOPENED if _comes_back(known, claim, at) else None
    if _is_louder(known, claim):
        return Verdict.LOUDER
    if _is_newer(known, claim):
        return Verdict.AGAIN
    return None if _is_same(known, claim) else Verdict.CHANGED


def is_gone(known: Known, said: Said) -> bool:
    """Whether an item that the source does not speak of any more is to be closed: not what is older than it tells."""
    if known.state is ItemState.CLOSED:
        return False
    return said.since is None or known.happened_at is None or known.happened_at >= said.since


def severity_of(claim: Claim) -> Severity:
    """How loud a claim is: what runs out, by how soon that is."""
    stage = find_stage(claim)
    if stage is not None:
        return SEVERITIES[stage]
    return claim.severity or KINDS[claim.kind].severity


def find_stage(claim: Claim) -> int | None:
    """The stage of the reminder; None for what does not run out."""
    return None if claim.days_left is None else stage_of(claim.days_left)


def _comes_back(known: Known, claim: Claim, at: datetime) -> bool:
    """What went away by itself comes back as soon as it is there again; what a person closed, when it happens anew."""
    is_louder = _is_louder(known, claim)
    is_new = known.closed_why is ClosedWhy.GONE or is_louder or _is_newer(known, claim)
    quiet_until = known.closed_at + KINDS[claim.kind].quiet_for if known.closed_at is not None else at
    return is_new and (is_louder or at >= quiet_until)


def _is_louder(known: Known, claim: Claim) -> bool:
    """Louder than before, or the next reminder of the same last day."""
    stage = find_stage(claim)
    if stage is not None and known.stage is not None:
        return stage < known.stage
    return severity_of(claim) > known.severity


def _is_newer(known: Known, claim: Claim) -> bool:
    if claim.happened_at is None:
        return False
    return known.happened_at is None or claim.happened_at > known.happened_at


def _is_same(known: Known, claim: Claim) -> bool:
    return (
        (known.severity, known.stage, known.happened_at, known.due_on)
        == (severity_of(claim), find_stage(claim), claim.happened_at, claim.due_on)
        and (known.park_id, known.vehicle_id, known.driver_id) == (claim.park_id, claim.vehicle_id, claim.driver_id)
        and dict(known.detail) == dict(claim.detail)
    )
