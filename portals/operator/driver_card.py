"""Everything about one driver on one page: who, how far, may they drive, documents, vehicle, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.access import queries as access
from core.drivers import queries, service
from core.drivers.queries import DriverRecord, Happening
from core.drivers.rules import lives
from core.drivers.rules.documents import NAMES, REFUSALS, SHAPES
from core.drivers.schemas import Stage, StageReason, StageStep
from core.errors import Conflict, Invalid, PreconditionFailed, Refusal
from core.identity import service as identity
from core.permissions import pseudonym
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.drivers import KINDS, STAGES
from portals.papers.cards import make_cards, why_refused
from portals.papers.person import PersonForm, changes_of, in_words, tidy, typed_of

STEPS = {
    Stage.VERIFYING: "Take it up",
    Stage.ACTIVE: "Make active",
    Stage.REFUSED: "Refuse…",
    Stage.LEFT: "Has left…",
}
FIELDS = {
    "name": "name",
    "phone": "phone",
    "email": "e-mail",
    "birth_date": "day of birth",
    "address": "address",
    "emergency_contact": "emergency contact",
    "licence": "licence",
}
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline: what happened, in words, by whom, and where it leads."""

    at: datetime
    kind: str
    words: str
    by: str | None = None
    said: str | None = None
    url: str | None = None


@bp.get("/drivers/<int:driver_id>")
def show_driver(driver_id: int) -> Response:
    """Everything about one driver."""
    return _show(driver_id)


@bp.get("/drivers/<int:driver_id>/record")
def edit_driver(driver_id: int) -> Response:
    """What is known of the person, to be changed. That somebody looked is written down."""
    return _show_form(driver_id)


@bp.post("/drivers/<int:driver_id>/record")
def change_driver(driver_id: int) -> ResponseReturnValue:
    """Change what is known of the person, unless somebody else has meanwhile."""
    typed = tidy(request.form)
    version = typed.pop("version", "0")
    try:
        changes = changes_of(parse_form(PersonForm, typed))
        service.change_driver(
            write(),
            actor=actor(),
            at=at(),
            driver_id=driver_id,
            changes=changes,
            versions={int(version) if version.isdecimal() and len(version) < 10 else 0},
        )
    except (Invalid, Conflict, PreconditionFailed) as refusal:
        return _show_form(driver_id, in_words(refusal, "Nothing was changed."))
    flash("The record is changed.", "ok")
    return redirect(url_for("operator.show_driver", driver_id=driver_id), 303)


@bp.post("/drivers/<int:driver_id>/stage")
def step_driver(driver_id: int) -> ResponseReturnValue:
    """Take somebody on to another stage."""
    try:
        step = parse_form(StageStep)
        service.take_step(write(), actor=actor(), at=at(), driver_id=driver_id, step=step)
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, refusal)
    flash(f"{STAGES[step.stage.value]} from now on.", "ok")
    return redirect(url_for("operator.show_driver", driver_id=driver_id), 303)


@bp.post("/drivers/<int:driver_id>/account")
def give_account(driver_id: int) -> ResponseReturnValue:
    """Give the driver an account. Without a mail server the answer is the only page that shows the link."""
    try:
        post = identity.open_post(erp().settings)
        invited = service.give_account(write(), actor=actor(), at=at(), driver_id=driver_id, post=post)
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, refusal)
    if invited.link is not None:
        return hx.render(
            "operator/driver/link.html",
            status=201,
            driver=queries.get_driver(read(), viewer=actor(), driver_id=driver_id, at=at()),
            link=invited.link,
        )
    flash("The driver is invited by letter to choose a password.", "ok")
    return redirect(url_for("operator.show_driver", driver_id=driver_id), 303)


def _show(driver_id: int, refusal: Refusal | None = None) -> Response:
    reader = read()
    driver = queries.get_driver(reader, viewer=actor(), driver_id=driver_id, at=at())
    before = _parse_before()
    entries = _list_entries(driver, before)
    if hx.is_asked_for("operator/driver/_timeline.html"):
        return hx.render(
            "operator/driver/_timeline.html",
            "operator/driver/_timeline.html",
            driver=driver,
            entries=entries,
            shown=SHOWN,
        )
    may_verify = actor().may("drivers:verify", park_id=driver.park_id)
    nexts = lives.list_next(driver.stage) if may_verify else []
    return hx.render(
        "operator/driver/show.html",
        status=refusal.status if refusal else 200,
        driver=driver,
        vehicle=_find_vehicle(driver),
        stages=STAGES,
        steps=[(stage, STEPS[stage], lives.list_reasons(driver.stage, stage)) for stage in nexts],
        reasons=lives.REASONS,
        obstacles=_list_obstacles(driver) if Stage.ACTIVE in nexts else [],
        entries=entries,
        shown=SHOWN,
        may_change=_may("drivers:change", driver) and _may("drivers:read_documents", driver),
        may_hand_in=_may("drivers:hand_in", driver),
        may_assign=_may("drivers:assign", driver),
        may_see_access=_may("access:read", driver),
        may_give_account=_may("identity:invite_drivers", driver),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        kinds=KINDS,
        **_read_papers(driver),
    )


