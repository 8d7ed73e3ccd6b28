"""The points that were refused: how many and why, each as it came with what to do, and a replay in two steps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.errors import Invalid, NotFound
from core.telemetry import queries, service
from core.telemetry.schemas import RefusalFilter, ReplayReport
from portals import hx
from portals.admin import bp
from portals.admin.advice import ADVICE, say_left_out
from portals.admin.asked import as_id, asked_text
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form

PAGE = 100
SPANS = {1: "the last hour", 24: "the last 24 hours", 168: "the last 7 days", 0: "as long as they are kept"}
SPAN = 24


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which refused points a page shows or a replay takes, as its address says it; `hours` 0 means all."""

    rule: str = ""
    source: str = ""
    vehicle_id: int | None = None
    device_uid: str = ""
    hours: int = SPAN

    def filter(self, now: datetime) -> RefusalFilter:
        """The same for the queries."""
        return RefusalFilter(
            rule=self.rule or None,
            source=self.source or None,
            vehicle_id=self.vehicle_id,
            device_uid=self.device_uid or None,
            since=now - timedelta(hours=self.hours) if self.hours else None,
        )

    def address(self) -> dict[str, Any]:
        """The same for an address."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value not in ("", None)}


@bp.get("/telemetry/refusals")
def list_refusals() -> Response:
    """The counts by rule, source and owner, and the newest refused points, of those asked for."""
    asked = _asked()
    wanted = asked.filter(at())
    found = queries.list_refusals(
        read(), viewer=actor(), vehicle_id=asked.vehicle_id, wanted=wanted, before=_before(), most=PAGE + 1
    )
    shown = found[:PAGE]
    return hx.render(
        "admin/telemetry/refusals.html",
        asked=asked,
        spans=SPANS,
        rules=sorted(ADVICE),
        what_to_do=ADVICE,
        say_left_out=say_left_out,
        refusals=shown,
        is_older=bool(asked_text("before")),
        older=_older(asked, shown[-1]) if len(found) > PAGE else None,
        counts={
            side: queries.count_refusals_by(read(), viewer=actor(), side=side, wanted=wanted)
            for side in ("rule", "source", "owner")
        },
        replayable=queries.count_replayable(read(), viewer=actor(), wanted=wanted),
    )


@bp.get("/telemetry/refusals/replay")
def confirm_replay() -> Response:
    """The second look: how many points would be judged anew, and what that does."""
    asked = _asked()
    wanted = asked.filter(at())
    return hx.render(
        "admin/telemetry/replay.html",
        asked=asked,
        spans=SPANS,
        most=service.MOST_REPLAYED,
        replayable=queries.count_replayable(read(), viewer=actor(), wanted=wanted),
    )


@bp.post("/telemetry/refusals/replay")
def replay_refusals() -> ResponseReturnValue:
    """Judge them anew, and go back to what is left."""
    asked = parse_form(Asked)
    if asked.hours not in SPANS:
        raise Invalid("Choose one of the spans.", fields={"hours": "Choose one of the list."})
    report = service.replay_refusals(write(), actor=actor(), at=at(), wanted=asked.filter(at()), limits=erp().limits)
    flash(_words(report), "ok" if report.stored else "news")
    return redirect(url_for(".list_refusals", **asked.address()), 303)


def _words(report: ReplayReport) -> str:
    if not report.judged:
        return "There was nothing to judge anew: it is stored already, or another replay is just at it."
    again = ", ".join(f"{count} by {rule}" for rule, count in report.refused.items())
    parts = [f"{report.stored} stored", f"{report.duplicates} already there"]
    return f"{report.judged} judged anew: {', '.join(parts)}, refused again: {again or 'none'}."


def _asked() -> Asked:
    vehicle, hours = asked_text("vehicle_id"), asked_text("hours")
    vehicle_id = as_id(vehicle)
    if vehicle and vehicle_id is None:
        raise NotFound(f"There is no vehicle {vehicle}. A vehicle is named by its number here.")
    span = as_id(hours)
    return Asked(
        rule=asked_text("rule"),
        source=asked_text("source"),
        vehicle_id=vehicle_id,
        device_uid=asked_text("device_uid"),
        hours=span if span in SPANS else SPAN,
    )


def _before() -> tuple[datetime, int] | None:
    """The place of the last point of the page before, as `_older` wrote it."""
    text = asked_text("before")
    moment, _, number = text.rpartition("~")
    refusal_id = as_id(number)
    try:
        received_at = datetime.fromisoformat(moment) if moment else None
    except ValueError:
        received_at = None
    if text and (received_at is None or received_at.tzinfo is None or refusal_id is None):
        raise NotFound("This link is broken. Show the refused points again and go on from there.")
    return None if received_at is None or refusal_id is None else (received_at, refusal_id)


def _older(asked: Asked, last: dict[str, Any]) -> str:
    return url_for(".list_refusals", **asked.address(), before=f"{last['received_at'].isoformat()}~{last['id']}")
