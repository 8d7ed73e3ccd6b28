"""Every write about ratings, feedback and appeals."""

from core.ratings.service.appeals import decide_appeal, escalate_appeal, hand_in_appeal, withdraw_appeal
from core.ratings.service.feedback import give_feedback, release_feedback, withdraw_feedback
from core.ratings.service.ratings import rate_driver

__all__ = [
    "decide_appeal",
    "escalate_appeal",
    "give_feedback",
    "hand_in_appeal",
    "rate_driver",
    "release_feedback",
    "withdraw_appeal",
    "withdraw_feedback",
]
