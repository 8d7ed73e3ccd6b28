"""How the platform can be told to misbehave."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Misbehaviour of one unit, or of all. The plain value behaves well.

    drop              share of commands (0 to 1) that are accepted and then lost: not logged, not executed
    delay_s           seconds a command waits in the queue although the device is there
    answer_delay_s    seconds before a command call is answered; the command is queued at once
    lie               accepts and logs, but the relay never moves
    double            sends each command to the device twice
    die               cuts the connection before the command was looked at
    die_after_accept  cuts the connection after the command was queued, before the answer
    offline           the unit's radio is out of reach, for the platform and for the product
    """

    drop: float = 0.0
    delay_s: float = 0.0
    answer_delay_s: float = 0.0
    lie: bool = False
    double: bool = False
    die: bool = False
    die_after_accept: bool = False
    offline: bool = False


class Faults:
    """The fault in force for each unit: its own, else the one for all."""

    def __init__(self) -> None:
        self._for_all = Fault()
        self._by_unit: dict[int, Fault] = {}

    def set(self, unit_id: int | None, fault: Fault) -> None:
        """For one unit, or for all of them (None), which then forget their own."""
        if unit_id is None:
            self._for_all = fault
            self._by_unit.clear()
        else:
            self._by_unit[unit_id] = fault

    def of(self, unit_id: int) -> Fault:
        """What this unit suffers from."""
        return self._by_unit.get(unit_id, self._for_all)
