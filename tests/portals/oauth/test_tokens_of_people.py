"""What an app gets for a code, what it keeps by refreshing, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from core import audit, clock
from core.db import Database
from core.identity import service
from core.identity.models import AuthorizationCode, RefreshToken
from core.identity.service import NewClient
from core.permissions import Actor, system
from portals.doors import ErpApp
from tests.conftest import ROOT, Fleet
from tests.portals.oauth.conftest import BACK, ShiftsApp, told

Later = Callable[[], None]


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock on."""
    real = clock.now

    def move(by: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + by)

    return move


class TestACode:
    def test_brings_tokens_that_the_api_takes(self, shifts: ShiftsApp) -> None:
        answer = shifts.exchange(shifts.code())
        assert answer.headers["Cache-Control"] == "no-store"
        tokens = answer.json
        assert tokens["token_type"] == "Bearer"
        assert tokens["expires_in"] == 900
        assert tokens["refresh_token"]
        assert shifts.reads(tokens["access_token"]) == 200

    def test_shows_the_app_only_what_the_person_sees(self, shifts: ShiftsApp, fleet: Fleet) -> None:
        token = shifts.tokens()["access_token"]
        listed = shifts.program.get("/api/v1/vehicles", headers={"Authorization": f"Bearer {token}"}).json
        assert [vehicle["id"] for vehicle in listed["items"]] == [fleet.vehicle_id]

    def test_shows_the_app_no_park_that_it_may_not_see_itself(
        self, shifts: ShiftsApp, register: Callable[..., NewClient], fleet: Fleet
    ) -> None:
        shifts.made = register(BACK, park_ids=[fleet.other_park_id])
        token = shifts.tokens()["access_token"]
        listed = shifts.program.get("/api/v1/vehicles", headers={"Authorization": f"Bearer {token}"}).json
        assert listed["items"] == []

    def test_brings_no_refresh_token_unless_the_person_lets_the_app_stay(self, shifts: ShiftsApp) -> None:
        assert "refresh_token" not in shifts.tokens(scope="vehicles:read")

    def test_is_worth_nothing_with_anything_else(self, shifts: ShiftsApp) -> None:
        wrong = [
            ({"code_verifier": "x" * 50}, "invalid_grant"),
            ({"code_verifier": ""}, "invalid_request"),
            ({"code_verifier": "short"}, "invalid_request"),
            ({"redirect_uri": f"{BACK}?x=y"}, "invalid_grant"),
            ({"redirect_uri": ""}, "invalid_grant"),
            ({"code": "made-up"}, "invalid_grant"),
        ]
        for changed, error in wrong:
            answer = shifts.exchange(shifts.code(), **changed)
            assert (answer.status_code, answer.json["error"]) == (400, error), changed
            assert "access_token" not in answer.json

    def test_is_not_taken_with_the_challenge_itself_as_with_plain(self, shifts: ShiftsApp) -> None:
        assert shifts.exchange(shifts.code(), code_verifier=shifts.challenge).json["error"] == "invalid_grant"

    def test_allows_one_guess(self, shifts: ShiftsApp) -> None:
        code = shifts.code()
        shifts.exchange(code, code_verifier="x" * 50)
        assert shifts.exchange(code).json["error"] == "invalid_grant"

    def test_is_worth_nothing_to_another_app(self, shifts: ShiftsApp, register: Callable[..., NewClient]) -> None:
        code, own = shifts.code(), shifts.made
        shifts.made = register(BACK)
        assert shifts.exchange(code).json["error"] == "invalid_grant"
        shifts.made = own
        assert shifts.exchange(code).status_code == 200, "and the other one has not spoiled it"

    def test_needs_the_secret_of_an_app_that_has_one(self, shifts: ShiftsApp) -> None:
        code = shifts.code()
        for secret in ("", "wrong"):
            form = {"client_id": shifts.made.client_id, **({"client_secret": secret} if secret else {})}
            answer = shifts.program.post(
                "/oauth/token",
                data={
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": BACK,
                    "code_verifier": shifts.verifier,
                    **form,
                },
            )
            assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert shifts.exchange(code).status_code == 200

    def test_is_exchanged_by_a_public_app_with_its_verifier_alone(
        self, shifts: ShiftsApp, register: Callable[..., NewClient]
    ) -> None:
        shifts.made = register(BACK, is_public=True)
        assert shifts.made.client_secret == ""
        assert shifts.tokens()["access_token"]

    def test_is_too_old_after_a_minute(self, shifts: ShiftsApp, time_passes: Callable[[timedelta], None]) -> None:
        code = shifts.code()
        time_passes(timedelta(seconds=61))
        assert shifts.exchange(code).json["error"] == "invalid_grant"

    def test_shown_twice_ends_what_came_of_it(self, shifts: ShiftsApp, two_seconds_later: Later) -> None:
        code = shifts.code()
        tokens = shifts.exchange(code).json
        assert shifts.exchange(code).json["error"] == "invalid_grant"
        two_seconds_later()
        assert shifts.reads(tokens["access_token"]) == 401
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"

    def test_is_kept_nowhere_in_the_clear(self, shifts: ShiftsApp, database: Database) -> None:
        code = shifts.code()
        tokens = shifts.exchange(code).json
        with database.reading() as reader:
            kept = (AuthorizationCode, RefreshToken, audit.AuditEntry)
            text = str([reader.execute(sa.select(table.__table__)).all() for table in kept])
        assert code not in text
        assert tokens["refresh_token"] not in text


