"""How an incident goes on, and what its file still lacks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.events.models import IncidentState
from core.events.schemas import IncidentSeverity, IncidentType

S = IncidentState
# Forward step by step; back to review from a decision or after closing, when something new is known.
NEXT: dict[IncidentState, tuple[IncidentState, ...]] = {
    S.REPORTED: (S.UNDER_REVIEW,),
    S.UNDER_REVIEW: (S.DECIDED,),
    S.DECIDED: (S.CLOSED, S.UNDER_REVIEW),
    S.CLOSED: (S.UNDER_REVIEW,),
}
WORDS = {
    S.REPORTED: "reported",
    S.UNDER_REVIEW: "under review",
    S.DECIDED: "decided",
    S.CLOSED: "closed",
}


@dataclass(frozen=True, slots=True)
class FileState:
    """What is in the file of an incident, counted."""

    what: IncidentType
    severity: IncidentSeverity
    injured_count: int
    photo_count: int
    cost_count: int
    share_count: int
    fault_pct: int
    party_count: int
    has_police_number: bool
    has_claim_number: bool


def list_missing(file: FileState) -> list[str]:
    """The codes of what the file still lacks, as `TASKS` words them."""
    wanted = {
        "photos": file.photo_count == 0 and file.what is not IncidentType.BREAKDOWN,
        "police_number": not file.has_police_number and _is_for_police(file),
        "third_party": file.party_count == 0 and file.what is IncidentType.COLLISION,
        "responsible": file.share_count == 0,
        "costs": file.cost_count == 0,
        "claim_number": not file.has_claim_number and file.severity is not IncidentSeverity.MINOR,
    }
    return [code for code, is_missing in wanted.items() if is_missing]


TASKS = {
    "photos": "Add photos of the damage",
    "police_number": "Enter the number that the police gave it",
    "third_party": "Add who else was involved",
    "responsible": "Say who answers for it, and for how much",
    "costs": "Add what it costs",
    "claim_number": "Enter the number of the insurance claim",
}
# Without these nothing is decided; the others may follow until it is closed, or never come.
NEEDED: dict[IncidentState, frozenset[str]] = {
    S.DECIDED: frozenset({"responsible"}),
    S.CLOSED: frozenset({"responsible", "costs", "police_number"}),
}


def find_obstacle(now: IncidentState, to: IncidentState, missing: Collection[str]) -> str | None:
    """Why an incident cannot go on to a state, in words; None when it can."""
    if to not in NEXT[now]:
        further = " or ".join(WORDS[one] for one in NEXT[now])
        return f"It is {WORDS[now]}; from there it goes to {further}."
    lacking = [TASKS[code] for code in missing if code in NEEDED.get(to, frozenset())]
    if lacking:
        return f"Before it is {WORDS[to]}: {'; '.join(lacking).lower()}."
    return None


def shares_problem(pcts: Collection[int]) -> str | None:
    """What is wrong with shares of the fault, in words."""
    return f"The shares make {sum(pcts)} %. Together they are at most 100 %." if sum(pcts) > 100 else None


def _is_for_police(file: FileState) -> bool:
    crimes = {IncidentType.THEFT, IncidentType.VANDALISM}
    return file.what in crimes or file.injured_count > 0 or file.severity is IncidentSeverity.SEVERE
