"""Every verb and every read asks for a right before anything else; who has it, the table of permissions says."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from core.errors import Forbidden
from core.permissions import GRANTABLE, PERMISSIONS, ROLES, Actor
from tests.structure.test_structure import OPEN_VERBS, ROOT, public_functions, services, subsystems

# Reads whose right is named by whoever asks: what it does not reach is left out or not there.
OF_ANY_RIGHT = {
    "core.identity.queries.people.list_holders",
    "core.identity.queries.people.name_people",
    "core.vehicles.queries.records.check_sight",
    "core.vehicles.queries.records.list_known_ids",
    "core.vehicles.queries.records.list_ids_by_device",
    "core.webhooks.queries.sight.list_in_sight",
}
# Reads about whoever asks: no right is needed to know oneself, and nobody else can be named.
OF_ONESELF = {
    "core.identity.queries.authorizations.find_consent",
    "core.identity.queries.authorizations.list_own_apps",
    "core.identity.queries.factors.get_totp_setup",
}

Verb = Callable[..., Any]


def verbs() -> dict[str, Verb]:
    """Every verb that carries a right."""
    return {
        name: verb
        for module in services()
        for name, verb in public_functions(module)
        if hasattr(verb, "permission") and callable(verb)
    }


def reads() -> dict[str, Verb]:
    """Every read that has a viewer."""
    found = {}
    for name in subsystems():
        folder = ROOT / "core" / name
        for file in [*folder.glob("queries.py"), *(folder / "queries").glob("[!_]*.py")]:
            module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
            for path, function in public_functions(module):
                if callable(function) and is_about_records(function):
                    found[path] = function
    return found


def is_about_records(function: Verb) -> bool:
    """Whether it reads for a viewer; a condition for a query reads nothing by itself."""
    return {"reader", "viewer"} <= inspect.signature(function).parameters.keys()


def call(verb: Verb, **actor: Actor) -> Exception | None:
    """What comes of calling it with nothing to work on: the guard stands before everything else."""
    others = {
        name: None
        for name, parameter in inspect.signature(verb).parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in {"session", "reader", *actor}
    }
    try:
        verb(None, **others, **actor)
    except Exception as error:
        return error
    return None


class TestEveryVerb:
    @pytest.mark.parametrize("role", ROLES)
    def test_is_refused_to_a_role_exactly_where_the_table_says_so(self, role: str) -> None:
        actor = Actor("user", 1, "Somebody", roles=frozenset({role}), parks=None)
        refused = {name for name, verb in verbs().items() if isinstance(call(verb, actor=actor), Forbidden)}
        assert refused == {name for name, verb in verbs().items() if role not in PERMISSIONS[verb.permission]}  # type: ignore[attr-defined]

    @pytest.mark.parametrize("permission", GRANTABLE)
    def test_is_open_to_a_grant_of_its_right_and_to_no_other(self, permission: str) -> None:
        actor = Actor("client", 1, "Program", grants=frozenset({permission}), parks=None)
        open_to = {name for name, verb in verbs().items() if not isinstance(call(verb, actor=actor), Forbidden)}
        assert open_to == {name for name, verb in verbs().items() if verb.permission == permission}  # type: ignore[attr-defined]

    def test_says_what_is_missing_in_words(self) -> None:
        nobody = Actor("user", 1, "Ana")
        for name, verb in verbs().items():
            error = call(verb, actor=nobody)
            assert isinstance(error, Forbidden), name
            assert "the right “" in error.detail, name
            assert error.facts["permission"] == verb.permission, name  # type: ignore[attr-defined]

    def test_has_an_actor_unless_one_becomes_somebody_by_it(self) -> None:
        for module in services():
            for name, verb in public_functions(module):
                if callable(verb) and "actor" in inspect.signature(verb).parameters and name not in OPEN_VERBS:
                    assert get_type_hints(verb)["actor"] is Actor, name


class TestEveryRead:
    def test_is_refused_to_who_may_nothing(self) -> None:
        nobody = Actor("user", 1, "Ana", parks=None)
        found = reads()
        assert len(found) > 50
        open_to_all = {name for name, read in found.items() if not isinstance(call(read, viewer=nobody), Forbidden)}
        assert open_to_all == OF_ANY_RIGHT | OF_ONESELF
