"""What became of a replay."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Report:
    """What was sent and what became of it. It adds up when sent = stored + duplicates + refused."""

    sent: int
    vehicles: int
    anchor: datetime
    took_s: float
    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every point sent is accounted for."""
        return self.sent == self.stored + self.duplicates + self.refused

    def text(self) -> str:
        """The report for a person."""
        reasons = ", ".join(f"{rule} {count}" for rule, count in self.rules.most_common()) or "none"
        answers = ", ".join(f"{answer} {count}" for answer, count in self.answers.most_common())
        accounted = self.stored + self.duplicates + self.refused
        return (
            f"sent {self.sent} points of {self.vehicles} vehicles in {self.took_s:.1f} s\n"
            f"stored {self.stored} + duplicates {self.duplicates} + refused {self.refused} "
            f"= {accounted}: {'all there' if self.adds_up else 'POINTS ARE MISSING'}\n"
            f"refused by rule: {reasons}\n"
            f"answers: {answers}\n"
            f"to send the very same points again: --anchor {self.anchor:%Y-%m-%dT%H:%M:%S}"
        )
