"""Of what the driver was warned before a lock, over which ways, and which ways are missing."""

from __future__ import annotations

from dataclasses import dataclass

from core.access.queries import JobRecord, WarningRecord

# How a driver is told, as the office calls it.
WAYS = {"app": "Their own page", "email": "Letter", "phone": "Call by the office"}


@dataclass(frozen=True, slots=True)
class Telling:
    """One warning: how early and over how many ways the law asks for it, and what became of it so far."""

    number: int
    hours_before: int
    ways_needed: int
    records: tuple[WarningRecord, ...]

    @property
    def told(self) -> tuple[WarningRecord, ...]:
        """The ways by which it has reached the driver."""
        return tuple(record for record in self.records if record.told_at is not None)

    @property
    def ways_missing(self) -> int:
        """How many more ways must tell it until it counts."""
        return max(self.ways_needed - len(self.told), 0)

    @property
    def is_begun(self) -> bool:
        """Whether its telling has begun."""
        return bool(self.records)

    @property
    def state(self) -> str:
        """How it stands, in words."""
        if not self.is_begun:
            return "To come"
        if not self.ways_missing:
            return "Told"
        return "One more way is missing" if self.ways_missing == 1 else f"{self.ways_missing} more ways are missing"


def list_tellings(job: JobRecord | None, records: list[WarningRecord]) -> list[Telling]:
    """Every warning that the law of this order asks for, with what was told of it; none for a release."""
    if job is None or job.decision is None:
        return []
    asked = job.decision["inputs"]["fairness"].get("warnings") or []
    return [
        Telling(
            number,
            warning["hours_before"],
            warning["channels"],
            tuple(record for record in records if record.warning == number),
        )
        for number, warning in enumerate(asked, start=1)
    ]


def find_call_due(job: JobRecord | None, tellings: list[Telling]) -> Telling | None:
    """The warning that the office can tell by a call now: begun, and not called about yet."""
    begun = [telling for telling in tellings if telling.is_begun]
    if job is None or job.state != "notified" or not begun:
        return None
    newest = begun[-1]
    return None if any(record.channel == "phone" for record in newest.records) else newest
