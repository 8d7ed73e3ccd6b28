"""Every write about locking and releasing: the orders, and each step of carrying them out."""

from core.access.service.claims import Claim, own_readings
from core.access.service.orders import cancel, immobilize, release
from core.access.service.steps import begin_attempt, claim_open_jobs, conclude, note_waiting, record_answer

__all__ = [
    "Claim",
    "begin_attempt",
    "cancel",
    "claim_open_jobs",
    "conclude",
    "immobilize",
    "note_waiting",
    "own_readings",
    "record_answer",
    "release",
]
