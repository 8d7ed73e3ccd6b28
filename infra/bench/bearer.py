"""What checking a bearer token costs once it is known, beside what must be done first, and beside one SHA-256.

    .venv/bin/python -m infra.bench.bearer [--rounds 20000]

Signed anew, a token costs a signature to check; known, a look-up and what is revoked, from memory. Each figure stands
beside the hash of the same token in the same run, because a figure from another machine says nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import timeit
import uuid
from collections.abc import Callable
from typing import Any

from core import clock, sealing
from core.db import Database
from core.identity.service import revocations
from core.identity.tokens import Holder, TokenIssuer, actor_of
from infra.bench.result import record
from infra.bench.stand import standing
from infra.errors import CannotStart

REPEATS = 7
# So many are revoked within a quarter of an hour on a bad day; the cost must not depend on it.
REVOKED = 1000


def main() -> None:
    """Issue a token of a person, and check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20_000)
    rounds = parser.parse_args().rounds
    try:
        with standing() as stand:
            database = Database(stand.dsn)
            secret = sealing.load_secret(stand.config)
            issuer = TokenIssuer(database, issuer=stand.config.base_url, secret=secret)
            record("bearer", _measure(database, issuer, rounds))
            database.close()
    except CannotStart as refusal:
        sys.exit(f"bench: {refusal}")


def _measure(database: Database, issuer: TokenIssuer, rounds: int) -> dict[str, Any]:
    at = clock.now()
    with database.transaction() as session:
        for _ in range(REVOKED):
            revocations.revoke_one(session, at=at, jti=uuid.uuid4().hex)
    holder = Holder(
        "erp-1",
        "Olga via Shifts",
        frozenset(range(20)),
        user_id=7,
        handle=uuid.uuid4(),
        authorization_id=uuid.uuid4(),
    )
    token = issuer.issue(holder, scope="openid vehicles:read telemetry:read access:read", at=at)["access_token"]

    def check() -> None:
        actor_of(issuer.check(token, at=at))

    def check_unknown() -> None:
        issuer.forget()
        check()

    check()
    known = _us(check, rounds)
    digest = _us(lambda: hashlib.sha256(token.encode()).digest(), rounds)
    return {
        "rounds": rounds,
        "revoked": REVOKED,
        "known_us": round(known, 2),
        "unknown_us": round(_us(check_unknown, max(1, rounds // 20)), 1),
        "sha256_us": round(digest, 2),
        "known_in_sha256": round(known / digest, 1),
    }


def _us(what: Callable[[], object], rounds: int) -> float:
    """Microseconds of one call, in the best of several rounds: what disturbs only adds."""
    return min(timeit.repeat(what, number=rounds, repeat=REPEATS)) / rounds * 1e6


if __name__ == "__main__":
    main()
