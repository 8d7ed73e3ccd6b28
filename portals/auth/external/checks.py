"""Whether what a provider says of a person is to be believed (OpenID Connect Core 1.0 section 3.1.3.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

# Signatures that only the provider can make: never "none", and never HMAC, which a public key could be passed off for.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
# Clocks differ.
LEEWAY_S = 60


class Doubtful(Exception):
    """An answer that is not believed, and why, for the log."""

    def __init__(self, why: str, *, may_be_of_new_key: bool = False) -> None:
        super().__init__(why)
        self.may_be_of_new_key = may_be_of_new_key


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say, in this round trip at this moment (`now`, seconds since 1970)."""

    issuer: str
    client_id: str
    algorithms: tuple[str, ...]
    nonce: str
    access_token: str | None = field(repr=False)
    now: int


def safe_algorithms(said: object) -> tuple[str, ...]:
    """Those that the provider says it signs with and that are safe; RS256, which all must have, if it says nothing."""
    named = said if isinstance(said, list) else ["RS256"]
    return tuple(name for name in ALGORITHMS if name in named)


def read_id_token(token: str, keys: KeySet, expected: Expected) -> dict[str, Any]:
    """The claims of a token that this provider signed for us and for this round trip. Raises Doubtful."""
    try:
        decoded = jwt.decode(token, keys, algorithms=expected.algorithms)
    except (InvalidKeyIdError, BadSignatureError) as problem:
        raise Doubtful(f"the id_token: {problem}", may_be_of_new_key=True) from None
    except (JoseError, ValueError) as problem:
        raise Doubtful(f"the id_token: {problem}") from None
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
        },
        params={
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    try:
        claims.validate(now=expected.now, leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError) as problem:
        raise Doubtful(f"the id_token: {problem}") from None
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise Doubtful("the id_token names nobody")
    return dict(claims)


def was_asked_again(claims: dict[str, Any], *, since: int) -> bool:
    """Whether the person proved themselves there after `since`, and was not only remembered (Core section 3.1.2.1)."""
    told = claims.get("auth_time")
    return isinstance(told, int) and not isinstance(told, bool) and told >= since - LEEWAY_S
