"""Remote Immobilize: choose a vehicle, look at it, order, and watch the order until its verdict."""

from __future__ import annotations

import math
import uuid
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core import audit
from core.access import queries, service
from core.access.queries import JobRecord
from core.access.schemas import REASONS, Finding, ImmobilizationOrder, ReleaseOrder
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.vehicles import queries as vehicles
from core.vehicles.queries import VehicleRecord
from portals import hx, receipts
from portals.admin import bp
from portals.admin.asked import as_id, asked_text
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.orders.decisions import say_decision
from portals.orders.laws import list_consequences
from portals.orders.notes import check_note
from portals.orders.sightings import Sighting, look_at
from portals.orders.warnings import WAYS, find_call_due, list_tellings

FOUND_MOST = 20
ORDERS_MOST = 50
# A release is never held up by such a question: it makes a vehicle safe again.
IMMOBILIZING = "Immobilizing a vehicle"
APPROVING = "Approving the immobilization of a vehicle"
LISTS = ("admin/access/_found.html", "admin/access/_orders.html")


@bp.get("/immobilizations")
def list_immobilizations() -> Response:
    """The search for a vehicle, and the newest orders; each is a fragment of its own."""
    text = asked_text("text")
    # One more than is shown, to know whether there are more.
    found = vehicles.list_vehicles(read(), viewer=actor(), text=text, most=FOUND_MOST + 1) if text else []
    return hx.render(
        "admin/access/immobilizations.html",
        next(filter(hx.is_asked_for, LISTS), None),
        text=text,
        found=_look(*found[:FOUND_MOST]),
        is_cut=len(found) > FOUND_MOST,
        orders=queries.list_jobs(read(), viewer=actor(), most=ORDERS_MOST),
        orders_most=ORDERS_MOST,
        now=at(),
    )


@bp.get("/immobilizations/new")
def new_immobilization() -> Response:
    """The first step: is it this vehicle, and why."""
    return _show_step("admin/access/new_immobilization.html", _chosen(as_id(asked_text("vehicle_id"))))


@bp.get("/immobilizations/new/confirmation")
@confirmed(IMMOBILIZING)
def confirm_immobilization() -> ResponseReturnValue:
    """The second step: vehicle, driver and consequence, named once more before the order is given."""
    vehicle = _chosen(as_id(asked_text("vehicle_id")))
    reason = asked_text("reason")
    if reason not in REASONS:
        problems = {"reason": "Choose why the vehicle is immobilized; it is kept with the order."}
        return _show_step("admin/access/new_immobilization.html", vehicle, status=422, problems=problems)
    return _show_step("admin/access/confirmation.html", vehicle, reason=reason)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the second step."""

    vehicle_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    reason: str = ""
    note: str = ""
    break_glass: bool = False


class Declining(msgspec.Struct, frozen=True, kw_only=True):
    """Why an order is declined."""

    note: str = ""


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in a call to the driver. The form names the order too; its address does already."""

    words: str = ""
    job_id: uuid.UUID | None = None


class Reviewing(Declining, frozen=True, kw_only=True):
    """What the review of an order found, and why."""

    finding: Finding


@bp.post("/immobilizations")
@confirmed(IMMOBILIZING)
def immobilize() -> ResponseReturnValue:
    """Give the order, and go on to watch it."""
    form = parse_form(Order)
    try:
        job_id = service.immobilize(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=form.vehicle_id,
            order=_order(form),
            timing=erp().settings.access,
            limits=erp().settings.access_limits,
        )
    except (Invalid, Conflict) as refusal:
        return _show_step(
            "admin/access/confirmation.html",
            _chosen(form.vehicle_id),
            status=refusal.status,
            problems=refusal.fields,
            refusal=None if refusal.fields else refusal.detail,
            reason=form.reason,
            note=form.note,
        )
    return redirect(url_for(".show_immobilization", job_id=job_id), 303)


