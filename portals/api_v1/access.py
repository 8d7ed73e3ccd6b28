"""Orders to immobilize and to release."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, jsonify, url_for

from core.access import queries, service
from core.access.queries import JobRecord
from core.access.schemas import ImmobilizationOrder, ReleaseOrder
from core.errors import NotFound
from portals.api_v1 import bp
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_json


@bp.post("/access/<int:vehicle_id>/immobilize")
def immobilize(vehicle_id: int) -> tuple[Response, int]:
    """Order an immobilization: 202 and the job, to be asked for its verdict. Never sent while the vehicle moves."""
    order = parse_json(ImmobilizationOrder)
    job_id = service.immobilize(
        write(), actor=actor(), at=at(), vehicle_id=vehicle_id, order=order, timing=erp().settings.access
    )
    return _accepted(vehicle_id, job_id, "api_v1.get_immobilization")


@bp.get("/access/<int:vehicle_id>/immobilize/<job_id>")
def get_immobilization(vehicle_id: int, job_id: str) -> Response:
    """How an order stands: `status` is pending or completed, `result` is success, failed, expired or cancelled."""
    return jsonify(_show(_get_job(vehicle_id, job_id)))


@bp.delete("/access/<int:vehicle_id>/immobilize/<job_id>")
def cancel_immobilization(vehicle_id: int, job_id: str) -> tuple[str, int]:
    """Cancel an order of which no command has left; 409 when one has: release the vehicle instead."""
    service.cancel(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=_parse_id(job_id))
    return "", 204


@bp.post("/access/<int:vehicle_id>/release")
def release(vehicle_id: int) -> tuple[Response, int]:
    """Order a release: 202 and the job. It overtakes an open immobilization, and is tried until confirmed."""
    order = parse_json(ReleaseOrder)
    job_id = service.release(
        write(), actor=actor(), at=at(), vehicle_id=vehicle_id, note=order.note, timing=erp().settings.access
    )
    return _accepted(vehicle_id, job_id, "api_v1.get_release")


@bp.get("/access/<int:vehicle_id>/release/<job_id>")
def get_release(vehicle_id: int, job_id: str) -> Response:
    """How a release stands."""
    return jsonify(_show(_get_job(vehicle_id, job_id)))


def _accepted(vehicle_id: int, job_id: uuid.UUID, endpoint: str) -> tuple[Response, int]:
    response = jsonify({"job_id": str(job_id), "status": "pending"})
    response.headers["Location"] = url_for(endpoint, vehicle_id=vehicle_id, job_id=job_id)
    return response, 202


def _get_job(vehicle_id: int, job_id: str) -> JobRecord:
    return queries.get_job(read(), viewer=actor(), vehicle_id=vehicle_id, job_id=_parse_id(job_id))


def _parse_id(job_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(job_id)
    except ValueError:
        raise NotFound(f"There is no order {job_id}.") from None


def _show(job: JobRecord) -> dict[str, Any]:
    return {
        "job_id": str(job.id),
        "vehicle_id": job.vehicle_id,
        "kind": job.kind,
        "status": job.status,
        "result": job.result,
        "state": job.state,
        "waiting_for": job.waiting_for,
        "verdict": job.verdict,
        "method": job.method,
        "reason": job.reason,
        "note": job.note,
        "ordered_by": job.ordered_by,
        "ordered_at": job.ordered_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "evidence": job.evidence,
        "attempts": [
            {
                "number": attempt["number"],
                "started_at": attempt["started_at"],
                "answered_at": attempt["answered_at"],
                "outcome": attempt["outcome"],
                "answer": attempt["answer"],
            }
            for attempt in job.attempts
        ],
    }
