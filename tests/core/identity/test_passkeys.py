"""Passkeys: which answers of a device are taken, and that each is taken once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.audit import AuditEntry
from core.db import Database
from core.errors import Conflict, Invalid, NotFound, Unauthenticated
from core.identity import queries, service
from core.identity.models import Passkey, User
from core.identity.service import Offer, PasskeyAnswer, Post, RelyingParty
from core.permissions import OPERATOR, Actor
from tests.conftest import Fleet
from tests.core.identity.device import Device

POST = Post("https://erp.example.test", key=bytes(32))
KEY = bytes(32)
PARTY = RelyingParty("erp.example.test", "https://erp.example.test")
SECOND = timedelta(seconds=1)


class Owner:
    """A person who adds and shows passkeys."""

    def __init__(self, database: Database, user_id: int, at: datetime) -> None:
        self.database = database
        self.at = at
        self.actor = Actor("user", user_id, "Owner", roles=frozenset({OPERATOR}))
        self.id = user_id

    def device(self) -> Device:
        return Device(PARTY.origin, PARTY.id)

    def factors(self) -> queries.Factors:
        with self.database.reading() as reader:
            return queries.get_factors(reader, viewer=self.actor, user_id=self.id)

    def add(self, device: Device, name: str = "Key") -> list[str]:
        mine = self.factors()
        offer = service.offer_registration(
            at=self.at, party=PARTY, handle=mine.handle, email=mine.email, name=mine.name, known=mine.passkeys
        )
        answer = PasskeyAnswer(device.register(offer.options_json), offer.challenge, PARTY)
        with self.database.transaction() as session:
            return service.add_passkey(session, actor=self.actor, at=self.at, answer=answer, name=name, post=POST)

    def later(self) -> datetime:
        """A second goes by."""
        self.at += SECOND
        return self.at

    def ask(self) -> Offer:
        return service.offer_authentication(at=self.later(), party=PARTY)

    def sign_in(self, answer: PasskeyAnswer) -> int | Unauthenticated:
        with self.database.transaction() as session:
            return service.sign_in_with_passkey(session, at=self.later(), answer=answer)

    def sign_in_with(self, device: Device) -> int | Unauthenticated:
        offer = self.ask()
        return self.sign_in(PasskeyAnswer(device.prove(offer.options_json), offer.challenge, PARTY))

    def show_second(self, device: Device) -> str | Unauthenticated:
        offer = self.ask()
        answer = PasskeyAnswer(device.prove(offer.options_json), offer.challenge, PARTY)
        with self.database.transaction() as session:
            return service.prove_second_factor(
                session, at=self.later(), user_id=self.id, proof=answer, key=KEY, post=POST
            )


@pytest.fixture
def owner(database: Database, fleet: Fleet, at: datetime) -> Owner:
    return Owner(database, fleet.user_ids["operator"], at)


class TestAddingAPasskey:
    def test_makes_it_a_second_factor_with_recovery_codes_the_first_time(self, owner: Owner) -> None:
        assert len(owner.add(owner.device(), " Blue key ")) == 10
        assert owner.add(owner.device(), "Laptop") == []
        assert [passkey.name for passkey in owner.factors().passkeys] == ["Blue key", "Laptop"]
        assert owner.factors().has_second_factor

    def test_is_refused_from_elsewhere_without_verification_or_twice(self, owner: Owner) -> None:
        for bent in (
            Device("https://evil.test", PARTY.id),
            Device(PARTY.origin, "evil.test"),
            Device(PARTY.origin, PARTY.id, is_verified=False),
        ):
            with pytest.raises(Invalid, match="could not be checked"):
                owner.add(bent)
        known = owner.device()
        owner.add(known)
        with pytest.raises(Conflict, match="known already"):
            owner.add(known)

    def test_needs_a_name_that_fits(self, owner: Owner) -> None:
        for name in ("", "  ", "x" * 61):
            with pytest.raises(Invalid) as refused:
                owner.add(owner.device(), name)
            assert set(refused.value.fields) == {"name"}

    def test_asks_the_device_for_one_that_it_has_not_got_yet(self, owner: Owner) -> None:
        owner.add(owner.device())
        mine = owner.factors()
        offer = service.offer_registration(
            at=owner.at, party=PARTY, handle=mine.handle, email=mine.email, name=mine.name, known=mine.passkeys
        )
        assert '"excludeCredentials": [{' in offer.options_json
        assert '"residentKey": "required"' in offer.options_json
        assert '"userVerification": "required"' in offer.options_json


class TestSigningInWithAPasskey:
    def test_finds_whose_it_is(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        assert owner.sign_in_with(device) == owner.id
        assert owner.sign_in_with(device) == owner.id

    def test_takes_an_answer_once(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        offer = owner.ask()
        answer = PasskeyAnswer(device.prove(offer.options_json), offer.challenge, PARTY)
        assert owner.sign_in(answer) == owner.id
        assert isinstance(owner.sign_in(answer), Unauthenticated)

    def test_takes_an_answer_once_of_a_device_that_does_not_count(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        offer = owner.ask()
        device.counter = -1
        answer = PasskeyAnswer(device.prove(offer.options_json), offer.challenge, PARTY)
        assert owner.sign_in(answer) == owner.id
        assert isinstance(owner.sign_in(answer), Unauthenticated)
        device.counter = -1
        assert owner.sign_in_with(device) == owner.id

    def test_takes_no_answer_after_five_minutes(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        offer = owner.ask()
        owner.at += timedelta(minutes=5)
        assert isinstance(
            owner.sign_in(PasskeyAnswer(device.prove(offer.options_json), offer.challenge, PARTY)), Unauthenticated
        )

    def test_takes_no_answer_to_another_challenge_or_from_elsewhere(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        asked, other = owner.ask(), owner.ask()
        crossed = PasskeyAnswer(device.prove(other.options_json), asked.challenge, PARTY)
        assert isinstance(owner.sign_in(crossed), Unauthenticated)
        for name, value in (("origin", "https://evil.test"), ("host", "evil.test"), ("is_verified", False)):
            before = getattr(device, name)
            setattr(device, name, value)
            assert isinstance(owner.sign_in_with(device), Unauthenticated), name
            setattr(device, name, before)
        assert owner.sign_in_with(device) == owner.id

    def test_refuses_a_counter_that_went_backwards_and_keeps_that_in_the_audit(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        device.counter = 10
        assert owner.sign_in_with(device) == owner.id
        device.counter = 5
        refused = owner.sign_in_with(device)
        assert isinstance(refused, Unauthenticated)
        assert "a copy of it may be in use" in refused.detail
        with owner.database.reading() as reader:
            last = reader.execute(
                sa.select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id.desc())
            ).first()
        assert last is not None
        assert last.action == "identity.passkey_refused"
        assert (last.detail["known"], last.detail["shown"]) == (11, 6)

    def test_is_closed_to_who_is_dismissed_and_to_a_handle_that_is_not_theirs(self, owner: Owner) -> None:
        device = owner.device()
        owner.add(device)
        handle, device.handle = device.handle, b"somebody else's"
        assert isinstance(owner.sign_in_with(device), Unauthenticated)
        device.handle = handle
        with owner.database.transaction() as session:
            session.execute(sa.update(User).where(User.id == owner.id).values(disabled_at=owner.at))
        refused = owner.sign_in_with(device)
        assert isinstance(refused, Unauthenticated)
        assert "closed" in refused.detail

    def test_works_while_wrong_passwords_keep_the_account_waiting(self, owner: Owner, fleet: Fleet) -> None:
        device = owner.device()
        owner.add(device)
        for _ in range(6):
            with owner.database.transaction() as session:
                service.sign_in(session, at=owner.at, email=fleet.email("operator"), password="wrong")
        assert owner.sign_in_with(device) == owner.id


class TestAPasskeyAsSecondFactor:
    def test_is_that_of_the_person_whose_password_was_right(
        self, owner: Owner, database: Database, fleet: Fleet
    ) -> None:
        other = Owner(database, fleet.user_ids["dispatcher"], owner.at)
        mine, theirs = owner.device(), other.device()
        owner.add(mine)
        other.add(theirs)
        assert isinstance(owner.show_second(theirs), Unauthenticated)
        assert owner.show_second(mine) == "hwk"

    def test_counts_as_a_wrong_password_does_when_it_is_wrong(self, owner: Owner) -> None:
        mine, unknown = owner.device(), owner.device()
        owner.add(mine)
        for _ in range(5):
            owner.show_second(unknown)
        refused = owner.show_second(mine)
        assert isinstance(refused, Unauthenticated)
        assert "Try again in" in refused.detail


class TestRemovingAPasskey:
    def test_is_for_its_owner_and_ends_its_use(self, owner: Owner, database: Database, fleet: Fleet) -> None:
        device = owner.device()
        owner.add(device)
        with database.reading() as reader:
            passkey_id = reader.scalar(sa.select(Passkey.id))
        other = Actor("user", fleet.user_ids["dispatcher"], "Other", roles=frozenset({OPERATOR}))
        with pytest.raises(NotFound), database.transaction() as session:
            service.remove_passkey(session, actor=other, at=owner.at, passkey_id=passkey_id, post=POST)
        with database.transaction() as session:
            service.remove_passkey(session, actor=owner.actor, at=owner.at, passkey_id=passkey_id, post=POST)
        assert isinstance(owner.sign_in_with(device), Unauthenticated)
        assert owner.factors().recovery_left == 0
