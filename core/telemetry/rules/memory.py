"""What is remembered of one vehicle between two times it is followed: the detectors, and what they have said.

It is written as JSON, into the head of the vehicle and into its checkpoints. Beside the detectors it holds the last
point, and what was said that may still change: whatever has not ended, and whatever was said since the checkpoint
before. So a checkpoint tells of everything said after it what it was at the time of it, or that it was not yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec

from core.telemetry.rules.detector import Detector, Finding, Mileage, Period, Sample, Stop, Trip

Said = Finding | Trip | Stop | Period


class Key(NamedTuple):
    """What makes one thing that was said the same as another. `kind` is a period's width."""

    table: str
    kind: str
    subject: str
    start: float


_KEYS: dict[type, Callable[[Any], Key]] = {
    Finding: lambda it: Key("finding", it.kind, it.subject, round(it.started_at, 6)),
    Trip: lambda it: Key("trip", "", "", round(it.started_at, 6)),
    Stop: lambda it: Key("stop", "", "", round(it.started_at, 6)),
    Period: lambda it: Key("period", it.width, "", it.start),
}


def key_of(found: Said) -> Key:
    """The key of something said; moments to the microsecond, as tables hold them."""
    return _KEYS[type(found)](found)


class Memory(msgspec.Struct, kw_only=True):
    """See the head of this module. Of heads alone: `overlay`, what only the last rest said, and not a step; and
    `readings`, the moments of the mileage readings that were known."""

    detectors: dict[str, msgspec.Raw] = {}
    made_by: dict[str, str] = {}
    last: list[Any] | None = None
    mileage: Mileage | None = None
    readings: list[float] = []
    findings: list[Finding] = []
    trips: list[Trip] = []
    stops: list[Stop] = []
    periods: list[Period] = []
    overlay: list[Key] = []

    @property
    def before(self) -> Sample | None:
        """The last point that was taken in."""
        return None if self.last is None else Sample(*self.last)

    @property
    def live(self) -> dict[Key, Said]:
        """What was said and may still change."""
        said: tuple[Said, ...] = (*self.findings, *self.trips, *self.stops, *self.periods)
        return {key_of(found): found for found in said}

    @property
    def keys(self) -> list[Key]:
        """The keys of all that may have been said since the checkpoint before."""
        return [*self.live, *self.overlay]


_decoder = msgspec.json.Decoder(Memory)


def read_memory(text: str | bytes) -> Memory | None:
    """The memory written as `text`, or None when another version of the product wrote it otherwise."""
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError:
        return None


def freeze(detectors: Sequence[Detector]) -> dict[str, msgspec.Raw]:
    """The detectors as they are at this moment, by name."""
    return {each.name: msgspec.Raw(msgspec.json.encode(each)) for each in detectors}


def write_memory(
    detectors: Sequence[Detector],
    frozen: dict[str, msgspec.Raw],
    *,
    last: Sample | None,
    live: Iterable[Said],
    mileage: Mileage | None,
    readings: Sequence[float] = (),
    overlay: Iterable[Key] = (),
) -> bytes:
    """The memory as JSON, of detectors as they were when they were frozen."""
    sorts: dict[type, list[Any]] = {Finding: [], Trip: [], Stop: [], Period: []}
    for found in live:
        sorts[type(found)].append(found)
    return msgspec.json.encode(
        Memory(
            detectors=frozen,
            made_by=made_by(type(each) for each in detectors),
            last=None if last is None else list(last),
            mileage=mileage,
            readings=list(readings),
            findings=sorts[Finding],
            trips=sorts[Trip],
            stops=sorts[Stop],
            periods=sorts[Period],
            overlay=list(overlay),
        )
    )


def restore(memory: Memory, kinds: Sequence[type[Detector]]) -> list[Detector] | None:
    """The detectors as they were, or None when they are not exactly these, in these versions."""
    if not is_of(memory, kinds):
        return None
    try:
        return [_detector_decoder(kind).decode(memory.detectors[kind.name]) for kind in kinds]
    except (msgspec.MsgspecError, KeyError):
        return None


def is_of(memory: Memory, kinds: Sequence[type[Detector]]) -> bool:
    """Whether exactly these detectors, in these versions, made the memory."""
    return memory.made_by == made_by(kinds)


def made_by(kinds: Iterable[type[Detector]]) -> dict[str, str]:
    """The detectors by name, each with what tells its version from others."""
    return {kind.name: _fingerprint(kind) for kind in kinds}


@cache
def _fingerprint(kind: type[Detector]) -> str:
    """The version, and the fields: a field that comes or goes must not be read as its default."""
    return f"{kind.version}:{','.join(kind.__struct_fields__)}"


@cache
def _detector_decoder(kind: type[Detector]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
