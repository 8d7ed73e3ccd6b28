"""Idempotency-Key on unsafe methods: a request that is repeated under its key is done once and answered alike.

Source: draft-ietf-httpapi-idempotency-key-header-07. The key is taken as the draft writes it, a quoted string of
structured fields (RFC 9651), and bare, as most programs send it; the two forms of one key are the same key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial

from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue

from core import idempotency
from core.errors import Refusal
from core.idempotency import Answer
from portals.doors import at, caller, write

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# A vehicle is let go whatever is wrong with a key: the request is done as one without.
NEVER_REFUSED = frozenset({"api_v1.release"})
KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")
LONGEST_KEY = 255
_BARE = re.compile(r"[!#-+\--~]{1,255}")  # visible ASCII without the quote and the comma
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,510})"')
_HOW = (
    "Send one as Idempotency-Key: a new random text for each new request, such as a UUID, "
    "and the same one when you repeat a request whose answer did not reach you."
)


class KeyMalformed(Refusal):
    """The key is not one."""

    code, status, title = "idempotency-key-malformed", 400, "This is no Idempotency-Key"


class KeyRequired(Refusal):
    """A request that would do a thing twice comes without a key."""

    code, status, title = "idempotency-key-required", 400, "An Idempotency-Key is needed"


def gate() -> None:
    """Have the view of a request with a key run under that key."""
    text = request.headers.get("Idempotency-Key")
    if text is None or request.method in SAFE:
        return
    key = parse_key(text)
    if key is not None:
        g.around = partial(_once, key)
    elif request.endpoint not in NEVER_REFUSED:
        raise KeyMalformed(f"A key is 1 to {LONGEST_KEY} visible ASCII characters. {_HOW}")


def require_key() -> None:
    """Raise KeyRequired unless the request has a key. For what has no name of its own and would be there twice."""
    if "around" not in g:
        raise KeyRequired(f"Without a key this would be done twice if your request were repeated on its way. {_HOW}")


def keep_no_answer() -> None:
    """Keep that this request was done, and not its answer: it shows a secret, once."""
    g.is_answer_secret = True


def parse_key(text: str) -> str | None:
    """The key that a header names, or None when it is none."""
    text = text.strip(" \t")
    if _BARE.fullmatch(text):
        return text
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        return None
    key = re.sub(r"\\(.)", r"\1", quoted.group(1))
    # A space is no visible character, though structured fields would take it.
    return key if len(key) <= LONGEST_KEY and " " not in key else None


def _once(key: str, view: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """What was answered to this request before; else do it, and keep the answer with what it does.

    A refusal that the view raises rolls all of it back, so nothing is kept of a request that had no effect.
    """
    fingerprint = _fingerprint()
    try:
        kept = idempotency.find_answer(write(), at=at(), client=caller(), key=key, fingerprint=fingerprint)
    except Refusal:
        if request.endpoint in NEVER_REFUSED:
            return view()
        raise
    if kept is not None:
        response = Response(kept.body, status=kept.status, headers=kept.headers)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    response = make_response(view())
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    body = None if g.get("is_answer_secret") else response.get_data()
    answer = Answer(response.status_code, headers, body)
    idempotency.keep(write(), answer, at=at(), client=caller(), key=key, fingerprint=fingerprint)
    return response


def _fingerprint() -> bytes:
    """What makes a request the same one: method, address, query and body."""
    named = "\n".join((request.method, request.path, request.query_string.decode("latin-1"), ""))
    digest = hashlib.sha256(named.encode())
    digest.update(request.get_data())
    return digest.digest()
