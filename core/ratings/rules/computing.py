"""A rating from its inputs, line by line: the same inputs always give the same rating.

Each component has a score from 0 to 5, by how often something happened for how much driving. Where there is little
data the score is drawn to the prior, 4.5, by its confidence. The rating is the mean of the scores by weight; so it is
the prior and what each component moved it, and the lines add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.ratings.schemas import Component, Inputs

VERSION = 1
WINDOW_DAYS = 28
PRIOR = 4.5
BEST = 5.0
HARSH = frozenset({"harsh_acceleration", "harsh_braking", "harsh_cornering"})
SEVERITIES: Mapping[str, float] = {"minor": 1.0, "serious": 3.0, "severe": 6.0}


@dataclass(frozen=True, slots=True)
class Measure:
    """What one component saw. `rate` is in `unit`; `confidence` is from 0 (nothing is known) to 1."""

    counted: int
    rate: float
    unit: str
    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the explanation: what was seen, and how far it moved the rating. An excluded one moves nothing."""

    component: Component
    weight: float
    measure: Measure
    moved: float
    is_excluded: bool


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating, 0 to 5. `value` is PRIOR and all that the lines moved it."""

    value: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a component is scored: `worst_at` and above is a 0, nothing is a 5, and between them it is a straight line.

    Half of the confidence is there after `half_at` of what it is measured by.
    """

    weight: float
    worst_at: float
    half_at: float
    unit: str


# Kilometres are the measure of driving, days of a document, raters of feedback.
SCALES: Mapping[Component, _Scale] = {
    Component.HARSH: _Scale(0.25, 20.0, 300.0, "per 100 km"),
    Component.OVERSPEED: _Scale(0.25, 10.0, 300.0, "per 100 km"),
    Component.IDLING: _Scale(0.05, 0.5, 300.0, "of the time with the engine on"),
    Component.INCIDENTS: _Scale(0.25, 6.0, 300.0, "points in the window"),
    Component.DOCUMENTS: _Scale(0.10, 1.0, 1.0, "of the documents"),
    Component.FEEDBACK: _Scale(0.10, 1.0, 5.0, "of the worst"),
}


def compute_rating(inputs: Inputs) -> Rating:
    """The rating of these inputs, by version 1 of the rules."""
    counted = {component: _MEASURES[component](inputs, scale) for component, scale in SCALES.items()}
    weighed = sum(scale.weight for component, scale in SCALES.items() if component not in inputs.excluded)
    lines = tuple(
        Line(
            component=component,
            weight=scale.weight,
            measure=counted[component],
            moved=_moved(counted[component], scale.weight / weighed) if component not in inputs.excluded else 0.0,
            is_excluded=component in inputs.excluded,
        )
        for component, scale in SCALES.items()
    )
    return Rating(value=min(BEST, max(0.0, PRIOR + sum(line.moved for line in lines))), lines=lines)


def list_counted(component: Component, inputs: Inputs) -> list[object]:
    """What a component counted: detections, incidents, or documents that are not in order."""
    if component is Component.INCIDENTS:
        return list(inputs.incidents)
    if component is Component.DOCUMENTS:
        return [one for one in inputs.documents if one.state != "held"]
    kinds = _KINDS.get(component, frozenset())
    return [event for event in inputs.detections if event.kind in kinds]


def _moved(measure: Measure, share: float) -> float:
    return share * measure.confidence * (measure.score - PRIOR)


def _per_100_km(component: Component) -> Callable[[Inputs, _Scale], Measure]:
    def measure(inputs: Inputs, scale: _Scale) -> Measure:
        events = list_counted(component, inputs)
        # One event on a short way is no rate: what was driven counts as 10 km at least.
        rate = len(events) / max(inputs.distance_m / 1000.0, 10.0) * 100.0
        return _measure(len(events), rate, scale, inputs.distance_m / 1000.0)

    return measure


def _idling(inputs: Inputs, scale: _Scale) -> Measure:
    stays = [event for event in inputs.detections if event.kind == "idling"]
    idle_s = sum(event.value or 0.0 for event in stays)
    engine_s = inputs.engine_moving_s + idle_s
    return _measure(len(stays), idle_s / engine_s if engine_s > 0 else 0.0, scale, inputs.distance_m / 1000.0)


def _incidents(inputs: Inputs, scale: _Scale) -> Measure:
    points = sum(SEVERITIES[incident.state] for incident in inputs.incidents)
    # An incident is known for certain, however little was driven; that there was none means something with the way.
    confidence = 1.0 if points else _confidence(inputs.distance_m / 1000.0, scale)
    return Measure(len(inputs.incidents), points, scale.unit, _score(points, scale), confidence)


def _documents(inputs: Inputs, scale: _Scale) -> Measure:
    wanting = len(list_counted(Component.DOCUMENTS, inputs))
    known = len(inputs.documents)
    return _measure(wanting, wanting / known if known else 0.0, scale, float(known))


def _feedback(inputs: Inputs, scale: _Scale) -> Measure:
    if inputs.feedback_mean is None:
        return Measure(0, 0.0, scale.unit, PRIOR, 0.0)
    return _measure(inputs.feedback_raters, (5.0 - inputs.feedback_mean) / 4.0, scale, float(inputs.feedback_raters))


def _measure(counted: int, rate: float, scale: _Scale, exposure: float) -> Measure:
    return Measure(counted, rate, scale.unit, _score(rate, scale), _confidence(exposure, scale))


def _score(rate: float, scale: _Scale) -> float:
    return BEST * (1.0 - min(rate / scale.worst_at, 1.0))


def _confidence(exposure: float, scale: _Scale) -> float:
    return exposure / (exposure + scale.half_at)


_KINDS: Mapping[Component, frozenset[str]] = {
    Component.HARSH: HARSH,
    Component.OVERSPEED: frozenset({"overspeed"}),
    Component.IDLING: frozenset({"idling"}),
}
_MEASURES: Mapping[Component, Callable[[Inputs, _Scale], Measure]] = {
    Component.HARSH: _per_100_km(Component.HARSH),
    Component.OVERSPEED: _per_100_km(Component.OVERSPEED),
    Component.IDLING: _idling,
    Component.INCIDENTS: _incidents,
    Component.DOCUMENTS: _documents,
    Component.FEEDBACK: _feedback,
}
# Of each version of the rules that a rating was stored under, how to compute it again.
VERSIONS: Mapping[int, Callable[[Inputs], Rating]] = {VERSION: compute_rating}
