"""Codes of authenticator apps, and the recovery codes beside them: each is good once, whoever asks at the same time."""

from __future__ import annotations

import base64
import threading
from datetime import datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from core import sealing
from core.audit import AuditEntry
from core.db import Database
from core.errors import Conflict, NotFound, Unauthenticated
from core.identity import queries, rules, service
from core.identity.models import Letter, RecoveryCode, Totp, User
from core.identity.service import Code, Password, Post
from core.permissions import OPERATOR, Actor
from tests.conftest import Fleet

POST = Post("https://erp.example.test", key=bytes(32))
KEY = bytes(range(32))
STEP = timedelta(seconds=30)


class Owner:
    """An operator with an authenticator app and recovery codes."""

    def __init__(self, database: Database, fleet: Fleet, at: datetime) -> None:
        self.database = database
        self.at = at
        self.id = fleet.user_ids["operator"]
        self.actor = Actor("user", self.id, "Operator", roles=frozenset({OPERATOR}))
        with database.transaction() as session:
            service.begin_totp(session, actor=self.actor, at=at, key=KEY)
        with database.reading() as reader:
            self.setup = queries.get_totp_setup(reader, viewer=self.actor, key=KEY)
        self.app = pyotp.TOTP(self.setup.secret)

    def confirm(self, code: str | None = None) -> list[str] | Unauthenticated:
        with self.database.transaction() as session:
            return service.confirm_totp(
                session, actor=self.actor, at=self.at, code=code or self.app.at(self.at), key=KEY, post=POST
            )

    def prove(self, text: str, *, at: datetime | None = None) -> str | Unauthenticated:
        with self.database.transaction() as session:
            return service.prove_second_factor(
                session, at=at or self.at, user_id=self.id, proof=Code(text), key=KEY, post=POST
            )

    def prove_at_once(self, text: str, *, times: int, at: datetime) -> list[str | Unauthenticated]:
        """The same code shown in several windows at the same moment."""
        answers: list[str | Unauthenticated] = []
        windows = [threading.Thread(target=lambda: answers.append(self.prove(text, at=at))) for _ in range(times)]
        for window in windows:
            window.start()
        for window in windows:
            window.join()
        return answers

    def factors(self) -> queries.Factors:
        with self.database.reading() as reader:
            return queries.get_factors(reader, viewer=self.actor, user_id=self.id)

    def audited(self) -> list[str]:
        with self.database.reading() as reader:
            query = sa.select(AuditEntry.action).where(AuditEntry.subject_kind == "user").order_by(AuditEntry.id)
            return [action for action in reader.scalars(query) if action != "identity.user_created"]


@pytest.fixture
def owner(database: Database, fleet: Fleet, at: datetime) -> Owner:
    return Owner(database, fleet, at)


class TestSettingUpAnApp:
    def test_does_not_count_before_a_code_of_it_was_right(self, owner: Owner) -> None:
        assert not owner.factors().has_second_factor
        assert isinstance(owner.confirm("000000"), Unauthenticated)
        assert not owner.factors().has_second_factor
        assert isinstance(owner.prove(owner.app.at(owner.at)), Unauthenticated)
        codes = owner.confirm()
        assert owner.factors().totp_since == owner.at
        assert len(codes) == owner.factors().recovery_left == 10
        assert owner.audited() == ["identity.totp_switched_on"]

    def test_tells_the_app_whose_it_is(self, owner: Owner) -> None:
        assert owner.setup.uri.startswith("otpauth://totp/Equinomix:operator%40example.test?secret=")

    def test_is_shown_no_longer_once_it_counts_and_not_begun_again(self, owner: Owner) -> None:
        owner.confirm()
        with pytest.raises(NotFound), owner.database.reading() as reader:
            queries.get_totp_setup(reader, viewer=owner.actor, key=KEY)
        with pytest.raises(Conflict), owner.database.transaction() as session:
            service.begin_totp(session, actor=owner.actor, at=owner.at, key=KEY)

    def test_keeps_a_secret_that_opens_only_in_the_row_of_its_owner(self, owner: Owner) -> None:
        with owner.database.reading() as reader:
            sealed = reader.scalar(sa.select(Totp.sealed_secret))
        assert owner.setup.secret.encode() not in sealed
        assert sealing.unseal(KEY, sealed, about=rules.totp_label(owner.id)).decode() == owner.setup.secret
        with pytest.raises(InvalidTag):
            sealing.unseal(KEY, sealed, about=rules.totp_label(owner.id + 1))