class TestARefreshToken:
    def test_is_exchanged_for_the_next_one(self, shifts: ShiftsApp) -> None:
        first = shifts.tokens()
        second = shifts.refresh(first["refresh_token"]).json
        assert second["refresh_token"] != first["refresh_token"]
        assert second["scope"] == first["scope"]
        assert shifts.reads(second["access_token"]) == 200
        assert shifts.refresh(second["refresh_token"]).status_code == 200

    def test_shown_twice_ends_everything_within_seconds_and_is_in_the_audit(
        self, shifts: ShiftsApp, database: Database, two_seconds_later: Later
    ) -> None:
        first = shifts.tokens()
        second = shifts.refresh(first["refresh_token"]).json
        stolen = shifts.refresh(first["refresh_token"])
        assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
        two_seconds_later()
        assert shifts.reads(first["access_token"]) == 401
        assert shifts.reads(second["access_token"]) == 401
        assert shifts.refresh(second["refresh_token"]).json["error"] == "invalid_grant"
        with database.reading() as reader:
            actions = reader.execute(sa.text("SELECT action FROM audit_entries")).scalars().all()
        assert actions.count("identity.refresh_token_reused") == 1

    def test_leaves_other_sign_ins_of_the_same_person_alone(self, shifts: ShiftsApp, two_seconds_later: Later) -> None:
        first, other = shifts.tokens(), shifts.tokens()
        shifts.refresh(first["refresh_token"])
        shifts.refresh(first["refresh_token"])
        two_seconds_later()
        assert shifts.reads(other["access_token"]) == 200
        assert shifts.refresh(other["refresh_token"]).status_code == 200

    def test_used_by_two_at_once_is_good_for_exactly_one_and_ends(
        self, app: ErpApp, shifts: ShiftsApp, two_seconds_later: Later
    ) -> None:
        tokens = shifts.tokens()
        answers, together = [], threading.Barrier(2)

        def use() -> None:
            program = ShiftsApp(shifts.made, shifts.browser, app.test_client())
            together.wait()
            answers.append(program.refresh(tokens["refresh_token"]))

        threads = [threading.Thread(target=use) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        won = next(answer.json for answer in answers if answer.status_code == 200)
        two_seconds_later()
        assert shifts.reads(won["access_token"]) == 401
        assert shifts.refresh(won["refresh_token"]).json["error"] == "invalid_grant"

    def test_may_bring_fewer_scopes_and_never_more(self, shifts: ShiftsApp) -> None:
        first = shifts.tokens(scope="vehicles:read telemetry:read offline_access")
        narrow = shifts.refresh(first["refresh_token"], scope="vehicles:read").json
        assert narrow["scope"] == "vehicles:read"
        wide = shifts.refresh(narrow["refresh_token"], scope="vehicles:read access:immobilize")
        assert wide.json["error"] == "invalid_scope"
        again = shifts.refresh(narrow["refresh_token"])
        assert set(again.json["scope"].split()) == {"vehicles:read", "telemetry:read", "offline_access"}

    def test_is_worth_nothing_to_another_app(self, shifts: ShiftsApp, register: Callable[..., NewClient]) -> None:
        tokens, own = shifts.tokens(), shifts.made
        shifts.made = register(BACK)
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
        shifts.made = own
        assert shifts.refresh(tokens["refresh_token"]).status_code == 200

    def test_dies_when_nobody_uses_it_for_two_weeks(
        self, shifts: ShiftsApp, time_passes: Callable[[timedelta], None]
    ) -> None:
        tokens = shifts.tokens()
        time_passes(timedelta(days=13, hours=23))
        tokens = shifts.refresh(tokens["refresh_token"]).json
        time_passes(timedelta(days=28, hours=1))
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"

    def test_dies_with_its_family_after_thirty_days_however_often_it_is_used(
        self, shifts: ShiftsApp, time_passes: Callable[[timedelta], None]
    ) -> None:
        token = shifts.tokens()["refresh_token"]
        for day in (10, 20, 29):
            time_passes(timedelta(days=day))
            token = shifts.refresh(token).json["refresh_token"]
        time_passes(timedelta(days=30, seconds=1))
        assert shifts.refresh(token).json["error"] == "invalid_grant"

    def test_has_no_right_that_the_person_lost(self, shifts: ShiftsApp, database: Database, fleet: Fleet) -> None:
        tokens = shifts.tokens()
        assert "access:immobilize" in tokens["scope"]
        with database.transaction() as session:
            session.execute(sa.text("DELETE FROM identity_user_grants"))
        assert "access:immobilize" not in shifts.refresh(tokens["refresh_token"]).json["scope"]

    def test_has_no_right_that_holds_for_one_vehicle_only_or_no_longer(
        self, shifts: ShiftsApp, database: Database
    ) -> None:
        for change in ("vehicle_id = 1", "vehicle_id = NULL, park_id = 1", "park_id = NULL, expires_at = now()"):
            token = shifts.tokens()["refresh_token"]
            with database.transaction() as session:
                session.execute(sa.text(f"UPDATE identity_user_grants SET {change}"))  # noqa: S608 - written here
            assert "access:immobilize" not in shifts.refresh(token).json["scope"], change

    def test_is_worth_nothing_when_the_account_is_closed(self, shifts: ShiftsApp, database: Database) -> None:
        tokens = shifts.tokens()
        with database.transaction() as session:
            session.execute(sa.text("UPDATE identity_users SET disabled_at = now()"))
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


class TestAnIdentityToken:
    def test_tells_the_app_who_signed_in(self, app: ErpApp, shifts: ShiftsApp, database: Database) -> None:
        tokens = shifts.tokens()
        keys = KeySet.import_key_set(shifts.program.get("/oauth/jwks.json").json)
        token = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
        claims = token.claims
        with database.reading() as reader:
            handle, name = reader.execute(sa.text("SELECT handle, name FROM identity_users WHERE id = 2")).one()
        assert (claims["iss"], claims["aud"]) == (app.tokens.issuer, shifts.made.client_id)
        assert (claims["sub"], claims["name"], claims["nonce"]) == (str(handle), name, "n-1")
        assert claims["exp"] - claims["iat"] == 900
        assert abs(claims["auth_time"] - claims["iat"]) < 60
        assert claims["at_hash"]
        assert "email" not in claims, "it was not asked for"

    def test_is_no_access_token(self, shifts: ShiftsApp) -> None:
        assert shifts.reads(shifts.tokens()["id_token"]) == 401

    def test_is_only_given_when_asked_for(self, shifts: ShiftsApp) -> None:
        assert "id_token" not in shifts.tokens(scope="vehicles:read")


class TestUserinfo:
    def ask(self, shifts: ShiftsApp, token: str, method: str = "GET") -> tuple[int, dict[str, str]]:
        answer = shifts.program.open("/oauth/userinfo", method=method, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_tells_what_the_scopes_let_the_app_know(self, shifts: ShiftsApp, fleet: Fleet, method: str) -> None:
        status, user = self.ask(shifts, shifts.tokens(scope="openid email profile")["access_token"], method)
        assert status == 200
        assert user.keys() == {"sub", "name", "zoneinfo", "email"}
        assert user["email"] == fleet.email("operator")
        assert self.ask(shifts, shifts.tokens(scope="openid")["access_token"])[1].keys() == {"sub"}

    def test_tells_nothing_without_openid(self, shifts: ShiftsApp) -> None:
        assert self.ask(shifts, shifts.tokens(scope="profile vehicles:read")["access_token"])[0] == 403

    def test_tells_nothing_of_a_machine_or_to_a_stranger(
        self, shifts: ShiftsApp, register: Callable[..., NewClient]
    ) -> None:
        machine = shifts.post("/oauth/token", register(), grant_type="client_credentials").json["access_token"]
        assert self.ask(shifts, machine)[0] == 403
        assert self.ask(shifts, "x")[0] == 401


class TestATokenGivenBack:
    def test_is_worth_nothing_within_seconds(self, shifts: ShiftsApp, two_seconds_later: Later) -> None:
        tokens = shifts.tokens()
        assert shifts.post("/oauth/revoke", token=tokens["access_token"]).status_code == 200
        two_seconds_later()
        assert shifts.reads(tokens["access_token"]) == 401
        assert shifts.refresh(tokens["refresh_token"]).status_code == 200, "only that one was given back"

    @pytest.mark.parametrize("hint", ["refresh_token", "access_token"])
    def test_ends_the_family_when_it_is_a_refresh_token_whatever_it_is_taken_for(
        self, shifts: ShiftsApp, two_seconds_later: Later, hint: str
    ) -> None:
        tokens = shifts.tokens()
        back = shifts.post("/oauth/revoke", token=tokens["refresh_token"], token_type_hint=hint)
        assert back.status_code == 200
        two_seconds_later()
        assert shifts.reads(tokens["access_token"]) == 401
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"

    def test_may_be_unknown(self, shifts: ShiftsApp) -> None:
        assert shifts.post("/oauth/revoke", token="nothing").status_code == 200

    def test_is_not_taken_from_another_app(
        self, shifts: ShiftsApp, register: Callable[..., NewClient], two_seconds_later: Later
    ) -> None:
        tokens, other = shifts.tokens(), register(BACK)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert shifts.post("/oauth/revoke", other, token=token).status_code == 400
        two_seconds_later()
        assert shifts.reads(tokens["access_token"]) == 200
        assert shifts.refresh(tokens["refresh_token"]).status_code == 200


class TestIntrospection:
    def test_tells_an_app_what_its_tokens_are_worth(self, app: ErpApp, shifts: ShiftsApp) -> None:
        tokens = shifts.tokens()
        access = shifts.post("/oauth/introspect", token=tokens["access_token"]).json
        refresh = shifts.post("/oauth/introspect", token=tokens["refresh_token"]).json
        assert (access["active"], access["client_id"], access["iss"]) == (
            True,
            shifts.made.client_id,
            app.tokens.issuer,
        )
        assert isinstance(access["iat"], int)
        assert refresh["active"] is True
        assert refresh["sub"] == access["sub"]

    def test_tells_nothing_of_one_that_is_used_revoked_or_no_token(
        self, shifts: ShiftsApp, two_seconds_later: Later
    ) -> None:
        first = shifts.tokens()
        shifts.refresh(first["refresh_token"])
        shifts.post("/oauth/revoke", token=first["access_token"])
        two_seconds_later()
        for token in (first["refresh_token"], first["access_token"], first["id_token"], "x"):
            assert shifts.post("/oauth/introspect", token=token).json == {"active": False}

    def test_tells_another_app_nothing(self, shifts: ShiftsApp, register: Callable[..., NewClient]) -> None:
        tokens, other = shifts.tokens(), register(BACK)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert shifts.post("/oauth/introspect", other, token=token).json == {"active": False}

    def test_is_not_for_who_cannot_prove_themselves(
        self, shifts: ShiftsApp, register: Callable[..., NewClient]
    ) -> None:
        token = shifts.tokens()["access_token"]
        assert shifts.program.post("/oauth/introspect", data={"token": token}).status_code == 401
        assert shifts.post("/oauth/introspect", register(BACK, is_public=True), token=token).status_code == 401


class TestAnApp:
    def test_ends_for_everybody_when_it_is_closed(
        self, shifts: ShiftsApp, database: Database, two_seconds_later: Later
    ) -> None:
        tokens = shifts.tokens()
        with database.transaction() as session:
            service.close_client(session, actor=ROOT, at=clock.now(), client_id=shifts.made.client_id)
        two_seconds_later()
        assert shifts.reads(tokens["access_token"]) == 401
        assert shifts.refresh(tokens["refresh_token"]).status_code == 401
        assert shifts.ask().status_code == 400
        with database.transaction() as session:
            service.reopen_client(session, actor=ROOT, at=clock.now(), client_id=shifts.made.client_id)
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
        assert shifts.tokens()

    def test_ends_for_a_person_who_takes_it_back(
        self, shifts: ShiftsApp, database: Database, fleet: Fleet, two_seconds_later: Later
    ) -> None:
        tokens = shifts.tokens()
        person = Actor("user", fleet.user_ids["operator"], "Operator", roles=frozenset({"operator"}))
        with database.transaction() as session:
            service.withdraw_app(session, actor=person, at=clock.now(), client_id=shifts.made.client_id)
        two_seconds_later()
        assert shifts.reads(tokens["access_token"]) == 401
        assert shifts.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
        assert shifts.ask().status_code == 200, "and must ask again"

    def test_may_use_its_secret_before_for_a_day_and_the_new_one_at_once(
        self, shifts: ShiftsApp, database: Database, time_passes: Callable[[timedelta], None]
    ) -> None:
        before = shifts.made
        token = shifts.tokens()["refresh_token"]
        with database.transaction() as session:
            now = service.rotate_client_secret(session, actor=ROOT, at=clock.now(), client_id=before.client_id)
        for secret in (before, now):
            shifts.made = secret
            token = shifts.refresh(token).json["refresh_token"]
        time_passes(timedelta(hours=24, seconds=1))
        shifts.made = before
        assert shifts.refresh(token).status_code == 401
        shifts.made = now
        assert shifts.refresh(token).status_code == 200

    def test_gets_no_token_of_its_own(self, shifts: ShiftsApp) -> None:
        answer = shifts.post("/oauth/token", grant_type="client_credentials")
        assert answer.json["error"] == "unauthorized_client"

    def test_cannot_send_telemetry_by_its_secret(self, shifts: ShiftsApp) -> None:
        answer = shifts.program.post(
            "/devices/traccar", json={}, auth=(shifts.made.client_id, shifts.made.client_secret)
        )
        assert answer.status_code == 401


class TestUpkeep:
    def test_clears_what_can_no_longer_matter_and_keeps_what_must_be_known_again(
        self, shifts: ShiftsApp, database: Database, time_passes: Callable[[timedelta], None]
    ) -> None:
        shifts.refresh(shifts.tokens()["refresh_token"])
        self.clear(database)
        assert self.count(database) == 2, "a used one must be known when it is shown again"
        time_passes(timedelta(days=31))
        assert self.clear(database) > 0
        assert self.count(database) == 0

    def clear(self, database: Database) -> int:
        with database.transaction() as session:
            return service.clear_finished(session, actor=system("upkeep"), at=clock.now())

    def count(self, database: Database) -> int:
        with database.reading() as reader:
            return reader.execute(sa.select(sa.func.count()).select_from(RefreshToken)).scalar_one()


class TestTheFirstAnswer:
    def test_is_never_the_last_ones(self, shifts: ShiftsApp) -> None:
        assert told(shifts.answer(shifts.ask()))["code"] != told(shifts.ask())["code"]
