"""Teltonika's words: how a relay is switched, what a device's answer means, how it tells of its outputs.

Pure. Source: Teltonika Telematics Wiki: "FMB setdigout", "FMB setigndigout", "SMS/GPRS command - setdigout" (FT and AT
families), "FMB getio".
"""

from __future__ import annotations

import enum
import re

from core.access.gateway.road import Relay
from core.access.models import OrderKind

OUTPUTS = 4
# The device's own guard behind ours: it does not lock while it measures more than this. Receivers that stand still
# measure some km/h; at 0 a lock would hang on that.
LOCK_BELOW_KMH = 5
READ_OUTPUTS = "getio"

_PART = re.compile(r"DOUT([0-9]*)", re.IGNORECASE)
_STATE = re.compile(r"\s*:\s*(ON|OFF|[01])\b", re.IGNORECASE)
_ON = {"1": True, "ON": True, "0": False, "OFF": False}
# Not DOUT: the late answer to a setdigout must not pass for a look at the outputs.
_OUTPUT = re.compile(r"\bDO([0-9]):([01])\b", re.IGNORECASE)


class Said(enum.Enum):
    """What an answer to setdigout says.

    DONE: the output is as told, in the device's word. QUEUED: the device would do it later, on its own. IGNORED: this
    output was left alone. DISABLED: the device is not set up to switch it. UNCLEAR: anything else.
    """

    DONE = "done"
    QUEUED = "queued"
    IGNORED = "ignored"
    DISABLED = "disabled"
    UNCLEAR = "unclear"


def is_switchable(relay: Relay) -> bool:
    """Whether devices have such an output."""
    return 1 <= relay.output <= OUTPUTS


def switches_on(kind: OrderKind, relay: Relay) -> bool:
    """Whether the relay's output must be on for the order to be carried out."""
    return (kind is OrderKind.IMMOBILIZE) is not relay.inverted


def word_command(kind: OrderKind, relay: Relay) -> str:
    """The command: a lock with the speed above which the device must not do it, a release without any condition.

    `setdigout XY… timeoutX timeoutY… speedX speedY…`, `?` for what is left as it is. No timeout: it lasts.
    """
    left_alone = "?" * (relay.output - 1)
    command = f"setdigout {left_alone}{int(switches_on(kind, relay))}"
    if kind is OrderKind.RELEASE:
        return command
    return " ".join([command, *"?" * relay.output, *left_alone, str(LOCK_BELOW_KMH)])


def read_answer(answer: str, kind: OrderKind, relay: Relay) -> Said:
    """What the device's answer to that command says. Whatever speaks of a queue is queued, wherever it says so."""
    if "queued" in answer.lower():
        return Said.QUEUED
    for number, words in _parts(answer):
        if number == str(relay.output) and "ignored" in words.lower():
            return Said.IGNORED
        if number in {str(relay.output), ""} and "disabled" in words.lower():
            return Said.DISABLED
        state = _STATE.match(words)
        if number == str(relay.output) and state is not None:
            return Said.DONE if _ON[state[1].upper()] is switches_on(kind, relay) else Said.UNCLEAR
    return Said.UNCLEAR


def read_output(answer: str, output: int) -> bool | None:
    """Whether an answer to getio says that the output is on; None when it does not tell of it, or tells both."""
    told = {state == "1" for number, state in _OUTPUT.findall(answer) if int(number) == output}
    return told.pop() if len(told) == 1 else None


def _parts(answer: str) -> list[tuple[str, str]]:
    """The answer in parts, one for each output it names: the number, and what follows up to the next."""
    _, *found = _PART.split(answer)
    return list(zip(found[::2], found[1::2], strict=True))
