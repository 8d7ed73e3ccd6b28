"""Managing people: rights given and taken, accounts closed, and what holds however many do it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.db import Database
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.identity import queries, service
from core.identity.models import Authorization, Ticket, User, UserRole
from core.identity.service import Post
from core.permissions import ADMIN, Actor
from tests.conftest import ROOT, Fleet

WORDS = "three quiet words"
BY_HAND = Post("https://erp.company.test", key=None)
OF_ONE_PARK = Actor("user", 99, "Park admin", roles=frozenset({ADMIN}), parks=frozenset({1}))


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each of some acts done at the same time came to: its answer, or its refusal."""
    outcomes: list[object] = []
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        ready.wait()
        try:
            outcomes.append(act())
        except Refusal as refusal:
            outcomes.append(refusal)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def invite(database: Database, at: datetime) -> Callable[..., str]:
    """Invite somebody; the token of their link."""

    def invited(email: str = "mia@example.test", **more: object) -> str:
        given = {"actor": ROOT, "roles": ["operator"], "park_ids": None} | more
        with database.transaction() as session:
            made = service.invite_user(session, at=at, email=email, name="Mia Chen", post=BY_HAND, **given)  # type: ignore[arg-type]
        assert made.link is not None
        return made.link.rpartition("/")[2]

    return invited


@pytest.fixture
def redeem(database: Database, at: datetime) -> Callable[..., service.Redeemed]:
    """Use a link."""

    def redeemed(
        token: str, password: str = WORDS, *, later: timedelta = timedelta(), kind: str = "invitation"
    ) -> service.Redeemed:
        with database.transaction() as session:
            return service.redeem_ticket(
                session,
                at=at + later,
                token=token,
                kind=queries.TicketKind(kind),
                password=password,
                post=BY_HAND,
            )

    return redeemed


def change(
    database: Database, at: datetime, user_id: int, *, actor: Actor = ROOT, roles: list[str], parks: list[int] | None
) -> None:
    with database.transaction() as session:
        service.change_user(
            session,
            actor=actor,
            at=at,
            user_id=user_id,
            name="Somebody",
            time_zone="UTC",
            roles=roles,
            park_ids=parks,
        )


class TestALink:
    def test_is_good_for_seven_days(self, invite: Callable[..., str], redeem: Callable[..., service.Redeemed]) -> None:
        token = invite()
        with pytest.raises(NotFound):
            redeem(token, later=timedelta(days=7))
        redeem(token, later=timedelta(days=6, hours=23))

    def test_is_good_for_one_of_two_who_use_it_at_once(
        self, database: Database, invite: Callable[..., str], redeem: Callable[..., service.Redeemed]
    ) -> None:
        token = invite()
        outcomes = at_once(*(lambda n=n: redeem(token, f"{n} quiet words in a row") for n in range(4)))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound"] * 3 + ["Redeemed"]

    def test_to_a_new_password_is_good_for_half_an_hour_and_not_as_an_invitation(
        self, database: Database, fleet: Fleet, at: datetime, redeem: Callable[..., service.Redeemed]
    ) -> None:
        with database.transaction() as session:
            link = service.send_reset(session, actor=ROOT, at=at, user_id=fleet.user_ids["driver"], post=BY_HAND)
        token = str(link).rpartition("/")[2]
        for wrong in ({"kind": "invitation"}, {"kind": "reset", "later": timedelta(minutes=30)}):
            with pytest.raises(NotFound):
                redeem(token, **wrong)
        redeem(token, kind="reset", later=timedelta(minutes=29))

    def test_is_kept_as_a_hash_only(self, database: Database, invite: Callable[..., str]) -> None:
        token = invite()
        with database.reading() as reader:
            assert token not in str(reader.execute(sa.select(Ticket.__table__)).all())


class TestANewPassword:
    def test_by_a_link_ends_what_apps_have_and_the_lock(
        self, database: Database, fleet: Fleet, at: datetime, redeem: Callable[..., service.Redeemed]
    ) -> None:
        driver = fleet.user_ids["driver"]
        with database.transaction() as session:
            client = service.create_client(session, actor=ROOT, at=at, name="App", scopes=["vehicles:read"])
            number = session.scalar(
                sa.text("SELECT id FROM identity_api_clients WHERE client_id = :id"), {"id": client.client_id}
            )
            session.add(
                Authorization(
                    id=sa.func.gen_random_uuid(),
                    client_id=number,
                    user_id=driver,
                    scopes=[],
                    auth_time=at,
                    created_at=at,
                    last_used_at=at,
                )
            )
            session.get_one(User, driver).locked_until = at + timedelta(minutes=10)
            link = service.send_reset(session, actor=ROOT, at=at, user_id=driver, post=BY_HAND)
        redeem(str(link).rpartition("/")[2], "a quite different one", kind="reset")
        with database.transaction() as session:
            assert session.scalars(sa.select(Authorization.ended_why)).one() == "password reset"
            email = fleet.email("driver")
            assert service.sign_in(session, at=at, email=email, password="a quite different one") == driver


