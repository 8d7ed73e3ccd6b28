"""The types of problem documents: what `type` ends in, the status it comes with, and what it means.

They are stable, and listed in docs/subsystems/api.md. A test finds every refusal of the product that is not among them.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

PREFIX = "urn:equinomix:problem:"


class ProblemType(NamedTuple):
    """One type."""

    code: str
    status: int
    meaning: str


PROBLEM_TYPES = (
    ProblemType("bad-request", 400, "The request cannot be understood."),
    ProblemType("malformed", 400, "The body is not JSON, or not unambiguous JSON: a name stands twice in one object."),
    ProblemType("wrong-host", 400, "The service was asked for under a name that is not its own."),
    ProblemType("idempotency-key-malformed", 400, "`Idempotency-Key` is not 1 to 255 visible ASCII characters."),
    ProblemType("idempotency-key-required", 400, "This would be done twice if repeated: send an `Idempotency-Key`."),
    ProblemType("unauthenticated", 401, "No access token, one that has expired or was revoked, or not one of ours."),
    ProblemType("insufficient-scope", 403, "The token lacks the scope that `permission` names."),
    ProblemType("forbidden", 403, "Whoever asks may not do this."),
    ProblemType("not-found", 404, "No such address or record, or not in sight: the two are never told apart."),
    ProblemType("method-not-allowed", 405, "This address does not take that method; `Allow` says which it takes."),
    ProblemType("not-acceptable", 406, "`Accept` names nothing that the answer can come as."),
    ProblemType("conflict", 409, "The present state of the record does not allow it."),
    ProblemType("idempotency-key-in-flight", 409, "The request with this key is still being done; repeat it later."),
    ProblemType("idempotency-answer-not-kept", 409, "It was done under this key, and its answer was too long to keep."),
    ProblemType("cursor-expired", 410, "What the cursor of the change feed points at is no longer kept."),
    ProblemType("length-required", 411, "The body comes in chunks and does not say how long it is."),
    ProblemType("precondition-failed", 412, "Changed since you read it: none of the tags in `If-Match` is its own."),
    ProblemType("request-entity-too-large", 413, "The body is larger than 16 MB."),
    ProblemType("unsupported-media-type", 415, "The body is not `application/json`."),
    ProblemType("encoded-body", 415, "The body is compressed, which is not taken."),
    ProblemType("invalid", 422, "A field or a parameter breaks a rule; `errors` names it. An unknown one does."),
    ProblemType("idempotency-key-reused", 422, "This key belongs to another request. Take a new one."),
    ProblemType("quota-exceeded", 429, "The allowance is used up; repeat after `Retry-After`."),
    ProblemType("fault", 500, "A fault of ours. Nothing was kept."),
    ProblemType("unavailable", 503, "The database does not answer. Nothing was kept; repeat after `Retry-After`."),
    ProblemType("too-much-at-once", 503, "The bodies on their way are as many as one worker can hold; repeat later."),
)


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field or parameter."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457). Some types have further members, such as the id of the record in the way."""

    type: Annotated[str, Meta(pattern=f"^{PREFIX}[a-z-]+$", description="Stable: decide by it.")]
    title: Annotated[str, Meta(description="The type in words.")]
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: Annotated[str, Meta(description="What happened and what to do next, for people.")]
    request_id: Annotated[str, Meta(description="The name of the request in our logs, also in X-Request-Id.")]
    errors: list[FieldError] | UnsetType = UNSET


def describe(status: int) -> str:
    """The types that come with a status, with their meanings."""
    return "\n".join(f"* `{PREFIX}{one.code}`: {one.meaning}" for one in PROBLEM_TYPES if one.status == status)


def example(status: int) -> dict[str, object]:
    """A problem document of that status."""
    first = next(one for one in PROBLEM_TYPES if one.status == status)
    return {
        "type": PREFIX + first.code,
        "title": first.code.replace("-", " ").capitalize(),
        "status": status,
        "detail": first.meaning,
        "request_id": "1c47bce2be3dc272",
    }
