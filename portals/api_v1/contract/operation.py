"""The declaration of an operation, and what it does around a view at each request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import Response, current_app, request

from core.errors import Refusal
from portals.api_v1.contract.query import NoParameters, QueryReader
from portals.api_v1.idempotency import require_key
from portals.forms import parse_json

JSON = "application/json"
# What an answer is made of: a shape in JSON, shapes by media type (None: text), or nothing.
Content = Any
View = Callable[..., object]


class NotAcceptable(Refusal):
    """The client takes nothing that there is."""

    code, status, title = "not-acceptable", 406, "Not acceptable"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with headers of its own, such as the `Location` of what was made."""

    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """What an endpoint promises. `answers` begins with the status of success.

    A view that `reads_body` itself is given none: its shape is for the document alone. One that is `keyed` would do a
    thing twice and needs an Idempotency-Key; one that is `conditional` heeds If-Match.
    """

    answers: Mapping[int, Content]
    query: type[msgspec.Struct] | None = None
    body: Any = None
    reads_body: bool = False
    refuses: tuple[int, ...] = ()
    keyed: bool = False
    conditional: bool = False
    example: Any = None

    @property
    def success(self) -> int:
        """The status of an answer that says no other."""
        return next(iter(self.answers))

    @property
    def media_types(self) -> tuple[str, ...]:
        """What answers of success come as."""
        content = self.answers[self.success]
        if content is None:
            return ()
        return tuple(content) if isinstance(content, Mapping) else (JSON,)


def operation(
    *,
    answers: Mapping[int, Content],
    query: type[msgspec.Struct] | None = None,
    body: Any = None,
    reads_body: bool = False,
    refuses: tuple[int, ...] = (),
    keyed: bool = False,
    conditional: bool = False,
    example: Any = None,
) -> Callable[[View], Callable[..., Response]]:
    """Declare a view, below its route. It is called with its path, with `query` and `body` where they are declared.

    It returns a body that fits `answers` (any struct, list or dict that msgspec encodes), an `Answer` with headers,
    None for no content, or a whole `Response`. Its name is the operation's id and its docstring the description.
    `refuses` are the statuses beyond those that follow from the rest of the declaration (document.py). Who may call it
    stands in portals/policy/table/.
    """
    declared = Operation(answers, query, body, reads_body, refuses, keyed, conditional, example)
    reader = QueryReader(query or NoParameters)
    decodes = body is not None and not reads_body

    def declare(view: View) -> Callable[..., Response]:
        @functools.wraps(view)
        def guarded(**given: Any) -> Response:
            _check_accepted(declared)
            if keyed:
                require_key()
            asked = reader.read(request.args)
            if query is not None:
                given["query"] = asked
            if decodes:
                given["body"] = parse_json(body)
            return _respond(view(**given), declared.success)

        guarded.operation = declared  # type: ignore[attr-defined]
        return guarded

    return declare


def find_operation(endpoint: str | None) -> Operation | None:
    """What was declared for an endpoint, such as `api_v1.list_vehicles`; None for one that declares nothing."""
    view = current_app.view_functions.get(endpoint or "")
    found: Operation | None = getattr(view, "operation", None)
    return found


def _check_accepted(declared: Operation) -> None:
    accepted = request.headers.get("Accept")
    if accepted is None or "*/*" in accepted or not declared.media_types:
        return
    if request.accept_mimetypes.best_match(declared.media_types) is None:
        raise NotAcceptable(
            f"The answer comes as {' or '.join(declared.media_types)}, which Accept does not name. "
            "Name it there, or leave the header out."
        )


_encode = msgspec.json.Encoder().encode


def _respond(made: object, status: int) -> Response:
    if isinstance(made, Response):
        return made
    answer = made if isinstance(made, Answer) else Answer(made)
    if answer.body is None:
        response = Response(status=status)
        del response.headers["Content-Type"]
    else:
        response = Response(_encode(answer.body), status=status, mimetype=JSON)
    response.headers.update(answer.headers)
    return response
