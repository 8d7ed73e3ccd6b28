"""The documents that wait to be looked at: the queue, one beside what it must agree with, and the decision."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.queries import DocumentRecord, Waiting
from core.drivers.rules.documents import NAMES, REFUSALS, SHAPES
from core.drivers.rules.lives import compute_age
from core.drivers.schemas import Acceptance, DocumentKind, DocumentRefusal, DocumentState
from core.errors import Conflict, Invalid, Refusal
from core.permissions import pseudonym
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, read, write
from portals.file_answers import answer_file
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.drivers import STAGES
from portals.papers.cards import what_to_do, why_refused


@bp.get("/drivers/verification")
def list_waiting_documents() -> Response:
    """What waits, the longest waiting first."""
    asked = request.args.get("kind", "")
    waiting = queries.list_waiting(read(), viewer=actor())
    shown = [one for one in waiting if asked in {"", one.kind.value}]
    return hx.render(
        "operator/verification/list.html",
        waiting=shown,
        asked=asked,
        counts={kind: sum(one.kind == kind for one in waiting) for kind in NAMES},
        total=len(waiting),
        driver_names=queries.name_drivers(read(), [one.driver_id for one in shown]),
        parks={park["id"]: park["name"] for park in vehicles.list_parks(read(), viewer=actor())},
        names=NAMES,
        stages=STAGES,
    )


@bp.get("/drivers/documents/<int:document_id>")
def show_document(document_id: int) -> Response:
    """One document beside what is known of its driver, and the forms to decide."""
    return _show(document_id)


@bp.get("/drivers/documents/<int:document_id>/pages/<int:page_id>")
def show_document_page(document_id: int, page_id: int) -> Response:
    """What is on a page. That somebody looked is written down."""
    document = queries.get_document(read(), viewer=actor(), document_id=document_id)
    stored = queries.get_page(read(), viewer=actor(), document_id=document_id, page_id=page_id)
    what = f"document {document_id} page {page_id}"
    service.note_look(write(), actor=actor(), at=at(), driver_id=document.driver_id, what=what)
    return answer_file(stored)


@bp.post("/drivers/documents/<int:document_id>/accept")
def accept_document(document_id: int) -> ResponseReturnValue:
    """Accept it, and go on with the next."""
    following = _find_next(document_id)
    try:
        acceptance = parse_form(Acceptance)
        service.accept_document(write(), actor=actor(), at=at(), document_id=document_id, acceptance=acceptance)
    except (Invalid, Conflict) as refusal:
        return _show(document_id, refusal)
    flash(f"Document {document_id} is accepted.", "ok")
    return _go_on(following)


@bp.post("/drivers/documents/<int:document_id>/refuse")
def refuse_document(document_id: int) -> ResponseReturnValue:
    """Refuse it with a reason that the driver reads, and go on with the next."""
    following = _find_next(document_id)
    try:
        refusal = parse_form(DocumentRefusal)
        service.refuse_document(write(), actor=actor(), at=at(), document_id=document_id, refusal=refusal)
    except (Invalid, Conflict) as problem:
        return _show(document_id, problem)
    flash(f"Document {document_id} is refused. Its driver reads why, and what to do.", "ok")
    return _go_on(following)


def _find_next(document_id: int) -> Waiting | None:
    """What follows in the queue, and its head after its end. Documents of one driver come after each other."""
    waiting = queries.list_waiting(read(), viewer=actor())
    here = next((index for index, one in enumerate(waiting) if one.id == document_id), None)
    rest = waiting if here is None else waiting[here + 1 :] + waiting[:here]
    mine = None if here is None else waiting[here].driver_id
    return next((one for one in rest if one.driver_id == mine), rest[0] if rest else None)


def _go_on(following: Waiting | None) -> ResponseReturnValue:
    if following is None:
        return redirect(url_for("operator.list_waiting_documents"), 303)
    return redirect(url_for("operator.show_document", document_id=following.id), 303)


def _show(document_id: int, refusal: Refusal | None = None) -> Response:
    document = queries.get_document(read(), viewer=actor(), document_id=document_id)
    may_verify = actor().may("drivers:verify", park_id=document.park_id)
    waits = document.state is DocumentState.HANDED_IN and document.replaced_at is None
    following = _find_next(document_id) if may_verify else None
    return hx.render(
        "operator/verification/document.html",
        status=refusal.status if refusal else 200,
        document=document,
        shape=SHAPES[document.kind],
        names=NAMES,
        may_decide=may_verify and waits,
        following=following,
        refusals=list(REFUSALS.items()),
        why_refused=why_refused,
        what_to_do=what_to_do,
        decided_by=_who_decided(document),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        **_read_driver(document.driver_id, document.kind),
    )


def _read_driver(driver_id: int, kind: DocumentKind) -> dict[str, Any]:
    """What the document must agree with. That somebody looked is written down."""
    driver = queries.get_driver(read(), viewer=actor(), driver_id=driver_id, at=at())
    known = queries.get_personal(read(), viewer=actor(), driver_id=driver_id)
    service.note_look(write(), actor=actor(), at=at(), driver_id=driver_id, what="record")
    today = at().astimezone(ZoneInfo(driver.time_zone)).date()
    suggested = known.licence_valid_until if kind is DocumentKind.LICENCE else None
    return {
        "driver": driver,
        "known": known,
        "age": known.birth_date and compute_age(known.birth_date, today),
        "today": today,
        "suggested": suggested,
        "stages": STAGES,
    }


def _who_decided(document: DocumentRecord) -> str | None:
    """The person who decided, under their pseudonym: the page puts the name in its place."""
    if document.decided_by_kind != "user" or document.decided_by_id is None:
        return None
    return pseudonym(document.decided_by_id)
