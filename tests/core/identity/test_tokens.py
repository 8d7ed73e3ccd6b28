"""Tokens across processes: keys that change under them, and what is revoked."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from core.db import Database
from core.errors import Unauthenticated
from core.identity import service
from core.identity.service import revocations
from core.identity.tokens import Holder, TokenIssuer, actor_of, ensure_signing_key, list_public_keys, revoked, signing
from core.identity.tokens.lifetimes import KEPT_AFTER_SIGNING, SIGNS_AFTER
from core.permissions import system
from tests.conftest import ROOT, Fleet

SECRET = bytes(32)
ISSUER = "https://fleet.test"
MACHINE = Holder("erp-1", "Dispatch", frozenset({2, 1}))
MAINTENANCE = system("maintenance")


def person(user_id: int = 7, **who: object) -> Holder:
    return Holder(
        "erp-2", "Olga via Shifts", None, user_id=user_id, handle=uuid.uuid4(), authorization_id=uuid.uuid4(), **who
    )


@pytest.fixture
def issuer(database: Database, at: datetime) -> TokenIssuer:
    with database.transaction() as session:
        ensure_signing_key(session, secret=SECRET, at=at)
    return TokenIssuer(database, issuer=ISSUER, secret=SECRET)


@pytest.fixture
def other(database: Database, issuer: TokenIssuer) -> TokenIssuer:
    """Another process of the same product."""
    return TokenIssuer(database, issuer=ISSUER, secret=SECRET)


def rotate(database: Database, at: datetime, **only: timedelta) -> str | None:
    with database.transaction() as session:
        return service.rotate_signing_key(session, actor=MAINTENANCE, at=at, secret=SECRET, **only)


def token(issuer: TokenIssuer, at: datetime, holder: Holder = MACHINE, scope: str = "vehicles:read") -> str:
    return issuer.issue(holder, scope=scope, at=at)["access_token"]


def is_good(issuer: TokenIssuer, text: str, at: datetime) -> bool:
    try:
        issuer.check(text, at=at)
    except Unauthenticated:
        return False
    return True


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that PostgreSQL is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    for engine in (database.reader, database.writer):
        sa.event.listen(engine, "before_cursor_execute", note)
    yield asked
    for engine in (database.reader, database.writer):
        sa.event.remove(engine, "before_cursor_execute", note)


class TestATokenOfAPerson:
    def test_makes_an_actor_with_the_rights_it_names_and_no_role(self, issuer: TokenIssuer, at: datetime) -> None:
        text = token(issuer, at, person(), "openid vehicles:read offline_access")
        actor = actor_of(issuer.check(text, at=at))
        assert (actor.kind, actor.id, actor.name) == ("user", 7, "Olga via Shifts")
        assert actor.grants == {"vehicles:read"}
        assert actor.roles == frozenset()
        assert actor.parks is None

    def test_is_told_from_one_of_a_machine(self, issuer: TokenIssuer, at: datetime) -> None:
        actor = actor_of(issuer.check(token(issuer, at), at=at))
        assert (actor.kind, actor.id, actor.parks) == ("client", None, {1, 2})


class TestAToken:
    def test_costs_no_question_once_it_is_known(self, database: Database, issuer: TokenIssuer, at: datetime) -> None:
        texts = [token(issuer, at), token(issuer, at, person())]
        for text in texts:
            issuer.check(text, at=at)
        with counted(database) as asked:
            for _ in range(200):
                for text in texts:
                    actor_of(issuer.check(text, at=at))
        # What was revoked may be read once meanwhile, for all of them: not per token and not per check.
        assert len(asked) <= 2

    def test_is_refused_when_it_is_an_identity_token(self, issuer: TokenIssuer, at: datetime) -> None:
        claims = issuer.check(token(issuer, at), at=at)
        told = issuer.issue_id_token(claims, client_id=ISSUER, access_token="x", at=at)
        assert not is_good(issuer, told, at)

    @pytest.mark.parametrize("changed", [{"iss": "https://evil.test"}, {"aud": "https://other.test"}, {"exp": None}])
    def test_is_refused_when_it_is_meant_for_another(
        self, database: Database, issuer: TokenIssuer, at: datetime, changed: dict[str, object]
    ) -> None:
        claims = {**issuer.check(token(issuer, at), at=at), **changed}
        key = issuer._keys.private(at=at)
        header = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
        assert not is_good(issuer, jwt.encode(header, claims, key, algorithms=["ES256"]), at)

    def test_is_refused_when_the_public_key_was_taken_for_a_secret(
        self, database: Database, issuer: TokenIssuer, at: datetime
    ) -> None:
        claims = issuer.check(token(issuer, at), at=at)
        with database.reading() as reader:
            public = list_public_keys(reader, at=at)[0]
        pem = ECKey.import_key(public).as_pem(private=False)
        signed = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "at+jwt"}, claims))
        forged = f"{signed}.{_part(hmac.digest(pem, signed.encode(), 'sha256'))}"
        assert not is_good(issuer, forged, at)

    @pytest.mark.parametrize(
        "text", ["", ".", "..", "a.b.c", "e30.e30.", "W10.e30.x", "eyJraWQiOlsxXX0.e30.x", "é.é.é"]
    )
    def test_is_refused_when_it_is_none(self, issuer: TokenIssuer, at: datetime, text: str) -> None:
        assert not is_good(issuer, text, at)


class TestANewKey:
    def test_is_published_at_once_and_signs_when_everybody_has_read_it(
        self, database: Database, issuer: TokenIssuer, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = issuer._keys.private(at=at).kid
        new = rotate(database, at)
        assert _published(database, at) == {old, new}
        monkeypatch.setattr(issuer._keys, "_read_at", float("-inf"))
        assert issuer._keys.private(at=at + SIGNS_AFTER - timedelta(seconds=1)).kid == old
        assert issuer._keys.private(at=at + SIGNS_AFTER).kid == new

    def test_lets_the_old_one_go_when_its_last_token_has_died(
        self, database: Database, issuer: TokenIssuer, at: datetime
    ) -> None:
        old = issuer._keys.private(at=at).kid
        new = rotate(database, at)
        last_token_dies = at + SIGNS_AFTER + timedelta(minutes=15)
        assert old in _published(database, last_token_dies)
        assert _published(database, at + SIGNS_AFTER + KEPT_AFTER_SIGNING) == {new}

    def test_is_not_made_before_its_time(self, database: Database, issuer: TokenIssuer, at: datetime) -> None:
        assert rotate(database, at + timedelta(days=29), if_older_than=timedelta(days=30)) is None
        assert rotate(database, at + timedelta(days=30), if_older_than=timedelta(days=30)) is not None

    def test_turns_no_token_away_in_any_process(
        self, database: Database, issuer: TokenIssuer, other: TokenIssuer, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two processes check each other's tokens every minute while keys change three times."""
        seen, last = set(), []
        for minute in range(90):
            now = at + timedelta(minutes=minute)
            if minute in {5, 8, 40}:
                rotate(database, now)
            for process in (issuer, other):
                if (minute + (process is other)) % 2:
                    monkeypatch.setattr(process._keys, "_read_at", float("-inf"))  # a minute has passed for it
            made = [(now, token(issuer, now)), (now, token(other, now))]
            last = [(when, text) for when, text in last if now - when < timedelta(minutes=15)] + made
            assert all(is_good(process, text, now) for process in (issuer, other) for _, text in last), minute
            seen |= {issuer._keys.private(at=now).kid}
        assert len(seen) == 4

    def test_is_read_by_whoever_meets_it_but_unknown_names_do_not_make_a_flood(
        self, database: Database, issuer: TokenIssuer, other: TokenIssuer, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token(other, at)
        later = at + SIGNS_AFTER
        rotate(database, at)
        made = token(issuer, later)  # this process had not read any keys yet
        stranger = jwt.encode({"alg": "ES256", "kid": "no"}, {}, ECKey.generate_key("P-256"), algorithms=["ES256"])
        monkeypatch.setattr(signing, "_READ_AGAIN_AFTER_S", 0.0)
        assert is_good(other, made, later)
        monkeypatch.setattr(signing, "_READ_AGAIN_AFTER_S", 5.0)
        with counted(database) as asked:
            for _ in range(50):
                assert not is_good(other, stranger, later)
        assert len(asked) <= 2

    def test_that_another_secret_sealed_still_checks_what_it_signed(
        self, database: Database, issuer: TokenIssuer, at: datetime
    ) -> None:
        made = token(issuer, at)
        with database.transaction() as session:
            service.rotate_signing_key(session, actor=MAINTENANCE, at=at, secret=bytes(range(32)))
        changed = TokenIssuer(database, issuer=ISSUER, secret=bytes(range(32)))
        later = at + SIGNS_AFTER
        assert is_good(changed, made, later)
        assert is_good(changed, token(changed, later), later)


class TestARevocation:
    def pass_two_seconds(self, *processes: TokenIssuer) -> None:
        for process in processes:
            process._revocations._tried_at -= revoked.READ_EVERY_S + 0.1
            process._revocations._read_at -= revoked.READ_EVERY_S + 0.1

    def test_is_known_to_other_processes_after_two_seconds_and_not_asked_for_before(
        self, database: Database, issuer: TokenIssuer, other: TokenIssuer, at: datetime
    ) -> None:
        text = token(issuer, at)
        jti = other.check(text, at=at)["jti"]
        with database.transaction() as session:
            revocations.revoke_one(session, at=at, jti=jti)
        self.pass_two_seconds(other)
        assert not is_good(other, text, at)
        assert is_good(other, token(issuer, at), at)

    @pytest.mark.parametrize("kind", ["one", "family", "user", "client"])
    def test_ends_what_it_names_and_nothing_else(
        self, database: Database, issuer: TokenIssuer, fleet: Fleet, at: datetime, kind: str
    ) -> None:
        with database.transaction() as session:
            ensure_signing_key(session, secret=SECRET, at=at)
            made = service.create_client(session, actor=ROOT, at=at, name="Shifts", scopes=["vehicles:read"])
            handle = session.execute(sa.text("SELECT handle FROM identity_users WHERE id = 1")).scalar_one()
            client = session.execute(sa.text("SELECT id FROM identity_api_clients")).scalar_one()
        family, jti = uuid.uuid4(), ""
        mine = Holder(made.client_id, "Me", None, user_id=1, handle=handle, authorization_id=family)
        others = [MACHINE, person()]
        texts = [token(issuer, at, holder) for holder in others]
        text = token(issuer, at, mine)
        jti = issuer.check(text, at=at)["jti"]
        with database.transaction() as session:
            if kind == "one":
                revocations.revoke_one(session, at=at, jti=jti)
            elif kind == "family":
                revocations.revoke_family(session, at=at, authorization_id=family)
            elif kind == "user":
                revocations.revoke_user(session, at=at, user_id=1)
            else:
                revocations.revoke_client(session, at=at, client_id=client)
        self.pass_two_seconds(issuer)
        assert not is_good(issuer, text, at)
        assert all(is_good(issuer, text, at) for text in texts)

    def test_spares_what_was_issued_after_it(
        self, database: Database, issuer: TokenIssuer, fleet: Fleet, at: datetime
    ) -> None:
        with database.transaction() as session:
            revocations.revoke_user(session, at=at, user_id=1)
            handle, until = session.execute(
                sa.text("SELECT u.handle, r.up_to FROM identity_users u, identity_revocations r WHERE u.id = 1")
            ).one()
        mine = Holder("erp-2", "Me", None, user_id=1, handle=handle, authorization_id=uuid.uuid4())
        assert not is_good(issuer, token(issuer, until, mine), at)
        assert is_good(issuer, token(issuer, until + timedelta(milliseconds=2), mine), at)

    def test_that_commits_late_is_found_although_a_later_one_was_read(
        self, database: Database, issuer: TokenIssuer, at: datetime
    ) -> None:
        first, second = token(issuer, at), token(issuer, at)
        names = [issuer.check(text, at=at)["jti"] for text in (first, second)]
        with database.transaction() as slow:
            revocations.revoke_one(slow, at=at, jti=names[0])
            with database.transaction() as quick:
                revocations.revoke_one(quick, at=at, jti=names[1])
            self.pass_two_seconds(issuer)
            assert not is_good(issuer, second, at)
            assert is_good(issuer, first, at)
        self.pass_two_seconds(issuer)
        assert not is_good(issuer, first, at)

    def test_is_forgotten_when_what_it_names_has_expired(
        self, database: Database, issuer: TokenIssuer, at: datetime
    ) -> None:
        with database.transaction() as session:
            revocations.revoke_one(session, at=at, jti="x")
        token_of_now = token(issuer, at)
        issuer.check(token_of_now, at=at)
        assert len(issuer._revocations._up_to) == 1
        self.pass_two_seconds(issuer)
        later = at + timedelta(minutes=16)
        issuer.check(token(issuer, later), at=later)
        assert issuer._revocations._up_to == {}


class TestADatabaseThatIsAway:
    def test_lets_known_tokens_in_for_half_a_minute_and_then_nobody(
        self, database: Database, issuer: TokenIssuer, at: datetime
    ) -> None:
        text = token(issuer, at)
        assert is_good(issuer, text, at)
        lost = revoked.Revocations(Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"))
        lost._read_at = time.monotonic()
        lost._database.reading = _away  # type: ignore[method-assign]
        issuer._revocations = lost
        assert is_good(issuer, text, at)
        lost._read_at -= revoked.GOOD_FOR_S + 1
        with pytest.raises(revoked.Unknown):
            issuer.check(text, at=at)


@contextmanager
def _away() -> Iterator[None]:
    raise sa.exc.OperationalError("SELECT 1", {}, Exception("away"))
    yield


def _published(database: Database, at: datetime) -> set[str]:
    with database.reading() as reader:
        keys = list_public_keys(reader, at=at)
    KeySet.import_key_set({"keys": keys})
    return {key["kid"] for key in keys}


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
