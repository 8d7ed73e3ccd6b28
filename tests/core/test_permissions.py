"""Where a right reaches: in the parks in view, and no further than it was granted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Forbidden
from core.permissions import GRANTABLE, PEOPLE, PERMISSIONS, WORDS, Actor, NarrowGrant, system

PARKS = st.integers(1, 4)
VEHICLES = st.integers(1, 6)
RIGHTS = st.sampled_from(sorted(GRANTABLE))
NARROW = st.one_of(
    st.builds(NarrowGrant, RIGHTS, park_id=PARKS),
    st.builds(NarrowGrant, RIGHTS, park_id=st.none(), vehicle_id=VEHICLES),
)
ACTORS = st.builds(
    Actor,
    kind=st.just("user"),
    id=st.just(1),
    name=st.just("Ana"),
    roles=st.frozensets(st.sampled_from(PEOPLE), max_size=2),
    grants=st.frozensets(RIGHTS, max_size=3),
    parks=st.none() | st.frozensets(PARKS, max_size=3),
    assets=st.frozensets(VEHICLES, max_size=2),
    narrow=st.frozensets(NARROW, max_size=4),
)


class TestARight:
    @given(ACTORS, RIGHTS, PARKS, VEHICLES)
    def test_reaches_a_record_exactly_when_a_role_or_a_grant_covers_it_in_a_park_in_view(
        self, actor: Actor, right: str, park_id: int, vehicle_id: int
    ) -> None:
        in_view = actor.parks is None or park_id in actor.parks
        by_role = any(role in PERMISSIONS[right] for role in actor.roles)
        narrowly = {NarrowGrant(right, park_id), NarrowGrant(right, None, vehicle_id)} & actor.narrow
        held = in_view and (by_role or right in actor.grants or bool(narrowly))
        assert actor.may(right, park_id=park_id, vehicle_id=vehicle_id) == held

    @given(ACTORS, RIGHTS, PARKS, VEHICLES)
    def test_that_reaches_something_is_held_at_all(
        self, actor: Actor, right: str, park_id: int, vehicle_id: int
    ) -> None:
        if actor.may(right, park_id=park_id, vehicle_id=vehicle_id):
            assert actor.may(right)
            actor.require(right, park_id=park_id, vehicle_id=vehicle_id)
        else:
            with pytest.raises(Forbidden):
                actor.require(right, park_id=park_id, vehicle_id=vehicle_id)

    @given(ACTORS, RIGHTS, PARKS, VEHICLES)
    def test_over_a_park_is_one_over_every_vehicle_of_it(
        self, actor: Actor, right: str, park_id: int, vehicle_id: int
    ) -> None:
        if actor.may(right, park_id=park_id):
            assert actor.may(right, park_id=park_id, vehicle_id=vehicle_id)

    @given(ACTORS, NARROW, RIGHTS, PARKS, VEHICLES)
    def test_is_never_taken_away_by_a_further_grant(
        self, actor: Actor, grant: NarrowGrant, right: str, park_id: int, vehicle_id: int
    ) -> None:
        more = replace(actor, narrow=actor.narrow | {grant})
        if actor.may(right, park_id=park_id, vehicle_id=vehicle_id):
            assert more.may(right, park_id=park_id, vehicle_id=vehicle_id)

    @given(ACTORS, st.frozensets(RIGHTS), RIGHTS, PARKS, VEHICLES)
    def test_is_held_by_an_app_only_if_it_has_the_scope_and_its_person_the_right(
        self, actor: Actor, scopes: frozenset[str], right: str, park_id: int, vehicle_id: int
    ) -> None:
        app = actor.through({*scopes, "openid"})
        held = right in scopes and actor.may(right, park_id=park_id, vehicle_id=vehicle_id)
        assert app.may(right, park_id=park_id, vehicle_id=vehicle_id) == held

    def test_does_not_reach_ones_own_vehicles_by_their_being_ones_own(self) -> None:
        driver = Actor(
            "user", 1, "Ana", roles=frozenset({"driver"}), grants=frozenset({"telemetry:read"}), assets=frozenset({7})
        )
        assert not driver.may("telemetry:read", park_id=1, vehicle_id=7)

    def test_that_is_missing_is_named_in_words(self) -> None:
        with pytest.raises(Forbidden, match=r"the right “Order the immobilization of a vehicle” .* is missing"):
            Actor("user", 1, "Ana").require("access:immobilize")

    def test_that_does_not_reach_far_enough_is_told_from_one_that_is_missing(self) -> None:
        narrow = frozenset({NarrowGrant("access:immobilize", park_id=1)})
        with pytest.raises(Forbidden, match=r"does not reach this record\. Ask an administrator to widen it"):
            Actor("user", 1, "Ana", parks=None, narrow=narrow).require("access:immobilize", park_id=2)


class TestTheProductItself:
    def test_does_no_more_than_it_names(self) -> None:
        keeper = system("storage", "telemetry:maintain")
        assert {right for right in PERMISSIONS if keeper.may(right)} == {"telemetry:maintain"}

    def test_names_only_rights_that_are_its_own(self) -> None:
        with pytest.raises(KeyError, match="access:immobilize is not a right of the product itself"):
            system("worker", "access:immobilize")


class TestThePermissions:
    def test_are_all_said_in_words(self) -> None:
        assert WORDS.keys() == PERMISSIONS.keys()

    def test_give_no_person_what_is_the_products_own(self) -> None:
        assert {"device", "system"}.isdisjoint(PEOPLE)
