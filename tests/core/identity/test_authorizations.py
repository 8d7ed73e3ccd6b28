"""Letting an app in, in the very moment in which everything that apps have of a person ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa

from core.db import Database, Writer
from core.errors import Unauthenticated
from core.identity import queries, service
from core.identity.models import Authorization
from core.identity.queries import SignedIn
from core.identity.service import Asked
from tests.conftest import ROOT, Fleet

ASKED = Asked(frozenset({"vehicles:read"}), "https://shifts.example.com/", "challenge", None)


@pytest.fixture
def person(database: Database, fleet: Fleet, at: datetime) -> SignedIn:
    """An operator who is signed in, where an app is registered."""
    who = {"user_id": fleet.user_ids["operator"], "method": "pwd", "address": "", "agent": ""}
    with database.transaction() as session:
        cookie = service.start_session(session, at=at, **who)  # type: ignore[arg-type]
    with database.reading() as reader:
        found = queries.find_signed_in(reader, cookie=cookie, at=at)
    assert found is not None
    return found


@pytest.fixture
def let_in(database: Database, person: SignedIn, at: datetime) -> Callable[[Writer], str]:
    """The person lets a registered app in."""
    with database.transaction() as session:
        app = service.create_client(
            session, actor=ROOT, at=at, name="Shifts", scopes=["vehicles:read"], redirect_uris=[ASKED.redirect_uri]
        )

    def let(session: Writer) -> str:
        return service.authorize_app(
            session, actor=person.actor, at=at, client_id=app.client_id, asked=ASKED, session_id=person.session_id
        )

    return let


class TestAnAppThatIsLetIn:
    def test_while_the_account_is_being_closed_is_not(
        self, database: Database, person: SignedIn, let_in: Callable[[Writer], str], at: datetime
    ) -> None:
        refused: list[str] = []

        def ask() -> None:
            with pytest.raises(Unauthenticated) as refusal, database.transaction() as session:
                let_in(session)
            refused.append(refusal.value.detail)

        with database.transaction() as session:
            service.close_user(session, actor=ROOT, at=at, user_id=person.user_id)
            other = threading.Thread(target=ask)
            other.start()
            other.join(0.3)
            assert other.is_alive(), "it did not wait"
        other.join()
        assert refused == ["Your session has ended. Sign in again to let the app in."]

    def test_just_before_the_account_is_closed_ends_with_it(
        self, database: Database, person: SignedIn, let_in: Callable[[Writer], str], at: datetime
    ) -> None:
        def close() -> None:
            with database.transaction() as session:
                service.close_user(session, actor=ROOT, at=at, user_id=person.user_id)

        with database.transaction() as session:
            let_in(session)
            other = threading.Thread(target=close)
            other.start()
            other.join(0.3)
            assert other.is_alive(), "it did not wait"
        other.join()
        with database.reading() as reader:
            assert reader.scalars(sa.select(Authorization.ended_why)).one() == "account closed"
