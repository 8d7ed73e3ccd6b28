"""What can be wrong with what a device sent."""

from __future__ import annotations

from enum import Enum


class Fault(Enum):
    """The part of a record that is wrong. `answers.py` knows how each packet type says it."""

    STRUCTURE = "structure"
    TIME = "time"
    COORDINATES = "coordinates"
    MOTION = "speed, course or height"
    FIX = "satellites or hdop"
    BITS = "inputs or outputs"
    ADC = "adc"
    PARAMS = "params"
    CHECKSUM = "checksum"


class Malformed(Exception):
    """One record is wrong; the frames after it can still be read."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
