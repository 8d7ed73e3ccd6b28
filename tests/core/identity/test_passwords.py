"""Passwords: which will do, and hashes that keep up with the times."""

from __future__ import annotations

from datetime import datetime

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database
from core.identity import passwords, service
from core.identity.models import User
from core.identity.passwords.common import is_common
from core.identity.service.persons import password_problem
from tests.conftest import TRUE_HASHER, Fleet


class TestAPassword:
    @pytest.mark.parametrize(
        "password",
        [
            "password1234",
            "P@ssw0rd2024!",
            "PasswordPassword",
            "123456789012",
            "iloveyou 12345",
            "!!!dragon!!!!",
            "qwertyuiop12",
            "abcabcabcabc",
            "aaaaaaaaaaaa",
        ],
    )
    def test_that_is_tried_first_will_not_do(self, password: str) -> None:
        assert is_common(password)

    @pytest.mark.parametrize(
        "password", ["correct horse battery staple", "three quiet words", "k7#2mP9x!qL4zz", "Фиалки под окном"]
    )
    def test_of_words_or_at_random_will_do(self, password: str) -> None:
        assert password_problem(password, email="mia@example.test", name="Mia Chen") is None

    @pytest.mark.parametrize("password", ["my horse is Daniela", "quiet.daniela.words", "we love mcgregor so"])
    def test_does_not_hold_the_name_or_the_email(self, password: str) -> None:
        problem = password_problem(password, email="daniela.mcgregor@example.test", name="Daniela McGregor")
        assert problem == "Do not use your name or your e-mail address in the password."

    @given(st.text(min_size=12, max_size=64))
    def test_is_judged_whatever_it_is_made_of(self, password: str) -> None:
        problem = password_problem(password, email="mia@example.test", name="Mia")
        assert problem is None or problem.endswith((".", "fine."))


class TestAHash:
    def test_costs_a_guesser_what_owasp_advises(self) -> None:
        made = extract_parameters(TRUE_HASHER.hash("three quiet words"))
        assert (made.type, made.time_cost, made.memory_cost, made.parallelism) == (Type.ID, 2, 19_456, 1)

    def test_made_with_other_parameters_is_made_anew_at_the_next_sign_in(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(fleet.password)
        driver = fleet.user_ids["driver"]
        with database.transaction() as session:
            session.get_one(User, driver).password_hash = old
        for _ in range(2):
            with database.transaction() as session:
                service.sign_in(session, at=at, email=fleet.email("driver"), password=fleet.password)
        with database.transaction() as session:
            made = session.get_one(User, driver).password_hash
        assert made is not None
        assert made != old
        assert not passwords.is_outdated(made)
        assert passwords.is_password(fleet.password, made)
