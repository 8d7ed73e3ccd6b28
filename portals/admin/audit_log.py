"""How the audit log is: its places, its signed states, its checks; and what is handed out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flask import Response, redirect, url_for
from flask.typing import ResponseReturnValue

from core import audit, audit_health, audit_proofs
from core.audit_keeping import make_signer, witness_file
from portals import hx
from portals.admin import bp
from portals.doors import actor, at, erp, read, write

VERIFIER = Path(__file__).resolve().parent.parent.parent / "docs" / "audit" / "verify.py"


@bp.get("/audit/log")
def show_audit_log() -> Response:
    """How long the log is, what waits for a place, when it was signed last, what the last checks found."""
    verifications = audit_health.list_verifications(read(), viewer=actor())
    return hx.render(
        "admin/audit_log.html",
        "admin/_audit_log.html",
        health=audit_health.read_health(read(), viewer=actor()),
        verifications=verifications,
        is_waiting=any(one["ended_at"] is None for one in verifications),
        signer=make_signer(erp().settings),
        witness=witness_file(erp().settings),
        now=at(),
    )


@bp.post("/audit/log/verification")
def verify_audit_log() -> ResponseReturnValue:
    """Ask for a check of the whole log; the scheduler does it."""
    audit_health.ask_for_verification(write(), actor=actor(), at=at())
    return redirect(url_for(".show_audit_log"), 303)


@bp.get("/audit/log/verifier")
def download_verifier() -> Response:
    """The program that checks receipts and exports without us."""
    headers = {"Content-Disposition": "attachment; filename=verify.py"}
    return Response(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)


@bp.post("/audit/log/export")
def export_audit_log() -> Response:
    """The whole log as lines of JSON, as it comes."""
    audit.record(write(), actor=actor(), at=at(), action="audit.exported", subject=("audit", "log"))
    actor().require("audit:read")
    database = erp().database

    def lines() -> Iterator[str]:
        with database.reading() as reader:
            yield from audit_proofs.export_log(reader)

    headers = {"Content-Disposition": "attachment; filename=audit-log.ndjson"}
    return Response(lines(), content_type="application/x-ndjson", headers=headers)
