"""Refusals. Each says what happened and what to do next; the edge turns it into its own language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

# What a session is marked with when a verb refused within it: nothing of its transaction is kept (core/db.py).
REFUSED = "refused"


class Refusal(Exception):
    """Something was asked that will not be done. `detail` is for the person who asked.

    `code` is stable and part of the API contract; `fields` maps a field name to what is wrong with it.
    `facts` are extra members for a machine (ids of the record in the way, for example).
    """

    code = "refused"
    status = 400
    title = "Refused"

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields: dict[str, str] = dict(fields or {})
        self.facts = facts


class Invalid(Refusal):
    """The input breaks a rule; `fields` names where."""

    code, status, title = "invalid", 422, "Some fields need attention"


class NotFound(Refusal):
    """No such record, or one the viewer may not see: the two are never told apart."""

    code, status, title = "not-found", 404, "Not found"


class Conflict(Refusal):
    """The record's present state does not allow it."""

    code, status, title = "conflict", 409, "In conflict with what is already there"


class PreconditionFailed(Refusal):
    """The record is no longer the one that was read; `version` is the one it has now (RFC 9110 section 15.5.13)."""

    code, status, title = "precondition-failed", 412, "Changed since you read it"


class Gone(Refusal):
    """What a cursor points at is no longer kept."""

    code, status, title = "cursor-expired", 410, "This cursor has expired"


class Forbidden(Refusal):
    """Known, but without the right."""

    code, status, title = "forbidden", 403, "Not allowed"


class Unauthenticated(Refusal):
    """Nobody we know."""

    code, status, title = "unauthenticated", 401, "Sign in first"


class ConfigurationError(Exception):
    """A setting is wrong; the text names it and what it wants."""


def check_version(version: int, wanted: Collection[int] | None) -> None:
    """Raise PreconditionFailed unless `version` is among the `wanted`; None wants any. Call it under the row's lock."""
    if wanted is not None and version not in wanted:
        raise PreconditionFailed(
            "The record was changed since you read it, so nothing was done. Read it again, and decide anew.",
            version=version,
        )
