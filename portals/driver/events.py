"""My events: what happened with the vehicles I had, what I may owe for it, and disputing that from the phone."""

from __future__ import annotations

import uuid

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, NotFound, Refusal
from core.events import queries, service
from core.events.queries import EventDetail, LogQuery
from core.events.rules.disputes import MAY_DISPUTE_FOR, MOST_FILES
from core.events.schemas import DisputeGround
from portals import hx, log_words
from portals.doors import actor, at, read, write
from portals.driver import bp
from portals.evidence import read_uploads
from portals.file_answers import answer_file
from portals.forms import parse_form
from portals.log_places import as_cursor, as_place
from portals.money import as_money

PAGE_SIZE = 50


class DisputeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What I say against it."""

    ground: DisputeGround
    words: str = ""


@bp.get("/events")
def list_own_events() -> Response:
    """What happened, newest first: events, and with `all` trips and what was detected too."""
    shows_all = bool(request.args.get("all"))
    kinds = None if shows_all else frozenset(log_words.RECORD_KINDS)
    after = as_place(request.args.get("cursor", ""))
    query = LogQuery(kinds=kinds)
    found = queries.list_own_log(read(), viewer=actor(), query=query, after=after, most=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    next_url = None
    if len(found) > PAGE_SIZE:
        next_url = url_for("driver.list_own_events", all="1" if shows_all else None, cursor=as_cursor(shown[-1].place))
    return hx.render(
        "driver/events.html",
        lines=shown,
        shows_all=shows_all,
        next_url=next_url,
        log_words=log_words,
        as_money=as_money,
    )


@bp.get("/events/<int:event_id>")
def show_own_event(event_id: int) -> Response:
    """One event of mine."""
    return _show(event_id)


@bp.post("/events/<int:event_id>/dispute")
def dispute_own_event(event_id: int) -> ResponseReturnValue:
    """Say that it is not so, with words and photos."""
    try:
        form = parse_form(DisputeForm)
        service.dispute_own_event(
            write(),
            actor=actor(),
            at=at(),
            event_id=event_id,
            ground=form.ground,
            words=form.words,
            uploads=read_uploads("files"),
        )
    except (Invalid, Conflict) as refusal:
        return _show(event_id, refusal)
    flash("Your dispute was taken. Nothing is deducted until it is decided.", "ok")
    return redirect(url_for("driver.show_own_event", event_id=event_id), 303)


@bp.post("/events/<int:event_id>/disputes/<int:dispute_id>/take-back")
def take_back_dispute(event_id: int, dispute_id: int) -> ResponseReturnValue:
    """Dispute it no more."""
    found = queries.get_own_event(read(), viewer=actor(), event_id=event_id)
    if dispute_id not in {dispute.id for dispute in found.disputes}:
        raise NotFound(f"There is no dispute {dispute_id} of yours.")
    try:
        service.take_back_dispute(write(), actor=actor(), at=at(), dispute_id=dispute_id)
    except Conflict as refusal:
        return _show(event_id, refusal)
    flash("You dispute it no more.", "ok")
    return redirect(url_for("driver.show_own_event", event_id=event_id), 303)


@bp.get("/events/<int:event_id>/files/<uuid:evidence_id>")
def open_own_event_file(event_id: int, evidence_id: uuid.UUID) -> Response:
    """A photo that I handed in."""
    return answer_file(queries.get_own_event_file(read(), viewer=actor(), event_id=event_id, file_id=evidence_id))


def _show(event_id: int, refusal: Refusal | None = None) -> Response:
    found = queries.get_own_event(read(), viewer=actor(), event_id=event_id)
    return hx.render(
        "driver/event.html",
        status=refusal.status if refusal else 200,
        found=found,
        line=found.line,
        title=log_words.say(found.line.kind, found.line.told),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        may_dispute=_may_dispute(found),
        days=MAY_DISPUTE_FOR.days,
        most_files=MOST_FILES,
        log_words=log_words,
        as_money=as_money,
    )


def _may_dispute(found: EventDetail) -> bool:
    return found.line.withdrawn_at is None and not found.line.is_frozen
