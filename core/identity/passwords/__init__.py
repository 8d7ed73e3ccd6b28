"""argon2id with OWASP's parameters (19 MiB, two passes, one lane): about 30 ms, so that guesses cannot exhaust us."""

from __future__ import annotations

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Verified when the e-mail is unknown, so that an answer takes as long for nobody as for somebody.
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The argon2id hash of `password`, parameters and salt included."""
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether `password` is the one behind `password_hash`; None costs the same time and is always False."""
    try:
        return _HASHER.verify(password_hash or _NOBODY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _HASHER.check_needs_rehash(password_hash)


def hash_secret(secret: str) -> str:
    """The hash of a secret that a machine made at random: 128 bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, secret_hash: str) -> bool:
    """Whether `secret` is the one behind `secret_hash`, in constant time."""
    return hmac.compare_digest(hash_secret(secret), secret_hash)
