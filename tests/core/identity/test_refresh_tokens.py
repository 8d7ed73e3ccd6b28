"""Refresh tokens in two processes at once, whatever their client's row does."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.db import Database
from core.identity import service
from core.identity.models import Authorization
from core.identity.service import Family
from tests.conftest import ROOT, Fleet


@pytest.fixture
def family(database: Database, fleet: Fleet, at: datetime) -> Family:
    with database.transaction() as session:
        service.create_client(
            session, actor=ROOT, at=at, name="Shifts", scopes=[], redirect_uris=["https://shifts.example.com/"]
        )
        user_id, client_id = fleet.user_ids["operator"], 1
        made = Family(uuid.uuid4(), client_id, user_id, frozenset({"offline_access"}), at, at)
        session.add(
            Authorization(
                id=made.authorization_id,
                client_id=client_id,
                user_id=user_id,
                scopes=sorted(made.scopes),
                auth_time=at,
                created_at=at,
                last_used_at=at,
            )
        )
    return made


class TestARefreshToken:
    def test_that_one_holds_is_waited_for_by_another_who_then_ends_the_family(
        self, database: Database, family: Family, at: datetime
    ) -> None:
        with database.transaction() as session:
            token = service.give_refresh_token(session, at=at, family=family)
        found: list[Family | None] = []

        def hold() -> None:
            with database.transaction() as session:
                found.append(service.hold_refresh_token(session, at=at, token=token, client_id=1))

        with database.transaction() as session:
            assert service.hold_refresh_token(session, at=at, token=token, client_id=1) == family
            other = threading.Thread(target=hold)
            other.start()
            other.join(0.3)
            assert other.is_alive(), "it did not wait"
            service.use_refresh_token(session, at=at, token=token)
        other.join()
        assert found == [None]
        with database.reading() as reader:
            why = reader.scalar(sa.text("SELECT ended_why FROM identity_authorizations"))
        assert why == "a refresh token was shown twice"

    def test_is_never_good_for_longer_than_its_family(self, database: Database, family: Family, at: datetime) -> None:
        later = at + timedelta(days=29)
        with database.transaction() as session:
            token = service.give_refresh_token(session, at=later, family=family)
        with database.transaction() as session:
            assert service.hold_refresh_token(session, at=later, token=token, client_id=1) is not None
            over = at + timedelta(days=30)
            assert service.hold_refresh_token(session, at=over, token=token, client_id=1) is None
