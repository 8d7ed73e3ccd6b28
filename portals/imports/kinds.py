"""What can be imported: its columns, as people call them in their languages, and the verbs that take it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.db import Writer
from core.drivers import service as drivers
from core.events import service as events
from core.imports import Outcome, Verdict
from core.permissions import Actor
from core.telemetry import service as telemetry
from core.vehicles import service as vehicles
from portals.csv_files import Column
from portals.imports import driver_columns, fine_columns, vehicle_columns


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record that comes out of files. `judge` says what lines are, `bring` takes them in.

    `add_beside` puts what was said of new ones into records of others, in the same transaction. `values` are codes in
    words, `days` the fields that hold days, `sample` a first line.
    """

    word: str
    one: str
    columns: tuple[Column, ...]
    sample: tuple[str, ...]
    permission: str
    judge: Callable[..., Sequence[Verdict]]
    bring: Callable[..., Sequence[Verdict]]
    add_beside: Callable[..., None] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    days: tuple[str, ...] = ()

    def heading(self, field: str | None) -> str:
        """What a column is called where people read it; the whole line without a field."""
        return next((column.heading for column in self.columns if column.field == field), "Line")

    def show(self, value: str | None) -> str:
        """A value of a field as people read it."""
        return self.values.get(value or "", value or "nothing")


def _record_mileages(session: Writer, *, actor: Actor, at: datetime, verdicts: Sequence[Verdict]) -> None:
    """What the odometers of new vehicles say."""
    said = {one.record_id: one.beside["odometer_m"] for one in verdicts if one.outcome is Outcome.NEW and one.beside}
    readings = {vehicle_id: odometer_m for vehicle_id, odometer_m in said.items() if vehicle_id is not None}
    if readings:
        telemetry.record_first_readings(session, actor=actor, at=at, readings=readings, reason="Imported")


KINDS = {
    kind.word: kind
    for kind in (
        Kind(
            word="vehicles",
            one="vehicle",
            columns=vehicle_columns.COLUMNS,
            sample=vehicle_columns.SAMPLE,
            permission="vehicles:register",
            judge=vehicles.judge_vehicles,
            bring=vehicles.import_vehicles,
            add_beside=_record_mileages,
            values={"ice": "combustion engine", "in_repair": "in repair"},
        ),
        Kind(
            word="drivers",
            one="driver",
            columns=driver_columns.COLUMNS,
            sample=driver_columns.SAMPLE,
            permission="drivers:register",
            judge=drivers.judge_drivers,
            bring=drivers.import_drivers,
            days=driver_columns.DAYS,
        ),
        Kind(
            word="fines",
            one="fine",
            columns=fine_columns.COLUMNS,
            sample=fine_columns.SAMPLE,
            permission="events:record",
            judge=events.judge_fines,
            bring=events.import_fines,
            days=fine_columns.DAYS,
        ),
    )
}
