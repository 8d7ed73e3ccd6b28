"""What the values of a vehicle's record are called on the pages."""

from __future__ import annotations

from core.vehicles.queries import NOT_KNOWN

STATUSES = {
    "onboarding": "Onboarding",
    "available": "Available",
    "rented": "Rented",
    "in_repair": "In repair",
    "blocked": "Blocked",
    "written_off": "Written off",
}
CLASSES = {"car": "Car", "van": "Van", "truck": "Truck", "bus": "Bus", "motorcycle": "Motorcycle"}
ENGINES = {"ice": "Combustion engine", "hybrid": "Hybrid", "electric": "Electric"}
# Of all vehicles, those nobody told included.
POWERTRAINS = ENGINES | {NOT_KNOWN: "Not known"}
GATEWAYS = {"vialon_relay": "Wialon (vialon_relay)", "traccar_command": "Traccar (traccar_command)"}
REPORTING = {"heard": "Reporting", "silent": "Silent", "none": "No tracker"}
DRIVING = {"driven": "With a driver", "free": "Without a driver"}
