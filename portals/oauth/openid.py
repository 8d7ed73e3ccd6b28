"""Who signed in, told to the app (OpenID Connect Core)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.hooks import Hookable

from core.identity.queries import Person
from portals.doors import at, erp


class IdentityToken:
    """Adds an identity token to the tokens for a code, when the app asked for `openid` (section 3.1.3.3)."""

    def __call__(self, grant: Hookable) -> None:
        """Let a grant add it."""
        grant.register_hook("after_create_token_response", self._add)

    def _add(self, grant: Any, response: tuple[int, dict[str, Any], object]) -> None:
        _, token, _ = response
        if "openid" not in token["scope"].split():
            return
        code = grant.request.authorization_code.code
        claims = {
            **describe(grant.request.user.person, token["scope"]),
            "auth_time": int(code.family.auth_time.timestamp()),
            **({"nonce": code.nonce} if code.nonce else {}),
        }
        token["id_token"] = erp().tokens.issue_id_token(
            claims, client_id=grant.request.client.get_client_id(), access_token=token["access_token"], at=at()
        )


def describe(person: Person, scope: str) -> dict[str, Any]:
    """What the scopes of a token let an app know of its person (section 5.4)."""
    asked = scope.split()
    told: dict[str, Any] = {"sub": str(person.handle)}
    if "profile" in asked:
        told |= {"name": person.name, "zoneinfo": person.time_zone}
    if "email" in asked:
        told["email"] = person.email
    return told
