"""What an access token says, and who acts by it (RFC 9068)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.identity.tokens.revoked import Key
from core.permissions import GRANTABLE, Actor, NarrowGrant


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token stands for: an API client, or a person who lets an app act for them.

    `name` stands in the audit beside everything done by the token. `parks` are those in view (None: all of them); a
    right among `narrow` holds where that says, and nowhere else. A person has a number, a `handle` by which apps know
    them, and an authorization: the family of the app's tokens.
    """

    client_id: str
    name: str
    parks: frozenset[int] | None
    user_id: int | None = None
    handle: uuid.UUID | None = None
    authorization_id: uuid.UUID | None = None
    narrow: frozenset[NarrowGrant] = frozenset()


def write_claims(holder: Holder, *, scope: str, issuer: str, at: datetime, lifetime_s: int, jti: str) -> dict[str, Any]:
    """The claims of an access token. Everything a request must know is in them, so that it looks nothing up.

    `iat` has milliseconds, so that a token of the moment after a revocation is good.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": issuer,
        "sub": holder.client_id if holder.handle is None else str(holder.handle),
        "client_id": holder.client_id,
        "name": holder.name,
        "scope": scope,
        "parks": None if holder.parks is None else sorted(holder.parks),
        "iat": int(at.timestamp() * 1000) / 1000,
        "exp": int(at.timestamp()) + lifetime_s,
        "jti": jti,
    }
    if holder.handle is not None:
        claims["user"] = holder.user_id
        claims["authorization"] = str(holder.authorization_id)
    if holder.narrow:
        claims["narrow"] = [[grant.permission, grant.park_id, grant.vehicle_id] for grant in holder.narrow]
    return claims


def revocation_keys(claims: dict[str, Any]) -> tuple[Key, ...]:
    """By what a token with these claims may be revoked."""
    keys = (("token", claims["jti"]), ("client", claims["client_id"]))
    if "user" not in claims:
        return keys
    return (*keys, ("authorization", claims["authorization"]), ("user", claims["sub"]))


def actor_of(claims: dict[str, Any]) -> Actor:
    """Who acts by checked claims: a client, or a person by an app. The rights are those that the token names."""
    parks = claims["parks"]
    narrow = frozenset(NarrowGrant(*grant) for grant in claims.get("narrow", ()))
    return Actor(
        kind="user" if "user" in claims else "client",
        id=claims.get("user"),
        name=claims["name"],
        grants=frozenset(claims["scope"].split()) & GRANTABLE.keys() - {grant.permission for grant in narrow},
        narrow=narrow,
        parks=None if parks is None else frozenset(parks),
        client_id=claims["client_id"],
    )
