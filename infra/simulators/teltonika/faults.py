"""How a tracker can be told to misbehave."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Misbehaviour of one tracker, or of all. The plain value behaves well.

    drop            share of commands (0 to 1) that it never hears of
    delay_s         seconds before it does as told, and answers
    answer_delay_s  seconds between doing and answering
    silent          does as told, and does not answer
    lie             answers that it did, but the relay never moves
    double          does everything twice, and answers twice
    die             cuts the connection on a command, before it did anything
    die_after       cuts the connection on a command, after it did as told, before the answer
    queue           keeps a command with a speed limit for later, however slow it is, until it is told to behave
    disabled        is not set up to switch outputs
    offline         its radio is out of reach
    """

    drop: float = 0.0
    delay_s: float = 0.0
    answer_delay_s: float = 0.0
    silent: bool = False
    lie: bool = False
    double: bool = False
    die: bool = False
    die_after: bool = False
    queue: bool = False
    disabled: bool = False
    offline: bool = False
