"""Locking and releasing one vehicle: the screen, the order in two steps, its cancellation, the release."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec
from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.access import queries, service
from core.access.schemas import REASONS, ImmobilizationOrder, Reason, ReleaseOrder
from core.errors import Conflict, Forbidden, Invalid, Refusal
from portals import hx, receipts
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.lock_panel import OUTCOMES, PROOF_SOURCES, LockPanel, read_lock_panel
from portals.orders.decisions import say_decision
from portals.orders.laws import list_consequences
from portals.orders.notes import check_note
from portals.orders.warnings import WAYS

PAGE = "operator/vehicles/lock.html"
LOCK = "operator/vehicles/_lock.html"
MOTION = "operator/vehicles/_motion.html"
# A release is never held up by such a question: it makes a vehicle safe again.
IMMOBILIZING = "Immobilizing a vehicle"
APPROVING = "Approving the immobilization of a vehicle"


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which order is cancelled: the one that was on the screen, not another that came meanwhile."""

    job_id: uuid.UUID


class Called(Cancellation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About which order the driver was called, and what was said."""

    words: str = ""


class Declining(Cancellation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which order is declined, and why."""

    note: str = ""


@bp.context_processor
def words() -> dict[str, object]:
    """The words that the lock screen puts to codes."""
    return {
        "reasons": REASONS,
        "outcomes": OUTCOMES,
        "proof_sources": PROOF_SOURCES,
        "ways": WAYS,
        "say_decision": say_decision,
    }


@bp.get("/vehicles/<int:vehicle_id>/lock")
def show_lock(vehicle_id: int) -> Response:
    """How the lock of a vehicle stands, with everything that can be done about it."""
    return _show(read_panel(vehicle_id))


@bp.get("/vehicles/<int:vehicle_id>/immobilization/new")
@confirmed(IMMOBILIZING)
def confirm_immobilization(vehicle_id: int) -> ResponseReturnValue:
    """The second step: what will happen, to whom, and why; nothing is ordered by looking at it."""
    panel = read_panel(vehicle_id)
    actor().require("access:immobilize", park_id=panel.vehicle.park_id, vehicle_id=vehicle_id)
    return _show(panel, confirming=panel.can_order)


@bp.post("/vehicles/<int:vehicle_id>/immobilization")
@confirmed(IMMOBILIZING)
def immobilize(vehicle_id: int) -> ResponseReturnValue:
    """Order the immobilization."""
    try:
        order = parse_form(ImmobilizationOrder)
        check_note(order.note)
        service.immobilize(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=vehicle_id,
            order=order,
            timing=erp().settings.access,
            limits=erp().settings.access_limits,
        )
    except (Invalid, Conflict) as refusal:
        panel = read_panel(vehicle_id)
        return _show(panel, refusal, confirming=panel.can_order, typed=request.form)
    return _shown(vehicle_id)


@bp.get("/vehicles/<int:vehicle_id>/immobilization/<uuid:job_id>/receipt")
def download_receipt(vehicle_id: int, job_id: uuid.UUID) -> Response:
    """What proves an order to anybody, to be saved."""
    return receipts.as_file(receipts.make_receipt(vehicle_id, job_id), job_id)


@bp.post("/vehicles/<int:vehicle_id>/immobilization/cancel")
def cancel_immobilization(vehicle_id: int) -> ResponseReturnValue:
    """Call back an order of which no command has left."""
    job_id = parse_form(Cancellation).job_id
    try:
        service.cancel(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=job_id)
    except Conflict as refusal:
        return _show(read_panel(vehicle_id), refusal)
    return _shown(vehicle_id)


@bp.post("/vehicles/<int:vehicle_id>/immobilization/approval")
@confirmed(APPROVING)
def approve_immobilization(vehicle_id: int) -> ResponseReturnValue:
    """Approve, as the second person, the order that was on the screen."""
    job_id = parse_form(Cancellation).job_id
    try:
        service.approve(
            write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=job_id, timing=erp().settings.access
        )
    except (Conflict, Forbidden) as refusal:
        return _show(read_panel(vehicle_id), refusal)
    return _shown(vehicle_id)


@bp.post("/vehicles/<int:vehicle_id>/immobilization/refusal")
def decline_immobilization(vehicle_id: int) -> ResponseReturnValue:
    """Decline, as the second person, the order that was on the screen."""
    said = parse_form(Declining)
    try:
        service.decline(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=said.job_id, note=said.note)
    except (Invalid, Conflict) as refusal:
        return _show(read_panel(vehicle_id), refusal)
    return _shown(vehicle_id)


@bp.post("/vehicles/<int:vehicle_id>/immobilization/call")
def note_call(vehicle_id: int) -> ResponseReturnValue:
    """Note that the office has called the driver and told them the warning that is due."""
    said = parse_form(Called)
    try:
        service.note_called(
            write(), actor=actor(), at=at(), vehicle_id=vehicle_id, job_id=said.job_id, words=said.words
        )
    except (Invalid, Conflict) as refusal:
        return _show(read_panel(vehicle_id), refusal)
    return _shown(vehicle_id)


@bp.post("/vehicles/<int:vehicle_id>/release")
def release(vehicle_id: int) -> ResponseReturnValue:
    """Order the release; it overtakes an open immobilization."""
    note = parse_form(ReleaseOrder).note
    try:
        service.release(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, note=note, timing=erp().settings.access)
    except Conflict as refusal:
        return _show(read_panel(vehicle_id), refusal)
    return _shown(vehicle_id)


def read_panel(vehicle_id: int) -> LockPanel:
    """The lock screen of a vehicle for whoever asks now."""
    return read_lock_panel(read(), viewer=actor(), vehicle_id=vehicle_id, at=at(), timing=erp().settings.access)


def _show(
    panel: LockPanel,
    refusal: Refusal | None = None,
    *,
    confirming: bool = False,
    typed: Mapping[str, str] | None = None,
) -> Response:
    return hx.render(
        PAGE,
        MOTION if hx.is_asked_for(MOTION) else LOCK,
        status=refusal.status if refusal else 200,
        lock=panel,
        vehicle=panel.vehicle,
        may_assign=actor().may("drivers:assign", park_id=panel.vehicle.park_id),
        confirming=confirming,
        consequences=_consequences(panel) if confirming else {},
        problem=refusal.detail if refusal else None,
        errors=refusal.fields if refusal else {},
        typed=typed or {},
    )


def _consequences(panel: LockPanel) -> dict[Reason, str]:
    return list_consequences(queries.get_vehicle_law(read(), viewer=actor(), vehicle_id=panel.vehicle.id))


def _shown(vehicle_id: int) -> ResponseReturnValue:
    return redirect(url_for("operator.show_lock", vehicle_id=vehicle_id), 303)