def _may(permission: str, driver: DriverRecord) -> bool:
    return actor().may(permission, park_id=driver.park_id)


def _parse_before() -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.args.get("before", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _find_vehicle(driver: DriverRecord) -> Any:
    if driver.vehicle_id is None:
        return None
    found = vehicles.list_vehicles(read(), viewer=actor(), vehicle_ids=[driver.vehicle_id])
    return found[0] if found else None


def _list_obstacles(driver: DriverRecord) -> list[str]:
    return queries.list_obstacles(read(), viewer=actor(), driver_id=driver.id, at=at())


def _read_papers(driver: DriverRecord) -> dict[str, Any]:
    """The documents as cards, for who may read them."""
    if not _may("drivers:read_documents", driver):
        return {"may_read": False, "cards": [], "others": []}
    everything = queries.list_documents(read(), viewer=actor(), driver_id=driver.id)
    documents = [one for one in everything if one.replaced_at is None]
    standings = queries.list_kind_standings(read(), viewer=actor(), driver_ids=[driver.id])[driver.id]
    today = at().astimezone(ZoneInfo(driver.time_zone)).date()
    return {
        "may_read": True,
        "cards": make_cards(documents, standings, today=today),
        "others": [one for one in documents if SHAPES[one.kind].name == "other document"],
        "earlier": [one for one in everything if one.replaced_at is not None],
        "document_names": NAMES,
        "why_refused": why_refused,
    }


def _show_form(driver_id: int, refusal: Refusal | None = None) -> Response:
    driver = queries.get_driver(read(), viewer=actor(), driver_id=driver_id, at=at())
    known = queries.get_personal(read(), viewer=actor(), driver_id=driver_id)
    if refusal is None:
        service.note_look(write(), actor=actor(), at=at(), driver_id=driver_id, what="record")
    return hx.render(
        "operator/driver/record.html",
        status=refusal.status if refusal else 200,
        driver=driver,
        typed=request.form or typed_of(known),
        version=driver.version,
        refusal=refusal,
        errors=refusal.fields if refusal else {},
    )


def _list_entries(driver: DriverRecord, before: datetime | None) -> list[Entry]:
    """What happened, the newest first: of the record, and of whether they may drive."""
    happened = queries.list_timeline(read(), viewer=actor(), driver_id=driver.id, before=before, most=SHOWN)
    entries = [_say(one, driver) for one in happened]
    if _may("access:read", driver):
        changes = access.list_standing_changes(read(), viewer=actor(), driver_id=driver.id)
        entries += [
            Entry(
                change.at,
                "standing",
                f"May drive: {change.to_status.replace('_', ' ')}. "
                + " ".join(reason.words for reason in change.begun),
                change.actor_name,
                url=url_for("operator.show_driver_access", driver_id=driver.id),
            )
            for change in changes
            if before is None or change.at < before
        ]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return entries[:SHOWN]


def _say(one: Happening, driver: DriverRecord) -> Entry:
    by = _who(one.by, driver)
    detail = one.detail
    if one.kind == "stage":
        reason = lives.REASONS[StageReason(detail["reason"])]
        return Entry(one.at, "stage", f"{STAGES[one.what]}: {reason.lower()}", by, detail["words"])
    if one.kind == "document":
        return Entry(one.at, "document", _say_document(one), by, url=_document_url(detail["id"], driver))
    if one.kind == "record":
        fields = ", ".join(FIELDS.get(name, name) for name in detail["fields"])
        return Entry(one.at, "record", f"Record changed: {fields}", by)
    url = url_for("operator.show_vehicle", vehicle_id=detail["vehicle_id"])
    return Entry(one.at, "assignment", f"{KINDS[detail['kind']]}: {detail['vehicle']}", url=url)


def _say_document(one: Happening) -> str:
    name = NAMES[one.detail["kind"]].capitalize()
    if one.what == "handed_in":
        return f"{name} handed in"
    if one.what == "accepted":
        until = one.detail["valid_until"]
        return f"{name} accepted" + (f", until {until:%-d %b %Y}" if until else "")
    return f"{name} not accepted: {REFUSALS[one.detail['reason']].lower()}"


def _document_url(document_id: int, driver: DriverRecord) -> str | None:
    if not _may("drivers:read_documents", driver):
        return None
    return url_for("operator.show_document", document_id=document_id)


def _who(by: tuple[str, int | None] | None, driver: DriverRecord) -> str | None:
    """Who did it, a person under their pseudonym: the page puts the name in its place."""
    if by is None:
        return None
    kind, number = by
    if kind == "user" and number is not None:
        return "the driver" if number == driver.user_id else pseudonym(number)
    return {"client": "a program", "system": "the product"}.get(kind, kind)
