"""What was done, by whom, to what. PostgreSQL refuses to change a row of it."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from core import audit, audit_proofs
from portals import hx
from portals.admin import bp
from portals.admin.asked import as_id, asked_text
from portals.doors import actor, read

PAGE = 100
SUBJECTS = {
    "immobilization": "Order to a vehicle",
    "vehicle": "Vehicle",
    "driver": "Driver",
    "park": "Park",
    "device": "Device",
    "telemetry": "Telemetry",
    "brake": "Brake on all locks",
    "audit": "Audit log",
    "user": "Person",
    "client": "API client",
    "authorization": "Sign-in to an app",
    "key": "Signing key",
    "endpoint": "Webhook endpoint",
}


@bp.get("/audit")
def list_audit_entries() -> Response:
    """The newest entries, of one subject when asked, older ones by cursor."""
    kind, subject_id, before = asked_text("kind"), asked_text("id"), asked_text("before")
    problems = _problems(kind, subject_id, before)
    entries = [] if problems else _list(kind, subject_id, before)
    return hx.render(
        "admin/audit.html",
        status=422 if problems else 200,
        entries=entries,
        places=audit_proofs.find_places(read(), viewer=actor(), entry_ids=[entry["id"] for entry in entries]),
        kinds=list(SUBJECTS.items()),
        kind=kind,
        subject_id=subject_id,
        is_older=bool(before),
        older=_older(entries, kind, subject_id),
        problems=problems,
    )


def _list(kind: str, subject_id: str, before: str) -> list[dict[str, Any]]:
    return audit.list_entries(
        read(), viewer=actor(), subject=(kind, subject_id) if kind else None, before_id=as_id(before)
    )


def _older(entries: list[dict[str, Any]], kind: str, subject_id: str) -> str | None:
    if len(entries) < PAGE:
        return None
    return url_for(".list_audit_entries", kind=kind or None, id=subject_id or None, before=entries[-1]["id"])


def _problems(kind: str, subject_id: str, before: str) -> dict[str, str]:
    if kind and kind not in SUBJECTS:
        return {"kind": f"There are no entries about “{kind}”. Choose one of the list."}
    if kind and not subject_id:
        return {"id": f"Enter the number of the {SUBJECTS[kind].lower()}."}
    if subject_id and not kind:
        return {"kind": "Choose what this is the number of."}
    if before and as_id(before) is None:
        return {"id": "This link is broken. Show the entries again and go on from there."}
    return {}