class TestACodeOfAnApp:
    def test_is_good_for_its_step_and_the_neighbours(self, owner: Owner) -> None:
        owner.confirm()
        now = owner.at + 10 * STEP
        assert owner.prove(owner.app.at(now - STEP), at=now) == "otp"
        assert owner.prove(owner.app.at(now + STEP), at=now) == "otp"
        later = now + 10 * STEP
        assert isinstance(owner.prove(owner.app.at(later - 2 * STEP), at=later), Unauthenticated)
        assert isinstance(owner.prove(owner.app.at(later + 2 * STEP), at=later), Unauthenticated)

    def test_is_good_once_and_none_before_it(self, owner: Owner) -> None:
        owner.confirm()
        now = owner.at + 10 * STEP
        assert isinstance(owner.prove(owner.app.at(owner.at), at=owner.at), Unauthenticated)
        assert owner.prove(f" {owner.app.at(now)[:3]} {owner.app.at(now)[3:]} ", at=now) == "otp"
        assert isinstance(owner.prove(owner.app.at(now), at=now), Unauthenticated)
        assert isinstance(owner.prove(owner.app.at(now - STEP), at=now), Unauthenticated)

    def test_shown_twice_at_the_same_moment_is_taken_once(self, owner: Owner) -> None:
        owner.confirm()
        now = owner.at + 10 * STEP
        assert owner.prove_at_once(owner.app.at(now), times=4, at=now).count("otp") == 1

    def test_that_is_wrong_counts_as_a_wrong_password_does(self, owner: Owner) -> None:
        owner.confirm()
        now = owner.at + 10 * STEP
        for _ in range(5):
            owner.prove("abcdefgh", at=now)
        refused = owner.prove(owner.app.at(now), at=now)
        assert isinstance(refused, Unauthenticated)
        assert "Try again in 16 seconds" in refused.detail
        assert owner.prove(owner.app.at(now + STEP), at=now + STEP) == "otp"

    def test_cannot_be_guessed_between_right_passwords(self, owner: Owner, fleet: Fleet) -> None:
        owner.confirm()
        now = owner.at + 10 * STEP
        email = fleet.email("operator")
        for _ in range(5):
            with owner.database.transaction() as session:
                assert service.sign_in(session, at=now, email=email, password=fleet.password) == owner.id
            owner.prove("000000" if owner.app.at(now) != "000000" else "111111", at=now)
        with owner.database.transaction() as session:
            locked = service.sign_in(session, at=now, email=email, password=fleet.password)
        assert isinstance(locked, Unauthenticated)


class TestSwitchingAnAppOff:
    def test_takes_the_recovery_codes_with_it_when_it_was_the_last_factor(self, owner: Owner) -> None:
        owner.confirm()
        with owner.database.transaction() as session:
            service.remove_totp(session, actor=owner.actor, at=owner.at, post=POST)
        assert not owner.factors().has_second_factor
        assert owner.factors().recovery_left == 0
        with owner.database.reading() as reader:
            detail = reader.scalar(sa.select(AuditEntry.detail).order_by(AuditEntry.id.desc()).limit(1))
        assert detail == {"was_last_factor": True}


class TestARecoveryCode:
    def test_stands_in_for_the_app_once_however_it_is_typed(self, owner: Owner) -> None:
        codes = owner.confirm()
        assert isinstance(codes, list)
        typed = codes[0].upper().replace("-", " ").replace("O", "0").replace("L", "1").replace("B", "8")
        assert owner.prove(typed) == "otp"
        assert isinstance(owner.prove(codes[0]), Unauthenticated)
        assert owner.factors().recovery_left == 9
        assert owner.audited()[-1] == "identity.recovery_code_used"

    def test_shown_twice_at_the_same_moment_is_taken_once(self, owner: Owner) -> None:
        codes = owner.confirm()
        assert isinstance(codes, list)
        assert owner.prove_at_once(codes[0], times=4, at=owner.at).count("otp") == 1

    def test_is_kept_as_a_hash_alone(self, owner: Owner) -> None:
        codes = owner.confirm()
        with owner.database.reading() as reader:
            kept = " ".join(reader.scalars(sa.select(RecoveryCode.code_hash)))
        assert not any(code in kept or code.replace("-", "") in kept for code in codes)

    def test_is_good_no_longer_after_a_new_set(self, owner: Owner) -> None:
        old = owner.confirm()
        with owner.database.transaction() as session:
            new = service.renew_recovery_codes(session, actor=owner.actor, at=owner.at, post=POST)
        assert isinstance(owner.prove(old[0]), Unauthenticated)
        assert owner.prove(new[0]) == "otp"
        assert len(new) == 10

    def test_is_made_for_nobody_without_a_second_factor(self, owner: Owner) -> None:
        with pytest.raises(Conflict), owner.database.transaction() as session:
            service.renew_recovery_codes(session, actor=owner.actor, at=owner.at, post=POST)

    @given(st.binary(min_size=10, max_size=10), st.sampled_from(["", "-", " "]), st.booleans())
    def test_is_read_as_it_was_made(self, made: bytes, between: str, shouted: bool) -> None:
        code = base64.b32encode(made).decode().lower()
        typed = between.join(code.translate(str.maketrans("olb", "018")))
        assert rules.plain_recovery_code(typed.upper() if shouted else typed) == code


