"""The map of a vehicle on which damage is marked: one square for all classes, unfolded.

Thousandths from the left and from the top; the front of the vehicle is to the left. The left side is the strip above,
the right side the strip below, between them the vehicle from above, with its front and its rear beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.vehicles.models import VehicleClass


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a vehicle: its key, what it is called, and where its middle is on the map."""

    key: str
    name: str
    x: int
    y: int


def _both_sides(*parts: tuple[str, str, int, int]) -> tuple[Place, ...]:
    """Parts that are there twice: their place on the strip above, and 720 lower the same on the other side."""
    left = [Place(f"left_{key}", f"Left {name}", x, y) for key, name, x, y in parts]
    right = [Place(f"right_{key}", f"Right {name}", x, y + 720) for key, name, x, y in parts]
    return (*left, *right)


_ENDS = (
    Place("front_bumper", "Front bumper", 90, 500),
    Place("rear_bumper", "Rear bumper", 910, 500),
)
_CAR = (
    *_ENDS,
    Place("bonnet", "Bonnet", 240, 500),
    Place("windscreen", "Windscreen", 370, 500),
    Place("roof", "Roof", 520, 500),
    Place("rear_window", "Rear window", 680, 500),
    Place("boot", "Boot", 790, 500),
    *_both_sides(
        ("front_wing", "front wing", 230, 140),
        ("front_door", "front door", 420, 140),
        ("rear_door", "rear door", 580, 140),
        ("rear_wing", "rear wing", 760, 140),
        ("front_wheel", "front wheel", 280, 200),
        ("rear_wheel", "rear wheel", 720, 200),
        ("mirror", "mirror", 340, 95),
    ),
)
_BOX = (
    *_ENDS,
    Place("windscreen", "Windscreen", 240, 500),
    Place("roof", "Roof", 520, 500),
    Place("rear_doors", "Rear doors", 830, 500),
    *_both_sides(
        ("cab", "front part", 230, 120),
        ("door", "door", 330, 130),
        ("body_front", "body, front half", 480, 110),
        ("body_rear", "body, rear half", 720, 110),
        ("front_wheel", "front wheel", 280, 200),
        ("rear_wheel", "rear wheel", 720, 200),
        ("mirror", "mirror", 250, 90),
    ),
)
_MOTORCYCLE = (
    Place("headlight", "Headlight", 230, 500),
    Place("handlebar", "Handlebar", 330, 500),
    Place("tank", "Tank", 460, 500),
    Place("seat", "Seat", 600, 500),
    Place("tail", "Tail and rear light", 770, 500),
    *_both_sides(
        ("front_wheel", "side, front wheel", 270, 170),
        ("engine", "side, engine", 500, 150),
        ("rear_wheel", "side, rear wheel", 730, 170),
    ),
)
_PLACES = {VehicleClass.CAR: _CAR, VehicleClass.MOTORCYCLE: _MOTORCYCLE}


def list_places(vehicle_class: VehicleClass) -> tuple[Place, ...]:
    """The parts of such a vehicle, by which damage is marked without pointing at the map."""
    return _PLACES.get(vehicle_class, _BOX)


def name_place(vehicle_class: VehicleClass, x: int, y: int) -> str:
    """What the part is called that is nearest to a point of the map."""
    return min(list_places(vehicle_class), key=lambda place: (place.x - x) ** 2 + (place.y - y) ** 2).name
