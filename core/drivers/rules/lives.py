"""Which steps a life as a driver has, for which reasons, and what keeps somebody from the next one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.drivers.models.lives import Stage, StageReason

_NOT_TAKEN = frozenset(
    {
        StageReason.NO_LICENCE,
        StageReason.UNDER_AGE,
        StageReason.PAPERS_WRONG,
        StageReason.PAPERS_LATE,
        StageReason.BACKGROUND,
        StageReason.INSURER_DECLINED,
        StageReason.NO_VEHICLE,
        StageReason.OTHER,
    }
)
# From where to where, and the reasons that may be given for it.
STEPS: dict[tuple[Stage, Stage], frozenset[StageReason]] = {
    (Stage.APPLIED, Stage.VERIFYING): frozenset({StageReason.TAKEN_UP}),
    (Stage.APPLIED, Stage.REFUSED): _NOT_TAKEN,
    (Stage.APPLIED, Stage.LEFT): frozenset({StageReason.WITHDREW}),
    (Stage.VERIFYING, Stage.ACTIVE): frozenset({StageReason.VERIFIED}),
    (Stage.VERIFYING, Stage.REFUSED): _NOT_TAKEN,
    (Stage.VERIFYING, Stage.LEFT): frozenset({StageReason.WITHDREW}),
    (Stage.ACTIVE, Stage.LEFT): frozenset(
        {StageReason.RESIGNED, StageReason.DISMISSED, StageReason.MOVED, StageReason.OTHER}
    ),
    (Stage.LEFT, Stage.VERIFYING): frozenset({StageReason.CAME_BACK}),
    (Stage.REFUSED, Stage.VERIFYING): frozenset({StageReason.RECONSIDERED}),
}
REASONS: dict[StageReason, str] = {
    StageReason.APPLIED: "Applied by the park's link",
    StageReason.REGISTERED: "Added by the office",
    StageReason.IMPORTED: "Added from a file",
    StageReason.TAKEN_UP: "The office looks into it",
    StageReason.VERIFIED: "All that is asked for was accepted",
    StageReason.RECONSIDERED: "Looked into again",
    StageReason.CAME_BACK: "Wants to drive again",
    StageReason.NO_LICENCE: "No licence for these vehicles",
    StageReason.UNDER_AGE: "Too young",
    StageReason.PAPERS_WRONG: "Documents that are not right",
    StageReason.PAPERS_LATE: "Documents that never came",
    StageReason.BACKGROUND: "The background check",
    StageReason.INSURER_DECLINED: "The insurer declined",
    StageReason.NO_VEHICLE: "No vehicle is free",
    StageReason.WITHDREW: "Withdrew the application",
    StageReason.RESIGNED: "Left by their own wish",
    StageReason.DISMISSED: "Dismissed",
    StageReason.MOVED: "Went to another park",
    StageReason.OTHER: "Something else",
}
# Reasons that say nothing by themselves.
NEED_WORDS = frozenset({StageReason.OTHER, StageReason.DISMISSED})


def list_next(stage: Stage) -> list[Stage]:
    """The stages one can go on to."""
    return [to for (origin, to) in STEPS if origin is stage]


def list_reasons(stage: Stage, to: Stage) -> list[StageReason]:
    """The reasons for a step, in the order of their list; none when there is no such step."""
    return [reason for reason in REASONS if reason in STEPS.get((stage, to), frozenset())]


def step_problems(stage: Stage, to: Stage, reason: StageReason, words: str) -> dict[str, str]:
    """What speaks against a step as it was asked for, by field; nothing when it may be taken."""
    allowed = STEPS.get((stage, to))
    if allowed is None:
        nexts = " or ".join(list_next(stage))
        return {"stage": f"From {stage}, one goes on to {nexts}, not to {to}."}
    if reason not in allowed:
        return {"reason": f"Give one of: {', '.join(list_reasons(stage, to))}."}
    if reason in NEED_WORDS and not words.strip():
        return {"words": "Say in words what the reason is."}
    return {}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What becoming active is decided by. `today` is the park's; `accepted` and `required` are kinds of documents."""

    required: frozenset[str]
    accepted: frozenset[str]
    birth_date: date | None
    least_age_years: int
    licence_valid_until: date | None
    today: date


def list_obstacles(one: Candidate, names: dict[str, str]) -> list[str]:
    """What is still in the way of becoming active, in words; `names` are what kinds of documents are called."""
    lacking = [kind for kind in names if kind in one.required - one.accepted]
    obstacles = [f"The {names[kind]} has not been accepted." for kind in lacking]
    if one.birth_date is not None and compute_age(one.birth_date, one.today) < one.least_age_years:
        obstacles.append(f"Drivers of this park are {one.least_age_years} or older.")
    if one.licence_valid_until is not None and one.licence_valid_until < one.today:
        obstacles.append("The licence has expired.")
    return obstacles


def compute_age(birth_date: date, today: date) -> int:
    """Whole years. Who was born on 29 February is a year older on 1 March in other years."""
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)