@bp.get("/immobilizations/<uuid:job_id>")
def show_immobilization(job_id: uuid.UUID) -> Response:
    """One order; while it is open the page asks for its fragment again every second."""
    job = _get_job(job_id)
    vehicle = vehicles.get_vehicle(read(), viewer=actor(), vehicle_id=job.vehicle_id)
    latest = queries.find_latest_job(read(), viewer=actor(), vehicle_id=job.vehicle_id)
    tellings = list_tellings(job, queries.list_notices(read(), viewer=actor(), job_id=job_id))
    return hx.render(
        "admin/access/immobilization.html",
        "admin/access/_order.html",
        job=job,
        seen=_look(vehicle)[0],
        reason=REASONS.get(job.reason),
        deadline=_deadline(job),
        is_own=(job.ordered_by_kind, job.ordered_by_id) == (actor().kind, actor().id),
        tellings=[one for one in tellings if one.is_begun or job.state in {"requested", "notified"}],
        call_due=find_call_due(job, tellings),
        ways=WAYS,
        say_decision=say_decision,
        newer=latest if latest is not None and latest.id != job.id else None,
        trail=audit.list_entries(read(), viewer=actor(), subject=("immobilization", job_id))[::-1],
        now=at(),
    )


@bp.get("/immobilizations/<uuid:job_id>/receipt")
def download_receipt(job_id: uuid.UUID) -> Response:
    """What proves this order to anybody, to be saved."""
    job = _get_job(job_id)
    return receipts.as_file(receipts.make_receipt(job.vehicle_id, job_id), job_id)


@bp.post("/immobilizations/<uuid:job_id>/cancellation")
def cancel_immobilization(job_id: uuid.UUID) -> ResponseReturnValue:
    """Cancel an order of which no command has left."""
    job = _get_job(job_id)
    try:
        service.cancel(write(), actor=actor(), at=at(), vehicle_id=job.vehicle_id, job_id=job_id)
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return redirect(url_for(".show_immobilization", job_id=job_id), 303)


@bp.post("/immobilizations/<uuid:job_id>/approval")
@confirmed(APPROVING)
def approve_immobilization(job_id: uuid.UUID) -> ResponseReturnValue:
    """Approve, as the second person, what another has ordered."""
    job = _get_job(job_id)
    try:
        service.approve(
            write(), actor=actor(), at=at(), vehicle_id=job.vehicle_id, job_id=job_id, timing=erp().settings.access
        )
    except (Conflict, Forbidden) as refusal:
        flash(refusal.detail, "warn")
    return redirect(url_for(".show_immobilization", job_id=job_id), 303)


@bp.post("/immobilizations/<uuid:job_id>/refusal")
def decline_immobilization(job_id: uuid.UUID) -> ResponseReturnValue:
    """Decline, as the second person, what another has ordered."""
    job = _get_job(job_id)
    note = parse_form(Declining).note
    try:
        service.decline(write(), actor=actor(), at=at(), vehicle_id=job.vehicle_id, job_id=job_id, note=note)
    except (Invalid, Conflict) as refusal:
        flash(refusal.fields.get("note", refusal.detail), "warn")
    return redirect(url_for(".show_immobilization", job_id=job_id), 303)


@bp.post("/immobilizations/<uuid:job_id>/call")
def note_call(job_id: uuid.UUID) -> ResponseReturnValue:
    """Note that the office has called the driver and told them the warning that is due."""
    job = _get_job(job_id)
    said = parse_form(Called)
    try:
        service.note_called(write(), actor=actor(), at=at(), vehicle_id=job.vehicle_id, job_id=job_id, words=said.words)
    except (Invalid, Conflict) as refusal:
        flash(refusal.fields.get("words", refusal.detail), "warn")
    return redirect(url_for(".show_immobilization", job_id=job_id), 303)