class TestConfirming:
    def test_counts_wrong_passwords_and_starts_the_clock_of_this_session_alone(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        user_id = fleet.user_ids["admin"]
        long_ago = at - timedelta(hours=1)
        with database.transaction() as session:
            who = {"user_id": user_id, "method": "pwd", "address": "", "agent": ""}
            cookies = [service.start_session(session, at=long_ago, **who) for _ in range(2)]
        here = int(cookies[0].partition(":")[0])

        def confirm(password: str) -> Unauthenticated | None:
            with database.transaction() as session:
                return service.confirm_session(
                    session, at=at, user_id=user_id, session_id=here, proof=Password(password), key=KEY, post=POST
                )

        assert isinstance(confirm("wrong"), Unauthenticated)
        with database.reading() as reader:
            assert reader.scalar(sa.select(User.failed_count).where(User.id == user_id)) == 1
        assert confirm(fleet.password) is None
        with database.reading() as reader:
            found = [queries.find_signed_in(reader, cookie=cookie, at=at) for cookie in cookies]
        assert [person.confirmed_at for person in found if person] == [at, long_ago]
        with database.reading() as reader:
            told = sa.select(AuditEntry.detail["method"].astext).where(AuditEntry.action == "identity.confirmed")
            assert reader.scalars(told).all() == ["pwd"], "the wrong one is no proof"


class TestWhoseFactorsChange:
    def test_are_told_by_letter_what_happened(self, owner: Owner) -> None:
        codes = owner.confirm()
        owner.prove(codes[0])
        with owner.database.transaction() as session:
            service.renew_recovery_codes(session, actor=owner.actor, at=owner.at, post=POST)
        with owner.database.transaction() as session:
            service.remove_totp(session, actor=owner.actor, at=owner.at, post=POST)
        with owner.database.reading() as reader:
            letters = list(reader.execute(sa.select(Letter.id, Letter.sealed_text).order_by(Letter.id)))
        told = [sealing.unseal(POST.key, row.sealed_text, about=f"letter:{row.id}").decode() for row in letters]
        assert [text.splitlines()[2].partition(" on ")[0] for text in told] == [
            "An authenticator app was set up",
            "A recovery code was used",
            "New recovery codes were made",
            "The authenticator app was switched off",
        ]


class TestResettingTheFactorsOfSomebody:
    def test_takes_all_away_ends_their_sessions_and_is_audited(self, owner: Owner) -> None:
        owner.confirm()
        admin = Actor("user", 1, "Admin", roles=frozenset({"admin"}), parks=None)
        with owner.database.transaction() as session:
            cookie = service.start_session(
                session, at=owner.at, user_id=owner.id, method="pwd otp", address="", agent=""
            )
        with owner.database.transaction() as session:
            service.reset_factors(session, actor=admin, at=owner.at, user_id=owner.id, post=POST)
        assert not owner.factors().has_second_factor
        with owner.database.reading() as reader:
            assert queries.find_signed_in(reader, cookie=cookie, at=owner.at) is None
        assert owner.audited()[-1] == "identity.factors_reset"


class TestTheCounterOfAPasskey:
    @given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
    def test_goes_forward_or_does_not_count_at_all(self, known: int, shown: int) -> None:
        good = rules.is_counter_good(known=known, shown=shown)
        assert good == (shown > known or known == shown == 0)
