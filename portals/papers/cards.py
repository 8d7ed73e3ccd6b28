"""How it is with each document, in words: for who hands it in and for who looks after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.drivers.queries import DocumentRecord
from core.drivers.rules.documents import (
    ASKABLE,
    REFUSALS,
    SHAPES,
    WHAT_TO_DO,
    DocumentStanding,
    KindStanding,
    Shape,
)
from core.drivers.schemas import DocumentKind, DocumentState

# From so many days before its last day on, a new one is asked for.
SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Card:
    """One kind of document as it stands. `tone` is a kind of badge; `next` is what to do about it, if anything.

    `draft`, `waiting`, `accepted` and `refused` are the documents of that kind in these states, if there are any.
    """

    kind: DocumentKind
    shape: Shape
    is_asked: bool
    words: str
    tone: str
    next: str | None
    draft: DocumentRecord | None
    waiting: DocumentRecord | None
    accepted: DocumentRecord | None
    refused: DocumentRecord | None

    @property
    def wants(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.next is not None


def make_cards(documents: Sequence[DocumentRecord], standings: Sequence[KindStanding], *, today: date) -> list[Card]:
    """A card for every kind that is asked for or was handed in, those that want something first.

    `documents` are those that nothing newer has replaced, the newest first.
    """
    asked = {one.kind for one in standings if one.standing is not DocumentStanding.HELD}
    kinds = [kind for kind in ASKABLE if kind in asked or any(one.kind is kind for one in documents)]
    cards = [make_card(kind, [one for one in documents if one.kind is kind], kind in asked, today) for kind in kinds]
    return sorted(cards, key=lambda card: not card.wants)


def make_card(kind: DocumentKind, mine: Sequence[DocumentRecord], is_asked: bool, today: date) -> Card:
    """The card of one kind."""
    by_state = {one.state: one for one in reversed(mine)}
    accepted, refused = by_state.get(DocumentState.ACCEPTED), by_state.get(DocumentState.REFUSED)
    waiting, draft = by_state.get(DocumentState.HANDED_IN), by_state.get(DocumentState.DRAFT)
    words, tone, to_do = _say(accepted, refused, waiting, is_asked, today)
    if draft is not None:
        to_do = "You have begun to hand it in: finish that."
    return Card(kind, SHAPES[kind], is_asked, words, tone, to_do, draft, waiting, accepted, refused)


def _say(
    accepted: DocumentRecord | None,
    refused: DocumentRecord | None,
    waiting: DocumentRecord | None,
    is_asked: bool,
    today: date,
) -> tuple[str, str, str | None]:
    if waiting is not None:
        return "Being looked at", "plain", None
    if refused is not None:
        return "Not accepted", "act", what_to_do(refused)
    if accepted is None:
        return ("Missing", "warn", "Hand it in.") if is_asked else ("Not handed in", "plain", None)
    until = accepted.valid_until
    if until is not None and until < today:
        return "Expired", "act", "Renew it, and hand the new one in."
    if until is not None and until <= today + timedelta(days=SOON_DAYS):
        return f"Accepted, {_days_left(until, today)}", "warn", "Renew it in time, and hand the new one in."
    return "Accepted", "ok", None


def _days_left(until: date, today: date) -> str:
    days = (until - today).days
    if days == 0:
        return "last day today"
    return "1 day left" if days == 1 else f"{days} days left"


def why_refused(document: DocumentRecord) -> str:
    """Why a document was not accepted, in the words of the list."""
    return "" if document.refusal_reason is None else REFUSALS[document.refusal_reason]


def what_to_do(document: DocumentRecord) -> str:
    """What its driver does about a document that was not accepted."""
    return "" if document.refusal_reason is None else WHAT_TO_DO[document.refusal_reason]