@bp.post("/immobilizations/<uuid:job_id>/review")
def review_immobilization(job_id: uuid.UUID) -> ResponseReturnValue:
    """Say whether an order by break-glass was justified."""
    job = _get_job(job_id)
    said = parse_form(Reviewing)
    try:
        service.review(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=job.vehicle_id,
            job_id=job_id,
            finding=said.finding,
            note=said.note,
        )
    except (Invalid, Conflict, Forbidden) as refusal:
        flash(refusal.fields.get("note", refusal.detail), "warn")
    return redirect(url_for(".show_immobilization", job_id=job_id), 303)


@bp.post("/immobilizations/<uuid:job_id>/release")
def release_immobilization(job_id: uuid.UUID) -> ResponseReturnValue:
    """Order the release of the vehicle of this order, and go on to watch that."""
    job = _get_job(job_id)
    order = parse_form(ReleaseOrder)
    released_by = service.release(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=job.vehicle_id,
        note=order.note,
        timing=erp().settings.access,
    )
    return redirect(url_for(".show_immobilization", job_id=released_by), 303)


def _chosen(vehicle_id: int | None) -> VehicleRecord:
    if vehicle_id is None:
        raise NotFound("Choose a vehicle first: look for it under Remote Immobilize.")
    return vehicles.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)


def _order(form: Order) -> ImmobilizationOrder:
    if form.reason not in REASONS:
        raise Invalid("The order was not given.", fields={"reason": "Go back and choose a reason."})
    order = parse_form(ImmobilizationOrder, {"reason": form.reason, "note": form.note})
    check_note(order.note)
    return msgspec.structs.replace(order, break_glass=form.break_glass)


def _get_job(job_id: uuid.UUID) -> JobRecord:
    found = queries.find_job(read(), viewer=actor(), job_id=job_id)
    if found is None:
        raise NotFound(f"There is no order {job_id}.")
    return queries.get_job(read(), viewer=actor(), vehicle_id=found.vehicle_id, job_id=job_id)


def _look(*found: VehicleRecord) -> list[Sighting]:
    return look_at(read(), found, viewer=actor(), at=at(), timing=erp().settings.access)


def _show_step(page: str, vehicle: VehicleRecord, *, status: int = 200, **context: object) -> Response:
    latest = queries.find_latest_job(read(), viewer=actor(), vehicle_id=vehicle.id)
    context.setdefault("problems", {})
    return hx.render(
        page,
        "admin/access/_vehicle.html",
        status=status,
        seen=_look(vehicle)[0],
        open_job=latest if latest is not None and latest.state.is_open else None,
        timing=erp().settings.access,
        reasons=list(REASONS.items()),
        consequences=list_consequences(queries.get_vehicle_law(read(), viewer=actor(), vehicle_id=vehicle.id)),
        address=request.full_path if request.method == "GET" else None,
        **context,
    )


def _deadline(job: JobRecord) -> tuple[str, str] | None:
    """What ends an open order, in words, and how long until then."""
    if not job.state.is_open:
        return None
    if job.kind == "release":
        return "Tried until confirmed, for at most", _left(job.expires_at)
    if job.state == "requested":
        return "Expires unless approved within", _left(job.expires_at)
    if job.state == "notified":
        return "Given up unless the driver is warned within", _left(job.expires_at)
    if job.started_at is None:
        return "Expires unless it is safe within", _left(job.expires_at)
    return "Verdict within", _left(job.started_at + timedelta(seconds=erp().settings.access.verdict_by_s))


def _left(until: datetime) -> str:
    seconds = math.ceil((until - at()).total_seconds())
    if seconds <= 0:
        return "due now; if nothing happens, look under Health whether the worker runs"
    if seconds >= 172_800:
        return f"{seconds // 86_400} days {seconds // 3600 % 24} h"
    minutes = f"{seconds // 60 % 60}:{seconds % 60:02}"
    return f"{seconds // 3600}:{minutes:0>5}" if seconds >= 3600 else minutes
