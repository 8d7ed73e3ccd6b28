"""What a rule can say of a route."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Way(enum.Enum):
    """How one comes in."""

    ANYBODY = "anybody"
    PERSON = "a signed-in person"
    PAGE = "a page of a portal"
    ACT = "something done in a portal"
    API = "an access token"
    MACHINE = "an access token, or an API client's id and secret"
    ITSELF = "checked by the endpoint, as its protocol says"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route: `permissions` of which one is enough, or in words `why` nobody is asked for any."""

    way: Way
    permissions: tuple[str, ...] = ()
    why: str = ""


def anybody(why: str) -> Rule:
    """Open to everybody, and why that is right."""
    return Rule(Way.ANYBODY, why=why)


def itself(why: str) -> Rule:
    """A protocol with a proof of its own, which its endpoint checks."""
    return Rule(Way.ITSELF, why=why)


def person() -> Rule:
    """Whoever is signed in, about themselves."""
    return Rule(Way.PERSON)


def page(permission: str) -> Rule:
    """Read in a portal: nothing is there for who lacks the portal's role or the right."""
    return Rule(Way.PAGE, (permission,))


def act(permission: str) -> Rule:
    """Done in a portal: who has its role but not the right is told which one is missing."""
    return Rule(Way.ACT, (permission,))


def api(*permissions: str) -> Rule:
    """An operation of the JSON contract; any of these scopes is enough."""
    return Rule(Way.API, permissions)


def machine(permission: str) -> Rule:
    """A program which may also show its id and secret, as it can send fixed headers only."""
    return Rule(Way.MACHINE, (permission,))
