"""People: passwords, sign-in, lockout."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, Unauthenticated
from core.identity import queries, service
from tests.conftest import ROOT, Fleet


def sign_in(database: Database, fleet: Fleet, at: datetime, password: str) -> int | Unauthenticated:
    with database.transaction() as session:
        return service.sign_in(session, at=at, email=fleet.email("operator").upper(), password=password)


class TestSigningIn:
    def test_takes_the_right_password_in_any_case_of_the_email(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        assert sign_in(database, fleet, at, fleet.password) == fleet.user_ids["operator"]

    def test_does_not_tell_a_wrong_password_from_an_unknown_email(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        with database.transaction() as session:
            nobody = service.sign_in(session, at=at, email="nobody@example.test", password="x")
        wrong = sign_in(database, fleet, at, "wrong")
        assert isinstance(nobody, Unauthenticated)
        assert isinstance(wrong, Unauthenticated)
        assert nobody.detail == wrong.detail

    def test_is_closed_for_a_while_after_five_wrong_passwords_even_to_the_right_one(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        for _ in range(5):
            sign_in(database, fleet, at, "wrong")
        assert isinstance(sign_in(database, fleet, at, fleet.password), Unauthenticated)
        assert sign_in(database, fleet, at + timedelta(seconds=16), fleet.password) == fleet.user_ids["operator"]

    def test_counts_guesses_made_at_the_same_time(self, database: Database, fleet: Fleet, at: datetime) -> None:
        guesses = [threading.Thread(target=sign_in, args=(database, fleet, at, "wrong")) for _ in range(6)]
        for guess in guesses:
            guess.start()
        for guess in guesses:
            guess.join()
        assert isinstance(sign_in(database, fleet, at, fleet.password), Unauthenticated)


class TestAddingAPerson:
    def test_is_for_administrators(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            cookie = service.start_session(
                session, at=at, user_id=fleet.user_ids["operator"], method="pwd", address="", agent=""
            )
            found = queries.find_signed_in(session.connection(), cookie=cookie, at=at)
            assert found is not None
            with pytest.raises(Forbidden):
                service.create_user(
                    session,
                    actor=found.actor,
                    at=at,
                    email="x@y.z",
                    name="X",
                    password="p" * 20,
                    roles=["admin"],
                )

    def test_names_every_field_that_is_wrong(self, database: Database, at: datetime) -> None:
        with pytest.raises(Invalid) as refusal, database.transaction() as session:
            service.create_user(
                session, actor=ROOT, at=at, email="nonsense", name=" ", password="short", roles=["king"]
            )
        assert set(refusal.value.fields) == {"email", "name", "password", "roles"}

    def test_refuses_an_email_that_has_an_account(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(Conflict), database.transaction() as session:
            service.create_user(
                session,
                actor=ROOT,
                at=at,
                email=fleet.email("admin").upper(),
                name="Again",
                password="a long enough one",
                roles=["admin"],
            )
