"""Upkeep of the authorization server."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import Database
from core.identity.service import revocations
from tasks.tokens import keep_tokens

SECRET = bytes(32)


class TestKeepingTokens:
    def test_makes_a_key_once_a_month_and_not_twice_at_once(self, database: Database, at: datetime) -> None:
        first = keep_tokens(database, at=at, secret=SECRET)
        assert first is not None
        assert keep_tokens(database, at=at + timedelta(days=29), secret=SECRET) is None
        assert keep_tokens(database, at=at + timedelta(days=31), secret=SECRET) not in {None, first}
        assert keep_tokens(database, at=at + timedelta(days=31), secret=SECRET) is None

    def test_clears_revocations_that_name_nothing_alive(self, database: Database, at: datetime) -> None:
        with database.transaction() as session:
            revocations.revoke_one(session, at=at, jti="x")
        for later, left in ((timedelta(minutes=10), 1), (timedelta(minutes=21), 0)):
            keep_tokens(database, at=at + later, secret=SECRET)
            with database.reading() as reader:
                assert reader.scalar(sa.text("SELECT count(*) FROM identity_revocations")) == left
