"""Whether a driver may drive, worked out of the facts about them: reasons, ways back, and when time changes it."""

from core.access.rules.standing.grounds import Reason, read_reasons
from core.access.rules.standing.judging import STANDING_VERSION, Before, Standing, judge
from core.access.rules.standing.known import Debt, Facts, Hold, Lift

__all__ = [
    "STANDING_VERSION",
    "Before",
    "Debt",
    "Facts",
    "Hold",
    "Lift",
    "Reason",
    "Standing",
    "judge",
    "read_reasons",
]
