"""Access tokens (RFC 9068) and identity tokens (OpenID Connect), and what makes them good: keys and revocations."""

from __future__ import annotations

from core.identity.tokens.claims import Holder, actor_of
from core.identity.tokens.issuer import TokenIssuer
from core.identity.tokens.lifetimes import LIFETIME
from core.identity.tokens.signing import ALGORITHM, ensure_signing_key, list_public_keys

__all__ = [
    "ALGORITHM",
    "LIFETIME",
    "Holder",
    "TokenIssuer",
    "actor_of",
    "ensure_signing_key",
    "list_public_keys",
]
