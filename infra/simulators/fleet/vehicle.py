"""A vehicle and its day: drive, wait at lights, take breaks, fill up, park. One call is one second."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from infra.simulators.fleet.engine import POWERTRAINS, Engine
from infra.simulators.fleet.ride import STEP_S, Ride
from infra.simulators.fleet.route import plan
from infra.simulators.fleet.streets import Point, StreetMap

LOW_FUEL_PCT = 18.0
RETRY_START_S = 5
GATHER_SPEED_S = 8
IDLE_S = (9, 40)


class Phase(StrEnum):
    """What a vehicle is doing."""

    PARKED = "parked"
    BREAK = "break"
    FILLING = "filling"
    IDLING = "idling"
    DRIVING = "driving"
    RED_LIGHT = "red_light"


ENGINE_OFF = {Phase.PARKED, Phase.BREAK, Phase.FILLING}


@dataclass(frozen=True, slots=True)
class Habits:
    """How a vehicle spends its time between trips. Durations are (low, high) in seconds."""

    break_chance: float = 0.35
    park_chance: float = 0.01
    break_s: tuple[int, int] = (240, 960)
    park_s: tuple[int, int] = (1200, 3600)
    non_stop: bool = False


TAXI = Habits()
SPARE = Habits(break_chance=0.0, park_chance=1.0, park_s=(3600, 10_800))
ROAMING = Habits(non_stop=True)


@dataclass(frozen=True, slots=True)
class Memory:
    """What outlives the program: a car does not jump, nor its relay let go, because a simulation restarts."""

    lat: float
    lon: float
    odometer_m: float
    fuel_pct: float
    outputs: int
    phase: Phase


class Vehicle:
    """Physics and habits of one vehicle. `outputs` is the relay box: bit n-1 is output n.

    The starter-interrupt relay never stops a running engine; it prevents the next start.
    """

    def __init__(
        self,
        streets: StreetMap,
        rng: Random,
        *,
        powertrain: str = "ice",
        relay_output: int = 1,
        habits: Habits = TAXI,
        phase: Phase = Phase.PARKED,
    ) -> None:
        self._streets = streets
        self._rng = rng
        self.habits = habits
        self.relay_output = relay_output
        self.outputs = 0
        self.engine = Engine(POWERTRAINS[powertrain], rng, warm=phase is Phase.DRIVING)
        self.odometer_m = rng.uniform(15e6, 180e6)
        self._pace = rng.uniform(0.85, 1.05)
        self._junction = streets.some_junction(rng)
        self._ride: Ride | None = None
        self._standing_course = rng.uniform(0, 359)
        self._must_stop = False
        self.phase = phase
        self._left_s = 0.0
        self._begin(phase)
        self._be_in_the_middle_of_it()

    @property
    def ignition(self) -> bool:
        """The key is turned and the engine runs."""
        return self.phase not in ENGINE_OFF

    @property
    def speed_kmh(self) -> float:
        """True speed over ground."""
        return self._ride.speed_ms * 3.6 if self._ride else 0.0

    @property
    def relay_on(self) -> bool:
        """The starter is interrupted."""
        return bool(self.outputs >> (self.relay_output - 1) & 1)

    @property
    def point(self) -> Point:
        """True place, in metres of the street map."""
        return self._ride.point if self._ride else self._streets.junctions[self._junction]

    @property
    def position(self) -> Point:
        """True place: latitude and longitude in degrees."""
        return self._streets.to_degrees(self.point)

    @property
    def course_deg(self) -> float:
        """Direction the vehicle points to."""
        return self._ride.course_deg if self._ride else self._standing_course

    def remember(self) -> Memory:
        """The state worth keeping."""
        lat, lon = self.position
        return Memory(lat, lon, self.odometer_m, self.engine.fuel_pct, self.outputs, self.phase)

    def recall(self, memory: Memory) -> None:
        """Go on from a kept state, at the nearest junction; who was on the way sets off again."""
        self._junction = self._streets.nearest_junction(memory.lat, memory.lon)
        self._ride = None
        self.odometer_m = memory.odometer_m
        self.engine.fuel_pct = memory.fuel_pct
        self.outputs = memory.outputs
        self._begin(memory.phase if memory.phase in ENGINE_OFF else Phase.DRIVING)

    def switch_output(self, number: int, *, on: bool) -> None:
        """Set or clear one output of the tracker."""
        bit = 1 << (number - 1)
        self.outputs = self.outputs | bit if on else self.outputs & ~bit

    def set_off(self) -> None:
        """Start as soon as the starter allows, and keep moving."""
        self.habits = ROAMING
        self._must_stop = False
        self._left_s = min(self._left_s, 0.0)

    def come_to_rest(self) -> None:
        """Brake, stop where that ends, switch the engine off and stay."""
        self._must_stop = True
        if self._ride is None:
            self._park_for_good()

    def second(self) -> None:
        """Live one second."""
        before = self.speed_kmh
        if self.phase is Phase.DRIVING:
            self._drive()
        else:
            self._spend_time()
        if self.ignition:
            acceleration = (self.speed_kmh - before) / 3.6
            self.engine.run(speed_ms=self.speed_kmh / 3.6, acceleration_ms2=acceleration)
        else:
            self.engine.rest()

    def _drive(self) -> None:
        assert self._ride is not None
        for _ in range(round(1 / STEP_S)):
            ride, before = self._ride, self._ride.at_m
            red_s = ride.drive(brake_to_stop=self._must_stop)
            self.odometer_m += ride.at_m - before
            if self._must_stop and ride.speed_ms == 0:
                self._park_for_good()
            elif red_s:
                self.phase, self._left_s = Phase.RED_LIGHT, red_s
            elif ride.is_over:
                self._arrive(ride)
            if self.phase is not Phase.DRIVING:
                return

    def _arrive(self, ride: Ride) -> None:
        self._junction = ride.route.goal
        self._standing_course = ride.course_deg
        if self.habits.non_stop:
            self._take_route(ride.speed_ms)
            return
        self._ride = None
        if self.engine.fuel_pct < LOW_FUEL_PCT:
            self._begin(Phase.FILLING)
            return
        dice = self._rng.random()
        if dice < self.habits.park_chance:
            self._begin(Phase.PARKED)
        elif dice < self.habits.park_chance + self.habits.break_chance:
            self._begin(Phase.BREAK)
        else:
            self._begin(Phase.IDLING)

    def _spend_time(self) -> None:
        self._left_s -= 1
        if self.phase is Phase.FILLING and self.engine.fill():
            self._left_s = 0
        if self._must_stop and self.phase is Phase.RED_LIGHT:
            self._park_for_good()
        elif self._left_s <= 0:
            self._move_on()

    def _move_on(self) -> None:
        if self.phase in ENGINE_OFF and self.relay_on:
            self._left_s = RETRY_START_S
        elif self.phase in ENGINE_OFF:
            self._begin(Phase.IDLING)
        else:
            self._begin(Phase.DRIVING)

    def _begin(self, phase: Phase) -> None:
        self.phase = phase
        if phase is Phase.DRIVING and self._ride is None:
            self._take_route(0.0)
        self._left_s = self._duration_s(phase)

    def _duration_s(self, phase: Phase) -> float:
        if phase is Phase.PARKED:
            return self._rng.randint(*self.habits.park_s)
        if phase is Phase.BREAK:
            return self._rng.randint(*self.habits.break_s)
        if phase is Phase.IDLING:
            return self._rng.randint(*IDLE_S)
        return math.inf  # until the tank is full, or the route is over

    def _be_in_the_middle_of_it(self) -> None:
        """A simulation begins on an ordinary day, not with five hundred simultaneous departures."""
        if self.phase is Phase.BREAK:
            self._left_s = self._rng.randint(60, round(self._left_s))
        if self._ride is not None:
            route = self._ride.route
            self._ride = Ride(route, at_m=self._rng.uniform(0.0, 0.8) * route.length_m)
            for _ in range(GATHER_SPEED_S):
                self.second()

    def _take_route(self, speed_ms: float) -> None:
        route = plan(self._streets, self._junction, self._rng, pace=self._pace, non_stop=self.habits.non_stop)
        self._ride = Ride(route, speed_ms=speed_ms)

    def _park_for_good(self) -> None:
        self.phase, self._left_s = Phase.PARKED, math.inf
