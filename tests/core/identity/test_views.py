"""Views of lists that people keep."""

from __future__ import annotations

import pytest

from core.errors import Invalid, NotFound
from core.identity import queries, service
from core.permissions import ADMIN, OPERATOR, Actor


def person(fleet, name, role):
    return Actor("user", fleet.user_ids[name], name, roles=frozenset({role}), parks=None)


@pytest.fixture
def operator(fleet):
    return person(fleet, "operator", OPERATOR)


@pytest.fixture
def dispatcher(fleet):
    return person(fleet, "dispatcher", OPERATOR)


@pytest.fixture
def save(database, at):
    def saved(actor, name="Silent", *, page="vehicles", query="silent=1", is_shared=False):
        with database.transaction() as session:
            return service.save_view(
                session, actor=actor, at=at, page=page, name=name, query=query, is_shared=is_shared
            )

    return saved


@pytest.fixture
def names(database):
    def read(viewer, page="vehicles"):
        with database.reading() as reader:
            return [view.name for view in queries.list_saved_views(reader, viewer=viewer, page=page)]

    return read


class TestView:
    def test_is_seen_by_its_owner_alone_until_it_is_shared(self, save, names, operator, dispatcher):
        save(operator)
        assert (names(operator), names(dispatcher)) == (["Silent"], [])

        save(operator, is_shared=True)
        assert (names(operator), names(dispatcher)) == (["Silent"], ["Silent"])

    def test_tells_whose_it_is(self, database, save, operator, dispatcher):
        save(operator, is_shared=True)

        with database.reading() as reader:
            (theirs,) = queries.list_saved_views(reader, viewer=dispatcher, page="vehicles")

        assert (theirs.is_own, theirs.query) == (False, "silent=1")
        assert theirs.owner

    def test_belongs_to_one_list(self, save, names, operator):
        save(operator, page="drivers")

        assert names(operator) == []

    def test_is_replaced_by_another_of_the_same_name(self, database, save, operator):
        first = save(operator, " Silent ", query="silent=1")
        assert save(operator, "Silent", query="tracker=none") == first

        with database.reading() as reader:
            (view,) = queries.list_saved_views(reader, viewer=operator, page="vehicles")
        assert view.query == "tracker=none"

    def test_stands_in_the_order_of_names(self, save, names, operator):
        for name in ("b", "C", "a"):
            save(operator, name)

        assert names(operator) == ["a", "b", "C"]

    @pytest.mark.parametrize(("name", "query"), [("  ", ""), ("n" * 61, ""), ("Big", "q=" + "x" * 2000)])
    def test_has_a_name_and_is_not_endless(self, save, operator, name, query):
        with pytest.raises(Invalid) as refused:
            save(operator, name, query=query)

        assert set(refused.value.fields) == {"name"}

    def test_is_one_of_fifty_at_most(self, save, names, operator, monkeypatch):
        monkeypatch.setattr("core.identity.service.views.MOST_VIEWS", 2)
        save(operator, "one")
        save(operator, "two")

        with pytest.raises(Invalid):
            save(operator, "three")
        save(operator, "two", is_shared=True)
        assert names(operator) == ["one", "two"]


class TestRemoving:
    def test_is_for_its_owner(self, database, at, save, names, operator, dispatcher):
        view_id = save(operator, is_shared=True)

        with pytest.raises(NotFound), database.transaction() as session:
            service.remove_view(session, actor=dispatcher, at=at, view_id=view_id)
        assert names(dispatcher) == ["Silent"]
        with database.transaction() as session:
            service.remove_view(session, actor=operator, at=at, view_id=view_id)
        assert names(dispatcher) == []

    def test_of_a_shared_one_is_for_an_administrator_too(self, database, at, save, fleet, operator):
        admin = person(fleet, "admin", ADMIN)
        shared, own = save(operator, "Shared", is_shared=True), save(operator, "Own")

        with database.transaction() as session:
            service.remove_view(session, actor=admin, at=at, view_id=shared)
        with pytest.raises(NotFound), database.transaction() as session:
            service.remove_view(session, actor=admin, at=at, view_id=own)
