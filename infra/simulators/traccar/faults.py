"""How the server can be told to misbehave."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Misbehaviour of one device, or of all. The plain value behaves well.

    drop              share of commands (0 to 1) that are answered with 200 and then lost
    delay_s           seconds until the command reaches the device
    answer_delay_s    seconds before a command call is answered; the command is under way at once
    hold_s            seconds before a command call is even looked at: what is late is late as a whole
    lie               the device says that it did as told, but the relay never moves
    double            hands each command to the device twice
    silent            the device does as told, and does not say so: no commandResult
    die               cuts the connection before the command was looked at
    die_after_accept  cuts the connection after the command was handed over, before the answer
    queue             answers 202 and keeps the command, whatever noQueue says and though the device is there
    refuse            the body of a 400 that every command is answered with; empty: none
    offline           the device's radio is out of reach, for the server and for the product
    """

    drop: float = 0.0
    delay_s: float = 0.0
    answer_delay_s: float = 0.0
    hold_s: float = 0.0
    lie: bool = False
    double: bool = False
    silent: bool = False
    die: bool = False
    die_after_accept: bool = False
    queue: bool = False
    refuse: str = ""
    offline: bool = False
