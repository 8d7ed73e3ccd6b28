"""Every write about locking and releasing: the orders, their approval, and each step of carrying them out."""

from core.access.service.approvals import approve, decline, review
from core.access.service.claims import Claim, own_readings
from core.access.service.debts import note_debt
from core.access.service.device_commands import (
    TakenCommand,
    answer_command,
    forget_questions,
    put_command,
    take_commands,
    withdraw_command,
)
from core.access.service.emergency import make_codes, make_own_codes, start_in_emergency
from core.access.service.grace import advance_order
from core.access.service.holding import hold, lift
from core.access.service.holds import hold_driver, lift_hold
from core.access.service.jurisdictions import set_park_law, write_law
from core.access.service.notices import note_called, note_read
from core.access.service.orders import cancel, immobilize, release
from core.access.service.standings import judge_driver, note_driver_fact, withdraw_driver_fact
from core.access.service.steps import begin_attempt, claim_open_jobs, conclude, note_waiting, record_answer
from core.access.service.sweep import watch_share

__all__ = [
    "Claim",
    "TakenCommand",
    "advance_order",
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
    "make_codes",
    "make_own_codes",
    "note_called",
    "note_debt",
    "note_driver_fact",
    "note_read",
    "note_waiting",
    "own_readings",
    "put_command",
    "record_answer",
    "release",
    "review",
    "set_park_law",
    "start_in_emergency",
    "take_commands",
    "watch_share",
    "withdraw_command",
    "withdraw_driver_fact",
    "write_law",
]
