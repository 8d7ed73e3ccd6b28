"""Taking a vehicle over and giving it back, on the driver's phone."""

from __future__ import annotations

from portals.driver import bp
from portals.handovers import serve_handovers

serve_handovers(bp, "driver/handover.html", prefix="/handover")
