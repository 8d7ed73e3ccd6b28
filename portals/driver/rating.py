"""My rating line by line, what I think of colleagues, and what I appeal against."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core.errors import Invalid, NotFound, Refusal
from core.ratings import queries, service
from core.ratings.rules.computing import list_counted
from core.ratings.schemas import AppealKind, NewAppeal, NewFeedback, Words
from portals import hx
from portals.doors import actor, at, read, write
from portals.driver import bp
from portals.forms import parse_form
from portals.rating_words import parse_component, say_subject, words_of_ratings


class AppealForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is appealed against, as `kind:subject`, and why it is wrong."""

    against: Annotated[str, Meta(pattern="^[a-z]+:.+$")]
    words: Words


@bp.get("/rating")
def show_own_rating() -> Response:
    """How I am rated, and what moved it."""
    return hx.render(
        "driver/rating.html",
        rating=queries.find_own_rating(read(), viewer=actor()),
        days=queries.list_own_days(read(), viewer=actor()),
        batches=queries.list_own_batches(read(), viewer=actor()),
        **words_of_ratings(),
    )


@bp.get("/rating/<component>")
def show_own_counted(component: str) -> Response:
    """What one component of my rating counted."""
    known = parse_component(component)
    rating = queries.find_own_rating(read(), viewer=actor())
    if known is None:
        raise NotFound("There is no such part of your rating. Open “Rating” to see what there is.")
    return hx.render(
        "driver/counted.html",
        component=known,
        counted=[] if rating is None else list_counted(known, rating.inputs),
        rating=rating,
        **words_of_ratings(),
    )


@bp.get("/feedback")
def show_feedback() -> Response:
    """My colleagues, and what I said of each this month."""
    return _show_feedback(None)


@bp.post("/feedback")
def give_feedback() -> ResponseReturnValue:
    """Say what I think of a colleague."""
    try:
        service.give_feedback(write(), actor=actor(), at=at(), new=parse_form(NewFeedback))
    except (Invalid, NotFound) as refusal:
        return _show_feedback(refusal)
    flash("Kept. Nobody is told that it was you; until the month is over you can change it or take it back.")
    return redirect(url_for("driver.show_feedback"), 303)


@bp.post("/feedback/<int:colleague_id>/withdrawal")
def withdraw_feedback(colleague_id: int) -> ResponseReturnValue:
    """Take back what I said of a colleague."""
    waited = service.withdraw_feedback(write(), actor=actor(), at=at(), driver_id=colleague_id)
    flash("Taken back: it is gone." if waited else "Nothing waits. What was released cannot be told apart any more.")
    return redirect(url_for("driver.show_feedback"), 303)


@bp.get("/appeals")
def list_own_appeals() -> Response:
    """What I appealed against, and what I still can."""
    return _show_appeals(None)


@bp.post("/appeals")
def hand_in_appeal() -> ResponseReturnValue:
    """Appeal against something."""
    try:
        form = parse_form(AppealForm)
        kind, _, subject = form.against.partition(":")
        if kind not in set(AppealKind):
            raise Invalid("The appeal was not handed in.", fields={"against": "Choose one of the list."})
        new = NewAppeal(kind=AppealKind(kind), subject=subject, words=form.words)
        service.hand_in_appeal(write(), actor=actor(), at=at(), new=new)
    except Refusal as refusal:
        return _show_appeals(refusal)
    flash("Handed in. A person who did not decide this answers within seven days.")
    return redirect(url_for("driver.list_own_appeals"), 303)


@bp.post("/appeals/<int:appeal_id>/withdrawal")
def withdraw_appeal(appeal_id: int) -> ResponseReturnValue:
    """Take an appeal back."""
    service.withdraw_appeal(write(), actor=actor(), at=at(), appeal_id=appeal_id)
    flash("The appeal is taken back.")
    return redirect(url_for("driver.list_own_appeals"), 303)


def _show_feedback(refusal: Refusal | None) -> Response:
    colleagues = queries.list_colleagues(read(), viewer=actor(), at=at())
    return hx.render(
        "driver/feedback.html",
        status=refusal.status if refusal else 200,
        colleagues=colleagues,
        choices=[(one.driver_id, one.name) for one in colleagues],
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
    )


def _show_appeals(refusal: Refusal | None) -> Response:
    appealable = queries.list_own_appealable(read(), viewer=actor(), at=at())
    return hx.render(
        "driver/appeals.html",
        status=refusal.status if refusal else 200,
        choices=[(f"{one.kind}:{one.subject}", say_subject(one.kind, one.subject)) for one in appealable],
        appeals=queries.list_own_appeals(read(), viewer=actor()),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form or request.args,
        **words_of_ratings(),
    )
