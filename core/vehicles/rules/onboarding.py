"""What is to be done until a vehicle is ready for the road, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

StepName = Literal["data", "documents", "photos", "tracker"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whether it is done, and if not, what is missing, in words."""

    name: StepName
    missing: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is there of a vehicle. `missing_documents` and `expired_documents` are kinds, in words, and
    `missing_fields` the names of required fields that are empty.
    """

    has_plate: bool
    has_powertrain: bool
    missing_documents: Sequence[str]
    expired_documents: Sequence[str]
    photo_count: int
    has_tracker: bool
    is_heard: bool
    missing_fields: Sequence[str] = ()


def list_onboarding_steps(progress: Progress) -> list[Step]:
    """The steps in their order, each with what is missing."""
    data = [
        words
        for is_there, words in (
            (progress.has_plate, "The plate is not entered."),
            (progress.has_powertrain, "The powertrain is not known: it decides what a relay may safely interrupt."),
        )
        if not is_there
    ]
    data += [f"{name}: not filled in." for name in progress.missing_fields]
    documents = [f"{kind}: not there yet." for kind in progress.missing_documents]
    documents += [f"{kind}: has expired." for kind in progress.expired_documents]
    photos = [] if progress.photo_count else ["No photo shows the vehicle yet."]
    tracker = []
    if not progress.has_tracker:
        tracker.append("No tracker is fitted: the vehicle does not report and cannot be locked.")
    elif not progress.is_heard:
        tracker.append("The tracker has not been heard yet.")
    return [
        Step("data", tuple(data)),
        Step("documents", tuple(documents)),
        Step("photos", tuple(photos)),
        Step("tracker", tuple(tracker)),
    ]
