"""What telemetry derives from its own points, in the order in which it is asked. A further one is a line here."""

from __future__ import annotations

from core.telemetry.rules.detector import Detector
from core.telemetry.rules.mileage import MileageFusion
from core.telemetry.rules.periods import Periods
from core.telemetry.rules.trips import Trips

DERIVATIONS: tuple[type[Detector], ...] = (Trips, Periods, MileageFusion)
