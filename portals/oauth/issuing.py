"""Access tokens, and the refresh tokens that go with them, for what a grant has found good."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError

from core.identity import service
from core.identity.tokens import Holder
from core.permissions import PERSONAL_SCOPES, Actor
from portals.doors import at, erp, write
from portals.oauth.clients import OAuthClient
from portals.oauth.grants import Consenting


def generate_token(
    grant_type: str,
    client: OAuthClient,
    user: Consenting | None = None,
    scope: str | None = None,
    expires_in: int | None = None,
    include_refresh_token: bool = False,
) -> dict[str, Any]:
    """The token response (RFC 6749 section 5.1): of a machine, or of an app for a person.

    An app has no right that its person does not have at this moment, and sees no park that either of them does not.
    """
    allowed = client.get_allowed_scope(scope)
    if allowed is None:
        raise InvalidScopeError("The client has none of these scopes.")
    if user is None:
        return erp().tokens.issue(
            Holder(client.own.client_id, client.own.name, client.own.park_ids), scope=allowed, at=at()
        )
    person, family = user.person, user.family
    holder = Holder(
        client.own.client_id,
        f"{person.actor.name} via {client.own.name}",
        _both(person.actor.parks, client.own.park_ids),
        user_id=family.user_id,
        handle=person.handle,
        authorization_id=family.authorization_id,
        narrow=person.actor.through(allowed.split()).narrow,
    )
    token = erp().tokens.issue(holder, scope=held_by(person.actor, allowed), at=at())
    if include_refresh_token and "offline_access" in family.scopes:
        token["refresh_token"] = service.give_refresh_token(write(), at=at(), family=family)
    return token


def keep_nothing(token: dict[str, Any], oauth_request: object) -> None:
    """Access tokens are signed, short-lived and not stored."""


def held_by(person: Actor, scope: str) -> str:
    """Those of the scopes that a person can give: what is theirs to tell, and the rights they have themselves."""
    return " ".join(one for one in scope.split() if one in PERSONAL_SCOPES or person.may(one))


def _both(some: frozenset[int] | None, others: frozenset[int] | None) -> frozenset[int] | None:
    """The parks in both views; None is all of them."""
    if some is None or others is None:
        return others if some is None else some
    return some & others
