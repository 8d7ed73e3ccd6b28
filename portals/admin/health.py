"""What is wrong first: the processes, the fleet, the refused points, the consequences that failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Response

from core import audit_health, consequences
from core import health as product
from core.health import Health
from core.telemetry import queries as telemetry
from core.vehicles import queries as vehicles
from core.webhooks import queries as webhooks
from portals import hx
from portals.admin import bp
from portals.admin.advice import say_left_out
from portals.doors import actor, at, read

REFUSALS_OF = timedelta(hours=24)


@bp.get("/")
def health() -> Response:
    """The first page; it asks for its own fragment again every few seconds."""
    found = product.check(read(), at=at())
    return hx.render(
        "admin/health.html",
        "admin/health/_health.html",
        now=at(),
        health=found,
        reasons=[*found.reasons, *audit_health.check(read(), at=at())],
        processes=_processes(found, at()),
        fleet=vehicles.count_by_status(read(), viewer=actor()),
        refusals=telemetry.count_refusals(read(), viewer=actor(), since=at() - REFUSALS_OF),
        say_left_out=say_left_out,
        devices_waiting=len(vehicles.list_unknown_devices(read(), viewer=actor())),
        webhooks=webhooks.check(read(), at=at()),
        troubled=consequences.list_troubled(read(), viewer=actor()),
    )


def _processes(found: Health, now: datetime) -> list[dict[str, Any]]:
    """Every process that should run, and any other that has ever said it does."""
    beats = {beat["process"]: beat for beat in found.beats}
    return [
        {"name": name, "state": _state(beats.get(name), now), "beat": beats.get(name)}
        for name in [*product.PROCESSES, *sorted(beats.keys() - product.PROCESSES.keys())]
    ]


def _state(beat: dict[str, Any] | None, now: datetime) -> tuple[str, str]:
    """The state in words and the kind of its badge."""
    if beat is None:
        return "Not started", "act"
    if now - beat["at"] > product.SILENT_AFTER:
        return "Silent", "act"
    if beat["lag_ms"] > product.LAG_LIMIT_MS:
        return "Behind", "warn"
    return "Running", "ok"
