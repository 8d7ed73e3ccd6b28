"""What documents are made of, what may become of them, and how those of one driver add up. Pure."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.drivers.models.documents import DocumentKind, DocumentState, RefusalReason

MOST_PAGES = 8
PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of document is called, which pictures it takes, what its pages show, and whether it runs out."""

    name: str
    hint: str
    least_pages: int = 1
    pages: tuple[str, ...] = ()
    expires: bool = True


SHAPES: dict[DocumentKind, Shape] = {
    DocumentKind.LICENCE: Shape(
        "driving licence", "Both sides, all four corners in the picture.", least_pages=2, pages=("Front", "Back")
    ),
    DocumentKind.INSURANCE: Shape("proof of insurance", "The page with your name and the last day."),
    DocumentKind.IDENTITY: Shape(
        "identity document", "Passport: the page with your picture. Card: both sides.", pages=("Front", "Back")
    ),
    DocumentKind.WORK_PERMIT: Shape("work permit", "Both sides, or the letter."),
    DocumentKind.BACKGROUND_CHECK: Shape("background check", "The whole report, every page.", expires=False),
    DocumentKind.MEDICAL: Shape("medical certificate", "The page with the last day."),
    DocumentKind.TAXI_PERMIT: Shape("taxi permit", "Both sides."),
    DocumentKind.OTHER: Shape("other document", "Whatever your park has asked you for.", expires=False),
}
NAMES: dict[str, str] = {kind.value: shape.name for kind, shape in SHAPES.items()}
# What a park can ask for.
ASKABLE: tuple[DocumentKind, ...] = tuple(kind for kind in SHAPES if kind is not DocumentKind.OTHER)

REFUSALS: dict[RefusalReason, str] = {
    RefusalReason.UNREADABLE: "It cannot be read: too dark, blurred, or cut off",
    RefusalReason.INCOMPLETE: "A side or a page is missing",
    RefusalReason.WRONG_DOCUMENT: "It is another document than the one asked for",
    RefusalReason.WRONG_PERSON: "It is somebody else's",
    RefusalReason.EXPIRED: "It has expired",
    RefusalReason.DATA_DIFFER: "It says something else than the record",
    RefusalReason.NOT_ORIGINAL: "It is a picture of a screen or a copy",
    RefusalReason.OTHER: "Something else",
}
WHAT_TO_DO: dict[RefusalReason, str] = {
    RefusalReason.UNREADABLE: "Take it again by daylight, flat, with all four corners in the picture.",
    RefusalReason.INCOMPLETE: "Hand it in again with every side.",
    RefusalReason.WRONG_DOCUMENT: "Look at what is asked for, and hand that in.",
    RefusalReason.WRONG_PERSON: "Hand in your own.",
    RefusalReason.EXPIRED: "Renew it, and hand the new one in.",
    RefusalReason.DATA_DIFFER: "Look whether your data are right; tell your park if they are not.",
    RefusalReason.NOT_ORIGINAL: "Take a picture of the document itself.",
    RefusalReason.OTHER: "Do what your park wrote, or ask there.",
}


def page_problem(pages: int) -> str | None:
    """Why one more page cannot be added to so many."""
    return None if pages < MOST_PAGES else f"A document has {MOST_PAGES} pages at most. Put them into one PDF."


def hand_in_problems(kind: DocumentKind, media_types: Sequence[str], title: str) -> dict[str, str]:
    """What is missing before a draft can be handed in, by field. A PDF stands for all sides."""
    shape = SHAPES[kind]
    if not media_types:
        return {"page": f"Add a picture of the {shape.name} first."}
    if len(media_types) < shape.least_pages and PDF not in media_types:
        missing = ", ".join(shape.pages[len(media_types) : shape.least_pages]).lower()
        return {"page": f"The {missing} of the {shape.name} is missing."}
    if kind is DocumentKind.OTHER and not title.strip():
        return {"title": "Say what it is."}
    return {}


def acceptance_problems(kind: DocumentKind, valid_until: date | None, today: date) -> dict[str, str]:
    """Why a document cannot be accepted with this last day, by field. `today` is the park's."""
    if valid_until is None:
        return {"valid_until": "Enter the last day it holds."} if SHAPES[kind].expires else {}
    if valid_until < today:
        return {"valid_until": "That day has passed: refuse it as expired."}
    return {} if valid_until.year <= today.year + 60 else {"valid_until": "No document holds that long."}


def refusal_problems(reason: RefusalReason, words: str) -> dict[str, str]:
    """Why a document cannot be refused like this, by field."""
    lacks_words = reason is RefusalReason.OTHER and len(words.strip()) < 3
    return {"words": "Say in words what is wrong; the driver reads it."} if lacks_words else {}


class DocumentStanding(enum.StrEnum):
    """How it is with one kind of document of a driver."""

    HELD = "held"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Held:
    """A document of a driver that no newer one has replaced."""

    kind: DocumentKind
    state: DocumentState
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class KindStanding:
    """How it is with one kind of document, and the last day of what is held."""

    kind: DocumentKind
    standing: DocumentStanding
    valid_until: date | None = None


def judge_kinds(held: Iterable[Held], required: Collection[DocumentKind]) -> list[KindStanding]:
    """How it is with every kind that is asked of a driver, or of which they hold an accepted one.

    An accepted one counts, whatever is handed in or refused beside it. One that waits counts for nothing yet: a kind
    that is asked for is then missing or, when the last that was looked at was refused, refused.
    """
    documents = list(held)
    found = []
    for kind in ASKABLE:
        mine = {one.state: one for one in documents if one.kind is kind}
        if accepted := mine.get(DocumentState.ACCEPTED):
            found.append(KindStanding(kind, DocumentStanding.HELD, accepted.valid_until))
        elif kind in required:
            is_refused = DocumentState.REFUSED in mine
            found.append(KindStanding(kind, DocumentStanding.REFUSED if is_refused else DocumentStanding.MISSING))
    return found
