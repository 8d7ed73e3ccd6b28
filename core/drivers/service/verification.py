"""The verbs by which staff decide about documents."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from core import outbox
from core.db import Writer
from core.drivers.models import Driver, fields
from core.drivers.models.documents import Document, DocumentKind, DocumentState
from core.drivers.models.lives import Stage, StageReason
from core.drivers.models.profiles import Profile
from core.drivers.rules import documents as rules
from core.drivers.schemas.documents import Acceptance, DocumentRefusal
from core.drivers.service.papers import check_scanned, lock_document, record, replace
from core.drivers.service.records import find_today, is_self, lock_driver, write_step
from core.drivers.service.sealing import seal_optional
from core.errors import Conflict, Invalid, NotFound, check_version
from core.permissions import Actor, needs


@needs("drivers:verify")
def accept_document(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    document_id: int,
    acceptance: Acceptance,
    versions: Collection[int] | None = None,
) -> None:
    """Accept a document that waits; the one that was accepted before is replaced by it, and stays on record.

    The last day of a licence becomes that of the driver's record. Raises Conflict for one that is decided already.
    """
    document, driver = _lock_waiting(session, actor=actor, document_id=document_id, versions=versions)
    today = find_today(session, driver.park_id, at)
    if problems := rules.acceptance_problems(document.kind, acceptance.valid_until, today):
        raise Invalid(f"Not accepted. {' '.join(problems.values())}", fields=problems)
    check_scanned(session, document.id)
    replace(session, document, {DocumentState.ACCEPTED, DocumentState.REFUSED}, at=at)
    document.valid_until = acceptance.valid_until
    _decide(session, document, driver, DocumentState.ACCEPTED, actor=actor, at=at)
    profile = session.get(Profile, driver.id)
    if document.kind is DocumentKind.LICENCE and profile is not None:
        profile.licence_valid_until, profile.updated_at = acceptance.valid_until, at
    record(session, document, "accepted", actor=actor, at=at)
    outbox.publish(session, "drivers.document_accepted", at=at, driver_id=driver.id, document_id=document.id)


@needs("drivers:verify")
def refuse_document(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    document_id: int,
    refusal: DocumentRefusal,
    versions: Collection[int] | None = None,
) -> None:
    """Refuse a document that waits, with a reason that the driver reads. What was accepted before goes on counting.

    Raises Conflict for one that is decided already.
    """
    document, driver = _lock_waiting(session, actor=actor, document_id=document_id, versions=versions)
    if problems := rules.refusal_problems(refusal.reason, refusal.words):
        raise Invalid(f"Not refused yet. {' '.join(problems.values())}", fields=problems)
    replace(session, document, {DocumentState.REFUSED}, at=at)
    document.refusal_reason = refusal.reason
    document.words_sealed = seal_optional(session, driver.key_id, fields.DOCUMENT_WORDS, refusal.words.strip())
    _decide(session, document, driver, DocumentState.REFUSED, actor=actor, at=at)
    record(session, document, "refused", actor=actor, at=at, reason=refusal.reason)
    outbox.publish(session, "drivers.document_refused", at=at, driver_id=driver.id, document_id=document.id)


def _lock_waiting(
    session: Writer, *, actor: Actor, document_id: int, versions: Collection[int] | None
) -> tuple[Document, Driver]:
    driver_id = session.scalar(sa.select(Document.driver_id).where(Document.id == document_id))
    if driver_id is None:
        raise NotFound(f"There is no document {document_id}.")
    driver = lock_driver(session, actor=actor, driver_id=driver_id, permission="drivers:verify")
    if is_self(driver, actor):
        raise Conflict("Nobody decides about their own documents. Ask a colleague.", document_id=document_id)
    document = lock_document(session, document_id)
    if document.state is DocumentState.DRAFT:
        raise NotFound(f"There is no document {document_id}.")
    if document.state is not DocumentState.HANDED_IN or document.replaced_at is not None:
        word = "replaced by a newer one" if document.replaced_at is not None else document.state.value
        raise Conflict(
            f"Document {document_id} was {word} meanwhile. Nothing was changed; go on with the next.",
            document_id=document_id,
            state=document.state.value,
        )
    check_version(document.version, versions)
    return document, driver


def _decide(
    session: Writer, document: Document, driver: Driver, state: DocumentState, *, actor: Actor, at: datetime
) -> None:
    """Write the decision down. With the first one, an application is taken up."""
    document.state, document.decided_at = state, at
    document.decided_by_kind, document.decided_by_id = actor.kind, actor.id
    if driver.stage is Stage.APPLIED:
        write_step(session, actor=actor, at=at, driver=driver, to=Stage.VERIFYING, reason=StageReason.TAKEN_UP)
