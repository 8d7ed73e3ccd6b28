"""The receipt of an order: a file that proves to anybody what was ordered, by whom, and what became of it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Response

from core import audit_proofs
from core.access import queries
from core.audit_keeping import find_witnessed, make_signer, witness_file
from portals.doors import actor, at, erp, read, write


def make_receipt(vehicle_id: int, job_id: uuid.UUID) -> dict[str, Any]:
    """The receipt of an order that the viewer may read. Raises NotFound out of sight, Conflict while it is written."""
    queries.get_job(read(), viewer=actor(), vehicle_id=vehicle_id, job_id=job_id)
    settings = erp().settings
    signer = make_signer(settings)
    return audit_proofs.make_receipt(
        write(),
        at=at(),
        subject=("immobilization", job_id),
        signer=signer,
        witnessed=find_witnessed(witness_file(settings), signer),
    )


def as_file(receipt: dict[str, Any], job_id: uuid.UUID) -> Response:
    """The receipt to be saved."""
    headers = {"Content-Disposition": f"attachment; filename=receipt-{job_id}.json"}
    return Response(json.dumps(receipt, ensure_ascii=False, indent=1), content_type="application/json", headers=headers)
