"""Orders to immobilize and to release."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flask import url_for
from msgspec import Meta

from core.access import queries, service
from core.access.queries import JobRecord
from core.access.schemas import (
    Approval,
    Finding,
    ImmobilizationOrder,
    JobState,
    OrderKind,
    Outcome,
    Reason,
    ReleaseOrder,
    Why,
)
from core.vehicles.schemas import RelayGateway
from portals import receipts
from portals.api_v1 import bp
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, erp, read, write


class AcceptedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order on its way. Its address is in `Location`."""

    job_id: uuid.UUID
    status: Literal["pending"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One command that was sent."""

    number: int
    started_at: datetime
    answered_at: datetime | None
    outcome: Annotated[Outcome | None, Meta(description="Null while the answer has not come.")]
    answer: str | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order to lock or to release a vehicle, and what became of it."""

    job_id: uuid.UUID
    vehicle_id: int
    kind: OrderKind
    status: Literal["pending", "completed"]
    result: Annotated[
        Literal["success", "failed", "expired", "cancelled"] | None, Meta(description="Null while pending.")
    ]
    state: Annotated[JobState, Meta(description="Finer than `status` and `result`.")]
    waiting_for: Annotated[str | None, Meta(description="In words, while pending: it to stand.")]
    verdict: Annotated[
        str | None, Meta(description="In words, once completed. After `failed`: whether the vehicle may be locked.")
    ]
    method: RelayGateway
    reason: Reason
    note: str
    ordered_by: str
    ordered_at: datetime
    driver_id: Annotated[int | None, Meta(description="Who had the vehicle when it was ordered.")]
    is_break_glass: Annotated[bool, Meta(description="It went without a second person, and is reviewed afterwards.")]
    approved_by: Annotated[str | None, Meta(description="The second person.")]
    approved_at: datetime | None
    not_before: Annotated[datetime | None, Meta(description="When the grace ends, once every warning is told.")]
    armed_at: Annotated[datetime | None, Meta(description="Since when it leaves as soon as that is safe.")]
    review_due_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    finding: Finding | None
    jurisdiction: Annotated[str | None, Meta(description="The law it was ordered under.")]
    jurisdiction_version: int | None
    decision: Annotated[
        dict[str, Any] | None, Meta(description="What the policy said at the order, its version and its inputs.")
    ]
    started_at: Annotated[datetime | None, Meta(description="When the first command left.")]
    finished_at: datetime | None
    expires_at: Annotated[datetime, Meta(description="When it is given up.")]
    evidence: Annotated[dict[str, Any] | None, Meta(description="The reading of the relay that proved it.")]
    attempts: list[Attempt]


EXAMPLE = {"method": "vialon_relay", "reason": "safety_lockdown", "note": "A trial."}


@bp.post("/access/<int:vehicle_id>/immobilize")
@operation(body=ImmobilizationOrder, answers={202: AcceptedOrder}, refuses=(409,), example=EXAMPLE)
def immobilize(vehicle_id: int, body: ImmobilizationOrder) -> Answer:
    """Order an immobilization: 202 and the job, to be asked for its verdict. Never sent while the vehicle moves."""
    job_id = service.immobilize(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=vehicle_id,
        order=body,
        timing=erp().settings.access,
        limits=erp().settings.access_limits,
    )
    return _accepted(vehicle_id, job_id, "api_v1.get_immobilization")


@bp.get("/access/<int:vehicle_id>/immobilize/<uuid:job_id>")
@operation(answers={200: Order})
def get_immobilization(vehicle_id: int, job_id: uuid.UUID) -> Order:
    """How an order stands: `status` is pending or completed, `result` is success, failed, expired or cancelled."""
    return _show(_get_job(vehicle_id, job_id))


@bp.delete("/access/<int:vehicle_id>/immobilize/<uuid:job_id>")
@operation(answers={204: None}, refuses=(409,))
def cancel_immobilization(vehicle_id: int, job_id: uuid.UUID) -> None:
    """Cancel an order of which no command has left; 409 when one has: release the vehicle instead."""
    service.cancel(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=job_id)


class ProvedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit, its place in the log, and the proof that it stands there."""

    position: int
    entry: dict[str, Any]
    proof: Annotated[list[str], Meta(description="RFC 9162 section 2.1.3: hashes from the leaf up, in base64.")]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What proves an order to anybody who has the public key, without us: docs/audit/README.md."""

    format: Literal["equinomix-receipt-1"]
    subject: list[str]
    made_at: str
    entries: list[ProvedEntry]
    checkpoint: Annotated[str, Meta(description="The signed state of the log (C2SP signed note).")]
    key: str


@bp.get("/access/<int:vehicle_id>/immobilize/<uuid:job_id>/receipt")
@operation(answers={200: Receipt}, refuses=(409,))
def get_receipt(vehicle_id: int, job_id: uuid.UUID) -> Receipt:
    """The receipt of an order: every entry about it, proved to be in the signed log."""
    return msgspec.convert(receipts.make_receipt(vehicle_id, job_id), Receipt)


@bp.put("/access/<int:vehicle_id>/immobilize/<uuid:job_id>/approval")
@operation(body=Approval, answers={204: None}, refuses=(409,), example={})
def approve_immobilization(vehicle_id: int, job_id: uuid.UUID, body: Approval) -> None:
    """Approve, as the second person, what another has ordered. Machines cannot: only a person's token may."""
    service.approve(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=vehicle_id,
        job_id=job_id,
        note=body.note,
        timing=erp().settings.access,
    )


@bp.put("/access/<int:vehicle_id>/immobilize/<uuid:job_id>/refusal")
@operation(body=Why, answers={204: None}, refuses=(409,), example={"why": "The driver has paid."})
def decline_immobilization(vehicle_id: int, job_id: uuid.UUID, body: Why) -> None:
    """Decline what another has ordered: the order is cancelled."""
    service.decline(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=job_id, note=body.why)


@bp.post("/access/<int:vehicle_id>/release")
@operation(body=ReleaseOrder, answers={202: AcceptedOrder}, refuses=(409,), example={})
def release(vehicle_id: int, body: ReleaseOrder) -> Answer:
    """Order a release: 202 and the job. It overtakes an open immobilization, and is tried until confirmed."""
    job_id = service.release(
        write(), actor=actor(), at=at(), vehicle_id=vehicle_id, note=body.note, timing=erp().settings.access
    )
    return _accepted(vehicle_id, job_id, "api_v1.get_release")


@bp.get("/access/<int:vehicle_id>/release/<uuid:job_id>")
@operation(answers={200: Order})
def get_release(vehicle_id: int, job_id: uuid.UUID) -> Order:
    """How a release stands."""
    return _show(_get_job(vehicle_id, job_id))


def _accepted(vehicle_id: int, job_id: uuid.UUID, endpoint: str) -> Answer:
    location = url_for(endpoint, vehicle_id=vehicle_id, job_id=job_id)
    return Answer(AcceptedOrder(job_id=job_id, status="pending"), {"Location": location})


def _get_job(vehicle_id: int, job_id: uuid.UUID) -> JobRecord:
    return queries.get_job(read(), viewer=actor(), vehicle_id=vehicle_id, job_id=job_id)


def _show(job: JobRecord) -> Order:
    return Order(
        job_id=job.id,
        vehicle_id=job.vehicle_id,
        kind=job.kind,
        status=job.status,
        result=job.result,
        state=job.state,
        waiting_for=job.waiting_for,
        verdict=job.verdict,
        method=job.method,
        reason=job.reason,
        note=job.note,
        ordered_by=job.ordered_by,
        ordered_at=job.ordered_at,
        driver_id=job.driver_id,
        is_break_glass=job.is_break_glass,
        approved_by=job.approved_by,
        approved_at=job.approved_at,
        not_before=job.not_before,
        armed_at=job.armed_at,
        review_due_at=job.review_due_at,
        reviewed_by=job.reviewed_by,
        reviewed_at=job.reviewed_at,
        finding=job.finding,
        jurisdiction=job.jurisdiction,
        jurisdiction_version=job.jurisdiction_version,
        decision=job.decision,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=job.expires_at,
        evidence=job.evidence,
        attempts=[
            Attempt(
                number=attempt["number"],
                started_at=attempt["started_at"],
                answered_at=attempt["answered_at"],
                outcome=attempt["outcome"],
                answer=attempt["answer"],
            )
            for attempt in job.attempts
        ],
    )
