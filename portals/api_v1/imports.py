"""Fleets out of CSV files, by programs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.errors import Invalid
from core.imports import Outcome, Verdict
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.csv_files import MOST_BYTES
from portals.doors import actor, at, erp, read
from portals.imports import KINDS, Kind, Look, carry_out, look


class FileImport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CSV file as text, and whether it is to be carried out."""

    csv: Annotated[str, Meta(max_length=MOST_BYTES, description="The file: a line of headings, then a record a line.")]
    dry_run: Annotated[bool, Meta(description="Only say what each line is.")] = True


class LineChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a line sets; `before` is null where there was nothing."""

    field: str
    before: str | None
    after: str | None


class LineProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a cell, and what to do."""

    field: Annotated[str | None, Meta(description="Null for the whole line.")]
    value: str
    detail: str


class ImportedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file: what it is or, when it was carried out, what it was."""

    line: Annotated[int, Meta(description="Where it begins, as editors count.")]
    outcome: Outcome
    title: str
    record_id: Annotated[int | None, Meta(description="The record; null for a bad line and in a dry run of a new one.")]
    changes: list[LineChange]
    problems: list[LineProblem]
    hints: list[str]


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. Lines that are bad were left out, whatever became of the others."""

    dry_run: bool
    counts: Annotated[dict[str, int], Meta(description="Lines by their outcome.")]
    unknown_columns: Annotated[list[str], Meta(description="Headings that are not understood; they are not read.")]
    lines: list[ImportedLine]


_HEADINGS = "VIN,Plate,Make,Model,Year,Powertrain,Park,Tracker ID"
EXAMPLE = {
    "csv": f"{_HEADINGS}\n1M8GDM9AXKP042788,7ABC123,Ford,Transit,2021,diesel,Bayview,356307042441013\n",
    "dry_run": True,
}
_DRIVER_HEADINGS = "Name,Phone,Park,Licence number,Licence country,Licence state,Licence classes,Licence valid until"
DRIVERS_EXAMPLE = {
    "csv": f"{_DRIVER_HEADINGS}\nAna Lopez,+14155550100,Bayview,D1234567,US,CA,C,2029-04-23\n",
    "dry_run": True,
}


@bp.post("/vehicles/import")
@operation(body=FileImport, answers={200: FileReport}, refuses=(409,), example=EXAMPLE)
def import_vehicles(body: FileImport) -> FileReport:
    """Read vehicles out of CSV: what each line is and, unless it is a dry run, the good ones into the registry.

    A vehicle is known by its VIN. An empty cell leaves the record as it is. To repeat it changes nothing more.
    """
    return _import(KINDS["vehicles"], body)


@bp.post("/drivers/import")
@operation(body=FileImport, answers={200: FileReport}, refuses=(409,), example=DRIVERS_EXAMPLE)
def import_drivers(body: FileImport) -> FileReport:
    """Read drivers out of CSV: what each line is and, unless it is a dry run, the good ones into the records.

    A driver is known by the licence, else by the phone number. An empty cell leaves the record as it is. Of who is
    there already, what is sealed is told only by whether it is the same. To repeat it changes nothing more.
    """
    return _import(KINDS["drivers"], body)


FINES_EXAMPLE = {
    "csv": "Notice number,Issuer,Plate,Date,Time,Amount\nOAK-118834,City of Oakland,7ABC123,2026-11-20,16:05,238.00\n",
    "dry_run": True,
}


@bp.post("/event_log/fines/import")
@operation(body=FileImport, answers={200: FileReport}, refuses=(409,), example=FINES_EXAMPLE)
def import_fines(body: FileImport) -> FileReport:
    """Read fines out of CSV: what each line is and, unless it is a dry run, the good ones into the log.

    A fine is known by issuer and number; its time is by the clock of the vehicle's park. To repeat it changes nothing.
    """
    return _import(KINDS["fines"], body)


def _import(kind: Kind, body: FileImport) -> FileReport:
    try:
        seen = look(read(), viewer=actor(), at=at(), kind=kind, content=body.csv.encode())
    except Invalid as refusal:
        raise Invalid(refusal.detail, fields={"csv": " ".join(refusal.fields.values())}) from refusal
    if not body.dry_run:
        seen = carry_out(erp().database, seen, actor=actor(), at=at())
    return _report(seen, is_dry=body.dry_run)


def _report(seen: Look, *, is_dry: bool) -> FileReport:
    return FileReport(
        dry_run=is_dry,
        counts={str(outcome): count for outcome, count in seen.counts.items()},
        unknown_columns=seen.file.unknown,
        lines=[_line(verdict) for verdict in seen.verdicts],
    )


def _line(verdict: Verdict) -> ImportedLine:
    return ImportedLine(
        line=verdict.number,
        outcome=verdict.outcome,
        title=verdict.title,
        record_id=verdict.record_id,
        changes=[LineChange(field=field, before=before, after=after) for field, before, after in verdict.changes],
        problems=[LineProblem(field=field, value=value, detail=words) for field, value, words in verdict.problems],
        hints=list(verdict.hints),
    )