class TestTheLastAdministrator:
    def test_is_not_closed_when_two_close_each_other_at_once(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        admins = [fleet.user_ids["admin"], fleet.user_ids["operator"]]
        change(database, at, admins[1], roles=["admin"], parks=None)

        def close(user_id: int) -> None:
            with database.transaction() as session:
                service.close_user(session, actor=ROOT, at=at, user_id=user_id)

        outcomes = at_once(*(lambda user_id=user_id: close(user_id) for user_id in admins))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]

    def test_is_not_demoted_when_another_is_closed_at_once(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        one, two = fleet.user_ids["admin"], fleet.user_ids["operator"]
        change(database, at, two, roles=["admin"], parks=None)

        def close() -> None:
            with database.transaction() as session:
                service.close_user(session, actor=ROOT, at=at, user_id=two)

        at_once(close, lambda: change(database, at, one, roles=["operator"], parks=None))
        with database.reading() as reader:
            left = reader.scalar(
                sa.select(sa.func.count())
                .select_from(UserRole)
                .join(User, User.id == UserRole.user_id)
                .where(UserRole.role == "admin", User.disabled_at.is_(None))
            )
        assert left == 1

    def test_is_one_who_can_sign_in(
        self, database: Database, fleet: Fleet, at: datetime, invite: Callable[..., str]
    ) -> None:
        invite(roles=["admin"])
        with pytest.raises(Conflict, match="last administrator"), database.transaction() as session:
            service.close_user(session, actor=ROOT, at=at, user_id=fleet.user_ids["admin"])


class TestAnAdministratorOfOnePark:
    def test_gives_nothing_beyond_it(
        self, database: Database, fleet: Fleet, at: datetime, invite: Callable[..., str]
    ) -> None:
        for parks in (None, [1, 2]):
            with pytest.raises(Invalid) as refusal:
                invite(actor=OF_ONE_PARK, park_ids=parks)
            assert set(refusal.value.fields) == {"parks"}
        with pytest.raises(Invalid), database.transaction() as session:
            service.give_grant(
                session,
                actor=OF_ONE_PARK,
                at=at,
                user_id=fleet.user_ids["dispatcher"],
                permission="access:immobilize",
                park_id=2,
            )

    def test_leaves_the_parks_that_they_do_not_see_to_whoever_has_them(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        dispatcher = fleet.user_ids["dispatcher"]
        change(database, at, dispatcher, roles=["operator"], parks=[1, 2])
        change(database, at, dispatcher, actor=OF_ONE_PARK, roles=["operator"], parks=[])
        with database.reading() as reader:
            assert queries.get_user(reader, viewer=ROOT, user_id=dispatcher)["park_ids"] == [2]


class TestAGrant:
    def test_is_given_once_by_two_who_give_it_at_once(self, database: Database, fleet: Fleet, at: datetime) -> None:
        def give() -> int:
            with database.transaction() as session:
                return service.give_grant(
                    session,
                    actor=ROOT,
                    at=at,
                    user_id=fleet.user_ids["dispatcher"],
                    permission="access:immobilize",
                    park_id=1,
                )

        outcomes = at_once(give, give)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "int"]

    def test_that_ran_out_can_be_given_again(self, database: Database, fleet: Fleet, at: datetime) -> None:
        given = {"actor": ROOT, "user_id": fleet.user_ids["dispatcher"], "permission": "access:immobilize"}
        with database.transaction() as session:
            service.give_grant(session, at=at, expires_at=at + timedelta(hours=1), **given)  # type: ignore[arg-type]
        with database.transaction() as session:
            service.give_grant(session, at=at + timedelta(hours=1), **given)  # type: ignore[arg-type]
        with database.reading() as reader:
            assert len(queries.list_grants(reader, viewer=ROOT, user_id=fleet.user_ids["dispatcher"])) == 1
