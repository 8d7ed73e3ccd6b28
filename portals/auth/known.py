"""Whom a browser was used by before: they get in from it although guesses from elsewhere lock their account.

OWASP calls it a device cookie. It signs nobody in, and it is good for a count of its own only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

COOKIE = "erp_known"
# The last few people of a shared browser; and for how long a browser may keep a cookie at all.
MOST_PEOPLE = 8
KEPT_S = 400 * 86_400


def known_people() -> Mapping[int, str]:
    """The ids of people who signed in with this browser, and its secret for each."""
    try:
        people = _serializer().loads(request.cookies.get(COOKIE, ""))
        return {int(user_id): str(secret) for user_id, secret in people.items()}
    except (BadSignature, AttributeError, ValueError):
        return {}


def remember(user_id: int) -> None:
    """Let the answer to this request tell the browser that it was used by this person."""
    people = dict(known_people())
    secret = people.pop(user_id, None) or secrets.token_urlsafe(16)
    kept = [*people.items(), (user_id, secret)][-MOST_PEOPLE:]

    @after_this_request
    def tell(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            _serializer().dumps({str(person): its for person, its in kept}),
            max_age=KEPT_S,
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
            path="/sign-in",
        )
        return response


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=COOKIE)
