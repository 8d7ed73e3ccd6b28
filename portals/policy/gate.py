"""The table held to: asked before every request, and checked for gaps before the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import g, request
from werkzeug.exceptions import NotFound

from core.permissions import PERMISSIONS, Actor
from portals.auth import gates
from portals.doors import ErpApp
from portals.policy.rules import Rule, Way
from portals.policy.table import POLICY, PORTALS


def portal_of(endpoint: str) -> str:
    """The portal to which a route belongs."""
    return endpoint.partition(".")[0]


def is_open_to(endpoint: str, actor: Actor) -> bool:
    """Whether this page or act is open to who asks: pages offer no other."""
    rule = POLICY[endpoint]
    if rule.way in {Way.PAGE, Way.ACT} and actor.roles.isdisjoint(PORTALS[portal_of(endpoint)]):
        return False
    return not rule.permissions or any(map(actor.may, rule.permissions))


def offered(nav: Iterable[tuple[str, str, str]], actor: Actor) -> list[tuple[str, str, str]]:
    """The entries of a navigation, each an endpoint, its words and its icon, that are open to who asks."""
    return [entry for entry in nav if is_open_to(entry[0], actor)]


def install(app: ErpApp) -> None:
    """Ask the table before every request. Call it before all else that looks at who asks for what."""
    app.before_request(_admit)


def check(app: ErpApp) -> None:
    """Raise LookupError unless every route has its rule, every rule its route, and every right is known."""
    served = {rule.endpoint for rule in app.url_map.iter_rules()}
    if unlisted := sorted(served - POLICY.keys()):
        raise LookupError(f"portals/policy/table/ does not say who may use {', '.join(unlisted)}")
    if stale := sorted(POLICY.keys() - served):
        raise LookupError(f"portals/policy/table/ speaks of routes that are gone: {', '.join(stale)}")
    for endpoint, rule in POLICY.items():
        if rule.way in {Way.PAGE, Way.ACT} and portal_of(endpoint) not in PORTALS:
            raise LookupError(f"portals/policy/table/ does not say whose portal {endpoint} is in")
        if unknown := [name for name in rule.permissions if name not in PERMISSIONS]:
            raise LookupError(f"portals/policy/table/ asks at {endpoint} for {unknown[0]}, which is no permission")


def _admit() -> None:
    endpoint = request.endpoint
    if endpoint is not None:  # without one, the answer is 404 or 405
        rule = POLICY[endpoint]
        _GATES[rule.way](endpoint, rule)


def _let_in(_endpoint: str, _rule: Rule) -> None:
    """Nobody is asked."""


def _ask_person(_endpoint: str, _rule: Rule) -> None:
    g.actor = gates.person()


def _ask_reader(endpoint: str, _rule: Rule) -> None:
    g.actor = gates.person()
    if not is_open_to(endpoint, g.actor):
        raise NotFound


def _ask_doer(endpoint: str, rule: Rule) -> None:
    g.actor = gates.person()
    if g.actor.roles.isdisjoint(PORTALS[portal_of(endpoint)]):
        raise NotFound
    _demand(rule.permissions)


def _ask_token(_endpoint: str, rule: Rule) -> None:
    g.actor = gates.bearer()
    _demand(rule.permissions)


def _ask_machine(_endpoint: str, rule: Rule) -> None:
    g.actor = gates.machine()
    _demand(rule.permissions)


def _demand(permissions: tuple[str, ...]) -> None:
    if not any(map(g.actor.may, permissions)):
        g.actor.require(permissions[0])


_GATES: dict[Way, Callable[[str, Rule], None]] = {
    Way.ANYBODY: _let_in,
    Way.ITSELF: _let_in,
    Way.PERSON: _ask_person,
    Way.PAGE: _ask_reader,
    Way.ACT: _ask_doer,
    Way.API: _ask_token,
    Way.MACHINE: _ask_machine,
}
