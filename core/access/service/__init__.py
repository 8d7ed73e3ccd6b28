"""Every write about locking and releasing: the orders, their approval, and each step of carrying them out."""

from core.access.service.approvals import (
    approve,
    decline,
    review,
)
from core.access.service.claims import (
    Claim,
    own_readings,
)
from core.access.service.device_commands import (
    TakenCommand,
    answer_command,
    forget_questions,
    put_command,
    take_commands,
    withdraw_command,
)
from core.access.service.holding import (
    hold,
    lift,
)
from core.access.service.holds import (
    hold_driver,
    lift_hold,
)
from core.access.service.orders import (
    cancel,
    immobilize,
    release,
)
from core.access.service.standings import (
    judge_driver,
    note_driver_fact,
    withdraw_driver_fact,
)
from core.access.service.steps import (
    begin_attempt,
    claim_open_jobs,
    conclude,
    note_waiting,
    record_answer,
)

__all__ = [
    "Claim",
    "TakenCommand",
    "answer_command",
    "approve",
    "begin_attempt",
    "cancel",
    "claim_open_jobs",
    "conclude",
    "decline",
    "forget_questions",
    "hold",
    "hold_driver",
    "immobilize",
    "judge_driver",
    "lift",
    "lift_hold",
    "note_driver_fact",
    "note_waiting",
    "own_readings",
    "put_command",
    "record_answer",
    "release",
    "review",
    "take_commands",
    "withdraw_command",
    "withdraw_driver_fact",
]
