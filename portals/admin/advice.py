"""What to do about a refused point, by the rule that refused it, and the values that were left out in words."""

from __future__ import annotations

from collections.abc import Sequence

ADVICE = {
    "malformed": "It could not be read and cannot be replayed. Compare it as it came with the tracker's manual.",
    "unknown_vehicle": "Put the device into a vehicle under Devices, or register the vehicle; then replay it.",
    "time_future": "Set the clock of the tracker, or let it take its time from GPS. It is too early to replay this "
    "until its moment has come.",
    "time_too_old": "It came later than raw points are kept. Look why the tracker was out of reach for so long.",
    "coordinates_incomplete": "Look at what the sender writes: latitude and longitude belong together.",
    "coordinates_out_of_range": "Look at the format the sender uses: it should be degrees of WGS 84.",
    "coordinates_null_island": "The receiver has no fix. Look at its antenna if this goes on.",
    "speed_impossible": "If the vehicle can be that fast, set its class or the limits and replay it; "
    "otherwise look at the unit the sender uses.",
    "course_out_of_range": "Look at what the sender takes for a course: it should be degrees from 0 to 360.",
    "fix_bad": "The receiver saw too few satellites. Look at its antenna if this goes on.",
    "jump_impossible": "Usually a bad fix. If the vehicle was carried or the clock was wrong, nothing is to be done.",
    "odometer_impossible": "Look at the unit: the odometer is in metres.",
    "rpm_impossible": "Usually a sensor that does not know. If the engine can turn that fast, set the class of the "
    "vehicle.",
    "fuel_impossible": "Look at the unit: a level is in percent.",
    "fuel_rate_impossible": "Look at the unit: a rate is in litres an hour.",
    "engine_temp_impossible": "Look at the sensor or the number of the value in the tracker's settings.",
    "voltage_impossible": "Look at the unit: voltages are in volts, while many trackers send millivolts.",
    "altitude_impossible": "Usually a bad fix. Look at the unit if this goes on: altitudes are in metres.",
    "satellites_impossible": "Look at which value the sender takes for the number of satellites.",
    "hdop_impossible": "Look at which value the sender takes for the HDOP.",
    "outputs_impossible": "Look at which value the sender takes for its outputs: a mask of at most 16.",
    "driver_key_unreadable": "Look at the reader of the keys: what it read is too long or no text.",
    "dtc_unreadable": "Look at what the sender takes for trouble codes: P0299 and the like.",
    "extra_unstorable": "Look at what else the sender writes: a number too long, lists in lists, or a NUL.",
    "extra_too_large": "Let the sender leave out what nobody needs.",
}

# Values of a point in words; the parts of a fix are told as one.
VALUES = {
    "lat": "position",
    "lon": "position",
    "altitude_m": "altitude",
    "speed_kmh": "speed",
    "course_deg": "course",
    "satellites": "satellites",
    "hdop": "HDOP",
    "odometer_m": "odometer",
    "rpm": "rpm",
    "fuel_pct": "fuel level",
    "fuel_rate_lph": "fuel rate",
    "engine_temp_c": "engine temperature",
    "voltage_v": "voltage",
    "outputs": "outputs",
    "relay_on": "relay",
    "driver_key": "driver's key",
    "dtc": "trouble codes",
    "extra": "further values",
}


def say_left_out(values: Sequence[str]) -> str:
    """What became of a point that was stored without these values."""
    names = dict.fromkeys(VALUES.get(value, value) for value in values)
    return f"{'Value' if len(names) == 1 else 'Values'} left out: {', '.join(names)}; the point was stored"
