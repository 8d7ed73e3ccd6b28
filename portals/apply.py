"""Applying to drive: by a park's public link, and from then on by a private one, without an account.

The public link tells who has it the name of the park and what it asks for. The private one is shown once: whoever has
it hands documents in for that one application and reads how it stands, and nothing of anybody else's.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.queries import ApplicationRecord
from core.drivers.rules.documents import NAMES
from core.drivers.rules.lives import REASONS
from core.drivers.schemas import NewApplication, Stage
from core.errors import Conflict, Invalid, Refusal
from core.identity.rules import Limit
from core.permissions import system
from portals import hx, limits
from portals.doors import at, erp, read, write
from portals.forms import parse_form
from portals.papers import counter as papers
from portals.papers.counter import Counter
from portals.papers.person import PersonForm, in_words, personal_of, tidy

# Applications from one address: a yard may share one.
LIMIT = Limit("application", most=20, per_s=3600)
# Pages sent by whoever has one private link: sixty of eight documents, and again.
PAGES_LIMIT = Limit("page of an application", most=120, per_s=3600)
TAKER = system("application page", "drivers:apply", "drivers:hand_in", "files:keep")
OPEN = frozenset({Stage.APPLIED, Stage.VERIFYING})

bp = Blueprint("apply", __name__, url_prefix="/apply")


@bp.get("/<token>")
def show_form(token: str) -> Response:
    """Where somebody says who they are."""
    return _show_form(token)


@bp.post("/<token>")
def apply(token: str) -> ResponseReturnValue:
    """Take the application, and lead on to the documents."""
    if wait_s := limits.find_wait(LIMIT):
        page = _show_form(token, Invalid(limits.words(wait_s)), status=429)
        page.headers["Retry-After"] = str(wait_s)
        return page
    try:
        form = parse_form(PersonForm, tidy(request.form))
        new = NewApplication(name=form.name, phone=form.phone, personal=personal_of(form))
        applied = service.apply(write(), actor=TAKER, at=at(), link=token, new=new)
    except (Invalid, Conflict) as refusal:
        return _show_form(token, in_words(refusal, "Not sent yet. Look at what is marked below."))
    return redirect(url_for("apply.list_documents", token=applied.secret, new=1), 303)


@bp.get("/mine/<token>")
def list_documents(token: str) -> Response:
    """How my application stands, and how it is with each document."""
    mine = _find(token)
    return papers.show_list(
        _counter(mine, token),
        "apply/mine.html",
        mine=mine,
        is_new="new" in request.args,
        reason=REASONS[mine.reason],
        private_url=erp().settings.base_url + url_for("apply.list_documents", token=token),
    )


@bp.get("/mine/<token>/documents/<kind>")
def show_kind(token: str, kind: str) -> Response:
    """Where one is photographed and handed in."""
    return papers.show_kind(_counter(_find(token), token), kind)


@bp.post("/mine/<token>/documents/<kind>/pages")
def add_page(token: str, kind: str) -> ResponseReturnValue:
    """Add a picture or a PDF."""
    mine = _find(token)
    if wait_s := limits.find_wait(PAGES_LIMIT, source=f"driver {mine.driver_id}"):
        return papers.show_kind(_counter(mine, token), kind, Conflict(limits.words(wait_s)))
    return papers.add_page(_counter(mine, token), kind)


@bp.post("/mine/<token>/documents/<int:document_id>/pages/<int:page_id>/remove")
def remove_page(token: str, document_id: int, page_id: int) -> ResponseReturnValue:
    """Take a page out again."""
    return papers.remove_page(_counter(_find(token), token), document_id, page_id)


@bp.post("/mine/<token>/documents/<int:document_id>/hand-in")
def hand_in(token: str, document_id: int) -> ResponseReturnValue:
    """Hand it in."""
    return papers.hand_in(_counter(_find(token), token), document_id)


@bp.get("/mine/<token>/documents/<int:document_id>/pages/<int:page_id>")
def show_own_page(token: str, document_id: int, page_id: int) -> Response:
    """What is on a page of mine."""
    return papers.show_page(_counter(_find(token), token), document_id, page_id)


def _find(token: str) -> ApplicationRecord:
    return queries.get_application(read(), viewer=TAKER, at=at(), secret=token)


def _counter(mine: ApplicationRecord, token: str) -> Counter:
    return Counter(
        portal="apply",
        layout="_layout/public.html",
        driver_id=mine.driver_id,
        actor=TAKER,
        time_zone=mine.time_zone,
        args={"token": token},
        is_open=mine.stage in OPEN,
    )


def _show_form(token: str, refusal: Refusal | None = None, status: int | None = None) -> Response:
    admission = queries.get_open_admission(read(), viewer=TAKER, link=token)
    context: dict[str, Any] = {
        "admission": admission,
        "document_names": NAMES,
        "refusal": refusal,
        "errors": refusal.fields if refusal else {},
        "typed": request.form,
    }
    return hx.render("apply/form.html", status=status or (refusal.status if refusal else 200), **context)
