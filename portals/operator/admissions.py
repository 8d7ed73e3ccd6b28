"""What each park asks of its drivers, and the link by which people apply."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.rules.documents import ASKABLE, NAMES
from core.drivers.schemas import AdmissionRules
from core.errors import Invalid, Refusal
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.operator import bp


@bp.get("/drivers/admission")
def list_admissions() -> Response:
    """A card for each park."""
    return _show()


@bp.post("/drivers/admission/<int:park_id>")
def set_admission(park_id: int) -> ResponseReturnValue:
    """Say what a park asks for, and whether its link is open."""
    try:
        rules = _read_rules()
        service.set_admission(write(), actor=actor(), at=at(), park_id=park_id, rules=rules)
    except Invalid as refusal:
        return _show(refusal, park_id)
    flash("Kept. Every driver of the park is judged by it.", "ok")
    return redirect(url_for("operator.list_admissions"), 303)


@bp.post("/drivers/admission/<int:park_id>/link")
def renew_link(park_id: int) -> ResponseReturnValue:
    """Give the park another link; the old one leads nowhere."""
    service.renew_application_link(write(), actor=actor(), at=at(), park_id=park_id)
    flash("The park has another link. The old one leads nowhere from now on.", "ok")
    return redirect(url_for("operator.list_admissions"), 303)


def _read_rules() -> AdmissionRules:
    age = request.form.get("least_age_years", "18")
    if not age.isdecimal() or not 16 <= int(age[:4]) <= 30:
        raise Invalid("Nothing was changed.", fields={"least_age_years": "Enter a whole number from 16 to 30."})
    kinds = tuple(kind for kind in ASKABLE if kind.value in request.form.getlist("required_kinds"))
    return AdmissionRules(required_kinds=kinds, least_age_years=int(age), is_open="is_open" in request.form)


def _show(refusal: Refusal | None = None, park_id: int | None = None) -> Response:
    return hx.render(
        "operator/admissions/list.html",
        status=refusal.status if refusal else 200,
        admissions=queries.list_admissions(read(), viewer=actor()),
        kinds=[(kind, NAMES[kind.value]) for kind in ASKABLE],
        refusal=refusal,
        base_url=erp().settings.base_url,
        refused_park=park_id,
        errors=refusal.fields if refusal else {},
    )
