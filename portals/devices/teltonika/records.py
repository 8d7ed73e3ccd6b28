"""The content of a frame of records to points."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from core.telemetry.schemas import Point, RefusedReading
from portals.devices.conversation import Good, Raw, Unreadable
from portals.devices.teltonika.meanings import Meaning, Value, meanings_of, outputs_of, plain

EXTRA_COUNT = 64
LEFT_OUT = "params_left_out"
"""Key in extra that counts the values that were too many to keep."""

_DEGREE = 10_000_000
_VARIABLE = struct.Struct(">HH")


class Malformed(NamedTuple):
    """What could not be read, and why."""

    detail: str
    raw: Raw


class AvlRecords:
    """The records of one frame. They are answered with their number: what is wrong with one of them is kept with it,
    and to send it again would not make it right."""

    __slots__ = ("_answer", "bad", "good")

    def __init__(self, good: Sequence[Good], bad: Sequence[Malformed], answer: bytes) -> None:
        self.good = good
        self.bad = bad
        self._answer = answer

    def answer(self, refused: Sequence[RefusedReading]) -> bytes:
        """How many records are durable."""
        return self._answer


class _Codec(NamedTuple):
    """How one codec lays out a record: its head, and its groups of values of 1, 2, 4 and 8 bytes."""

    head: struct.Struct
    count_bytes: int
    groups: tuple[struct.Struct, ...]
    has_generation: bool = False
    has_variable: bool = False


# time, priority, longitude, latitude, altitude, angle, satellites, speed; then event, (generation,) number of values
_CODECS: Mapping[int, _Codec] = {
    0x08: _Codec(struct.Struct(">QBiihHBHBB"), 1, tuple(map(struct.Struct, (">BB", ">BH", ">BI", ">BQ")))),
    0x8E: _Codec(
        struct.Struct(">QBiihHBHHH"), 2, tuple(map(struct.Struct, (">HB", ">HH", ">HI", ">HQ"))), has_variable=True
    ),
    0x10: _Codec(
        struct.Struct(">QBiihHBHHBB"), 1, tuple(map(struct.Struct, (">HB", ">HH", ">HI", ">HQ"))), has_generation=True
    ),
}


class _Overrun(Exception):
    """The record goes on where the frame has ended."""


def read_records(content: bytes, *, family: str | None, answer: Callable[[int], bytes]) -> AvlRecords:
    """The points in a frame's content, from its codec to its second count; `answer` says a number of records.

    A content whose parts do not fit together has a right checksum, so it would come again as it is: it is handed back
    whole as one that could not be read. Raises Unreadable for another codec and for two counts that differ.
    """
    codec = _CODECS.get(content[0])
    if codec is None:
        raise Unreadable(f"codec {content[0]} is not one this gateway reads", reason="unknown codec")
    number = content[1]
    if content[-1] != number:
        raise Unreadable(f"a frame counts {number} records first and {content[-1]} at its end", reason="wrong count")
    good: list[Good] = []
    bad: list[Malformed] = []
    reader = _Reader(content, codec, family)
    try:
        for _ in range(number):
            reader.read_next(good, bad, alone=number == 1)
        if reader.place != len(content) - 1:
            raise _Overrun
    except (_Overrun, struct.error):
        detail = f"the {number} records of a frame do not fit its {len(content)} bytes."
        good, bad = [], [Malformed(detail, content)]
    return AvlRecords(good, bad, answer(number))


class _Reader:
    """Goes through the records of one content."""

    __slots__ = ("_codec", "_content", "_meanings", "_outputs", "place")

    def __init__(self, content: bytes, codec: _Codec, family: str | None) -> None:
        self._content = content
        self._codec = codec
        self._meanings = meanings_of(family)
        self._outputs = outputs_of(family)
        self.place = 2

    def read_next(self, good: list[Good], bad: list[Malformed], *, alone: bool) -> None:
        """Read one record; what is kept of it is a content of one, so that it can be read again by itself."""
        content, start, codec = self._content, self.place, self._codec
        head = codec.head.unpack_from(content, start)
        self.place += codec.head.size
        values = self._values()
        raw = content if alone else b"%c\x01%b\x01" % (content[0], content[start : self.place])
        try:
            ts = datetime.fromtimestamp(head[0] / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            bad.append(Malformed(f"the time {head[0]} ms is no date.", raw))
            return
        good.append(Good(self._point(ts, head, values), raw))

    def _values(self) -> list[tuple[int, Value]]:
        """The numbered values of the record at hand."""
        content, width, end = self._content, self._codec.count_bytes, len(self._content) - 1
        place = self.place
        values: list[tuple[int, Value]] = []
        for layout in self._codec.groups:
            count = int.from_bytes(content[place : place + width], "big")
            place += width
            if count:
                after = place + count * layout.size
                if after > end:
                    raise _Overrun
                values += layout.iter_unpack(content[place:after])
                place = after
        if self._codec.has_variable:
            count = int.from_bytes(content[place : place + width], "big")
            place += width
            for _ in range(count):
                number, size = _VARIABLE.unpack_from(content, place)
                place += _VARIABLE.size + size
                if place > end:
                    raise _Overrun
                values.append((number, content[place - size : place]))
        if place > end:
            raise _Overrun
        self.place = place
        return values

    def _point(self, ts: datetime, head: tuple[int, ...], values: Iterable[tuple[int, Value]]) -> Point:
        _, priority, lon, lat, altitude, angle, satellites, speed, event, *generation, _ = head
        known, extra = _read_values(values, self._meanings, self._outputs)
        if satellites:
            known["lat"], known["lon"] = lat / _DEGREE, lon / _DEGREE
            known["altitude_m"], known["course_deg"], known["speed_kmh"] = altitude, angle, speed
        if event:
            meaning = self._meanings.get(event)
            extra["event"] = f"io{event}" if meaning is None else meaning.name
        if priority:
            extra["priority"] = priority
        if self._codec.has_generation:
            extra["generation"] = generation[0]
        return Point(ts=ts, satellites=satellites, extra=extra, **known)


def _read_values(
    values: Iterable[tuple[int, Value]], meanings: Mapping[int, Meaning], outputs: Mapping[int, int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the point, and extra: bounded, with the number of what was left out."""
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    left_out = 0
    for number, value in values:
        meaning = meanings.get(number)
        if meaning is not None and meaning.is_field:
            if not (meaning.yields and meaning.name in known):
                known[meaning.name] = meaning.read(value)
        elif number in outputs:
            known["outputs"] = known.get("outputs", 0) | (value != 0) << outputs[number]
            known["outputs_known"] = known.get("outputs_known", 0) | 1 << outputs[number]
        elif len(extra) >= EXTRA_COUNT:
            left_out += 1
        elif meaning is not None:
            extra[meaning.name] = meaning.read(value)
        else:
            extra[f"io{number}"] = plain(value)
    if left_out:
        extra[LEFT_OUT] = left_out
    if extra.get("dtc_count") == 0:
        # A device that counts no trouble codes sends no list of them either.
        known.setdefault("dtc", ())
    return known, extra
