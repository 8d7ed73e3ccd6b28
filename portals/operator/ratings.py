"""How drivers are rated, and the appeals that wait for an answer."""

from __future__ import annotations

from typing import Literal

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers.queries import name_drivers
from core.errors import Refusal
from core.ratings import queries, service
from core.ratings.rules.computing import list_counted
from core.ratings.schemas import Decision, Words
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.rating_words import words_of_ratings


class DecisionForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is decided: `granted` or `refused`, and why. The driver reads the reason."""

    decision: Literal["granted", "refused"]
    reason: Words


@bp.get("/ratings")
def list_ratings() -> Response:
    """Every driver by rating, the lowest first, and the appeals, those that wait first."""
    return hx.render(
        "operator/ratings/list.html",
        ratings=queries.list_ratings(read(), viewer=actor()),
        appeals=queries.list_appeals(read(), viewer=actor()),
        **words_of_ratings(),
    )


@bp.get("/drivers/<int:driver_id>/rating")
def show_rating(driver_id: int) -> Response:
    """One driver's rating line by line, with everything that was counted."""
    rating = queries.find_rating(read(), viewer=actor(), driver_id=driver_id)
    return hx.render(
        "operator/ratings/show.html",
        driver_id=driver_id,
        name=name_drivers(read(), [driver_id])[driver_id],
        rating=rating,
        counted=list_counted,
        batches=queries.list_batches(read(), viewer=actor(), driver_id=driver_id),
        appeals=queries.list_appeals(read(), viewer=actor(), driver_id=driver_id),
        **words_of_ratings(),
    )


@bp.get("/appeals/<int:appeal_id>")
def show_appeal(appeal_id: int) -> Response:
    """One appeal, and the form by which it is decided."""
    return _show_appeal(appeal_id, None)


@bp.post("/appeals/<int:appeal_id>/decision")
def decide_appeal(appeal_id: int) -> ResponseReturnValue:
    """Grant or refuse an appeal."""
    try:
        form = parse_form(DecisionForm)
        service.decide_appeal(
            write(),
            actor=actor(),
            at=at(),
            appeal_id=appeal_id,
            decision=Decision(is_granted=form.decision == "granted", reason=form.reason),
            thresholds=erp().settings.standing,
        )
    except Refusal as refusal:
        return _show_appeal(appeal_id, refusal)
    flash("Decided. The driver reads the decision and the reason.")
    return redirect(url_for("operator.show_appeal", appeal_id=appeal_id), 303)


def _show_appeal(appeal_id: int, refusal: Refusal | None) -> Response:
    return hx.render(
        "operator/ratings/appeal.html",
        status=refusal.status if refusal else 200,
        appeal=queries.get_appeal(read(), viewer=actor(), appeal_id=appeal_id),
        may_decide=actor().may("ratings:decide_appeal"),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        **words_of_ratings(),
    )
