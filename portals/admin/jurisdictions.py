"""The law as data: the jurisdictions, what each asks for, how that came about, and which park stands under which."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.access import queries, service
from core.access.queries import LawRecord
from core.access.rules import JurisdictionRules
from core.access.rules.law import Foreseen, NewLaw, find_faults, foresee
from core.access.schemas import REASONS, Plan
from core.errors import Conflict, Invalid
from portals import hx
from portals.admin import bp, law_words
from portals.auth import confirmed
from portals.doors import actor, at, read, write
from portals.forms import parse_form

WRITING = "Changing the rules of a jurisdiction"
PLANS = {Plan.WEEKLY: "Weekly plan", Plan.OTHER: "Other plans"}
CODE = re.compile(r"[A-Za-z]{2}-[A-Za-z0-9]{1,8}|default")


class ParkForm(msgspec.Struct, frozen=True, kw_only=True):
    """Under which jurisdiction a park is to stand."""

    park_id: int
    code: str


@bp.get("/jurisdictions")
def list_jurisdictions() -> Response:
    """Every jurisdiction, and which park stands under which."""
    parks = queries.list_parks_law(read(), viewer=actor())
    laws = queries.list_jurisdictions(read(), viewer=actor())
    return hx.render(
        "admin/jurisdictions/list.html",
        laws=laws,
        parks=parks,
        counts={law.code: sum(park.code == law.code for park in parks) for law in laws},
    )


@bp.post("/jurisdictions/parks")
@confirmed(WRITING)
def set_park_law() -> ResponseReturnValue:
    """Put a park under a jurisdiction."""
    form = parse_form(ParkForm)
    service.set_park_law(write(), actor=actor(), at=at(), park_id=form.park_id, code=form.code)
    flash(f"From now on, orders in that park are judged by the rules of {form.code}. Those before keep theirs.")
    return redirect(url_for(".list_jurisdictions"), 303)


@bp.get("/jurisdictions/<code>")
def show_jurisdiction(code: str) -> Response:
    """What it asks for now, what that would do, and each version with what it changed."""
    versions = queries.get_jurisdiction(read(), viewer=actor(), code=code)
    history = [
        (law, law_words.compare(before.rules, law.rules) if before is not None else None)
        for law, before in zip(versions, [*versions[1:], None], strict=True)
    ]
    return hx.render(
        "admin/jurisdictions/show.html",
        law=versions[0],
        said=[*law_words.describe(versions[0].rules), law_words.NEVER],
        courses=_courses(versions[0].rules),
        history=history,
        parks=[park.park for park in queries.list_parks_law(read(), viewer=actor()) if park.code == code],
    )


@bp.get("/jurisdictions/new")
@confirmed(WRITING)
def new_jurisdiction() -> ResponseReturnValue:
    """The form for a jurisdiction that is not there yet: it begins with what stands where nothing else is set."""
    default = queries.get_jurisdiction(read(), viewer=actor(), code="default")[0]
    return _show_form(None, law_words.as_typed(default.rules))


@bp.post("/jurisdictions")
@confirmed(WRITING)
def add_jurisdiction() -> ResponseReturnValue:
    """Write the first version of a jurisdiction, or show what it would do."""
    return _take_form(None)


@bp.get("/jurisdictions/<code>/edit")
@confirmed(WRITING)
def edit_jurisdiction(code: str) -> ResponseReturnValue:
    """The form with what the newest version says."""
    law = _newest(code)
    typed = law_words.as_typed(law.rules) | {
        "name": law.name,
        "source": law.source,
        "based_on": str(law.version),
    }
    return _show_form(law, typed)


@bp.post("/jurisdictions/<code>")
@confirmed(WRITING)
def change_jurisdiction(code: str) -> ResponseReturnValue:
    """Write a new version, or show what it would do."""
    return _take_form(_newest(code))


def _take_form(law: LawRecord | None) -> ResponseReturnValue:
    typed = {name: text.replace("\0", "") for name, text in request.form.items()}
    code = law.code if law is not None else typed.get("code", "").strip()
    try:
        new = _read(typed, code)
        if "preview" in typed:
            return _show_form(law, typed, courses=_courses(new.rules))
        based_on = typed.get("based_on", "0") if law is not None else "0"
        service.write_law(
            write(),
            actor=actor(),
            at=at(),
            code=code,
            law=new,
            based_on=int(based_on) if re.fullmatch("[0-9]{1,9}", based_on) else 0,
        )
    except (Invalid, Conflict) as refusal:
        return _show_form(law, typed, problems=refusal.fields, refusal=refusal.detail, status=refusal.status)
    return redirect(url_for(".show_jurisdiction", code=code), 303)


def _read(typed: Mapping[str, str], code: str) -> NewLaw:
    rules = law_words.read_typed(typed)
    faults = find_faults(rules)
    texts = {name: typed.get(name, "").strip() for name in ("name", "source", "why")}
    for name, text in texts.items():
        is_asked = name != "why" or "preview" not in typed
        if len(text) > {"name": 100, "source": 300, "why": 500}[name] or (is_asked and not text):
            faults[name] = "Say it in a few words; it is kept for whoever asks."
    if not CODE.fullmatch(code):
        faults["code"] = "Two letters of the country and what lies in it, like US-TX."
    if faults:
        raise Invalid("No version was written.", fields=faults)
    return NewLaw(**texts, rules=rules)


def _newest(code: str) -> LawRecord:
    return queries.get_jurisdiction(read(), viewer=actor(), code=code)[0]


def _courses(rules: JurisdictionRules) -> list[tuple[str, list[Foreseen]]]:
    return [(label, foresee(rules, plan=plan, since=at())) for plan, label in PLANS.items()]


def _show_form(
    law: LawRecord | None,
    typed: Mapping[str, str],
    *,
    problems: Mapping[str, str] | None = None,
    refusal: str | None = None,
    courses: list[tuple[str, list[Foreseen]]] | None = None,
    status: int = 200,
) -> Response:
    return hx.render(
        "admin/jurisdictions/form.html",
        status=status,
        law=law,
        typed=typed,
        problems=problems or {},
        refusal=refusal,
        courses=courses,
        words=law_words,
        reasons={reason.value: REASONS[reason] for reason in law_words.NOTICED},
    )
