"""The pages on which documents are handed in: the same wherever that is, with the addresses of that place."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.queries import DocumentRecord
from core.drivers.rules.documents import ASKABLE, MOST_PAGES, SHAPES
from core.drivers.schemas import DocumentKind, HandIn, NewPage
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.permissions import Actor
from portals import hx
from portals.doors import at, read, write
from portals.file_answers import answer_file
from portals.forms import parse_form
from portals.papers.cards import make_card, make_cards, what_to_do, why_refused

MOST_BYTES = 15 * 1024 * 1024
KINDS = {kind.value: kind for kind in (*ASKABLE, DocumentKind.OTHER)}


@dataclass(frozen=True, slots=True)
class Counter:
    """Where somebody's documents are handed in: a portal, and what its addresses need beyond the document.

    The portal has the views list_documents, show_kind, add_page, remove_page, hand_in and show_own_page.
    """

    portal: str
    layout: str
    driver_id: int
    actor: Actor
    time_zone: str
    args: Mapping[str, Any] = field(default_factory=dict)
    is_open: bool = True

    def url(self, view: str, **more: Any) -> str:
        """The address of one of the views."""
        return url_for(f"{self.portal}.{view}", **self.args, **more)

    @property
    def today(self) -> date:
        """The day it is in the park."""
        return at().astimezone(ZoneInfo(self.time_zone)).date()


def show_list(counter: Counter, template: str, **context: Any) -> Response:
    """How it is with every document."""
    documents, cards = _read_cards(counter)
    return hx.render(
        template,
        counter=counter,
        cards=cards,
        others=[one for one in documents if one.kind is DocumentKind.OTHER],
        kinds=SHAPES,
        more=[kind for kind in KINDS.values() if not any(card.kind is kind for card in cards)],
        why_refused=why_refused,
        what_to_do=what_to_do,
        **context,
    )


def show_kind(counter: Counter, kind_name: str, refusal: Refusal | None = None) -> Response:
    """Where one kind is photographed and handed in."""
    kind = find_kind(kind_name)
    documents = [one for one in _read_documents(counter) if one.kind is kind]
    standings = queries.list_kind_standings(read(), viewer=counter.actor, driver_ids=[counter.driver_id])
    is_asked = any(one.kind is kind for one in standings.get(counter.driver_id, []))
    return hx.render(
        "_papers/kind.html",
        status=refusal.status if refusal else 200,
        counter=counter,
        card=make_card(kind, documents, is_asked, counter.today),
        most_pages=MOST_PAGES,
        most_bytes=MOST_BYTES,
        upload_key=uuid.uuid4(),
        why_refused=why_refused,
        what_to_do=what_to_do,
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
    )


def add_page(counter: Counter, kind_name: str) -> ResponseReturnValue:
    """Add the picture or PDF that was sent."""
    kind = find_kind(kind_name)
    try:
        service.add_page(write(), actor=counter.actor, at=at(), driver_id=counter.driver_id, page=_read_page(kind))
    except Invalid as refusal:
        why = next(iter(refusal.fields.values()), refusal.detail)
        return show_kind(counter, kind_name, Invalid("The page was not added.", fields={"page": why}))
    except Conflict as refusal:
        return show_kind(counter, kind_name, refusal)
    return redirect(counter.url("show_kind", kind=kind.value), 303)


def remove_page(counter: Counter, document_id: int, page_id: int) -> ResponseReturnValue:
    """Take a page out of the draft."""
    document = _find_document(counter, document_id)
    try:
        service.remove_page(write(), actor=counter.actor, at=at(), document_id=document_id, page_id=page_id)
    except Conflict as refusal:
        return show_kind(counter, document.kind, refusal)
    return redirect(counter.url("show_kind", kind=document.kind.value), 303)


def hand_in(counter: Counter, document_id: int) -> ResponseReturnValue:
    """Hand the draft in."""
    document = _find_document(counter, document_id)
    try:
        new = parse_form(HandIn)
        service.hand_in(write(), actor=counter.actor, at=at(), document_id=document_id, new=new)
    except (Invalid, Conflict) as refusal:
        return show_kind(counter, document.kind, refusal)
    flash(f"The {SHAPES[document.kind].name} is handed in. A person at the park looks at it.", "ok")
    return redirect(counter.url("list_documents"), 303)


def show_page(counter: Counter, document_id: int, page_id: int) -> Response:
    """What is on a page."""
    stored = queries.get_handed_in_page(
        read(), viewer=counter.actor, driver_id=counter.driver_id, document_id=document_id, page_id=page_id
    )
    return answer_file(stored)


def find_kind(name: str) -> DocumentKind:
    """The kind of an address. Raises NotFound."""
    kind = KINDS.get(name)
    if kind is None:
        raise NotFound("There is no such kind of document.")
    return kind


def _read_documents(counter: Counter) -> list[DocumentRecord]:
    return queries.list_driver_documents(read(), viewer=counter.actor, driver_id=counter.driver_id)


def _read_cards(counter: Counter) -> tuple[list[DocumentRecord], list[Any]]:
    documents = _read_documents(counter)
    standings = queries.list_kind_standings(read(), viewer=counter.actor, driver_ids=[counter.driver_id])
    return documents, make_cards(documents, standings.get(counter.driver_id, []), today=counter.today)


def _find_document(counter: Counter, document_id: int) -> DocumentRecord:
    """The document, if it is one of whom this counter is for."""
    found = next((one for one in _read_documents(counter) if one.id == document_id), None)
    if found is None:
        raise NotFound(f"There is no document {document_id}.")
    return found


def _read_page(kind: DocumentKind) -> NewPage:
    sent = request.files.get("page")
    if sent is None or not sent.filename:
        raise Invalid("Nothing was added.", fields={"page": "Choose a picture or a PDF."})
    content = sent.stream.read(MOST_BYTES + 1)
    try:
        key = uuid.UUID(request.form.get("upload_key", ""))
    except ValueError:
        key = uuid.uuid4()
    return NewPage(kind=kind, upload_key=key, name=sent.filename, content=content)
