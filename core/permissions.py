"""Who may do what: one table, read as policy, and the decorator that every verb of a service carries."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from core.errors import Forbidden

ADMIN = "admin"
OPERATOR = "operator"
DRIVER = "driver"
INVESTOR = "investor"
STAFF = "staff"
INTEGRATOR = "integrator"
DEVICE = "device"
SYSTEM = "system"

ROLES: dict[str, str] = {
    ADMIN: "Administrator",
    OPERATOR: "Operator",
    DRIVER: "Driver",
    INVESTOR: "Investor",
    STAFF: "Park staff",
    INTEGRATOR: "Integrator",
    DEVICE: "Device",
    SYSTEM: "The product itself",
}
# The roles that a person can hold; the others are the product's own.
PEOPLE: tuple[str, ...] = (ADMIN, OPERATOR, STAFF, DRIVER, INVESTOR)

# permission -> the roles that have it by themselves. A grant adds one permission to one person or client.
PERMISSIONS: dict[str, frozenset[str]] = {
    "identity:manage": frozenset({ADMIN}),
    "identity:read": frozenset({ADMIN}),
    "identity:maintain": frozenset({SYSTEM}),
    "identity:manage_own": frozenset({ADMIN, OPERATOR, DRIVER, INVESTOR, STAFF}),
    "vehicles:read": frozenset({ADMIN, OPERATOR, STAFF, INTEGRATOR, SYSTEM}),
    "vehicles:register": frozenset({ADMIN, OPERATOR}),
    "vehicles:change_status": frozenset({ADMIN, OPERATOR}),
    "vehicles:note_device": frozenset({DEVICE, INTEGRATOR, SYSTEM}),
    "vehicles:claim_device": frozenset({ADMIN}),
    "drivers:read": frozenset({ADMIN, OPERATOR, STAFF}),
    "drivers:register": frozenset({ADMIN, OPERATOR}),
    "drivers:assign": frozenset({ADMIN, OPERATOR}),
    "drivers:read_own": frozenset({DRIVER}),
    "telemetry:read": frozenset({ADMIN, OPERATOR, STAFF, INTEGRATOR, SYSTEM}),
    "telemetry:read_own": frozenset({DRIVER, INVESTOR}),
    "telemetry:ingest": frozenset({DEVICE, INTEGRATOR, SYSTEM}),
    "telemetry:replay": frozenset({ADMIN}),
    "telemetry:maintain": frozenset({SYSTEM}),
    "telemetry:record_mileage": frozenset({ADMIN, OPERATOR, STAFF}),
    "telemetry:follow": frozenset({SYSTEM}),
    "access:read": frozenset({ADMIN, OPERATOR, SYSTEM}),
    "access:immobilize": frozenset({ADMIN}),  # an operator needs the grant
    "access:release": frozenset({ADMIN, OPERATOR}),
    "access:deliver": frozenset({SYSTEM}),
    "events:read": frozenset({ADMIN, OPERATOR, STAFF, INTEGRATOR, SYSTEM}),
    "events:manage_geofences": frozenset({ADMIN, OPERATOR}),
    "events:detect": frozenset({SYSTEM}),
    "investors:read_own": frozenset({INVESTOR}),
    "investors:manage": frozenset({ADMIN}),
    "webhooks:read": frozenset({ADMIN}),
    "webhooks:manage": frozenset({ADMIN}),
    "webhooks:deliver": frozenset({SYSTEM}),
    "audit:read": frozenset({ADMIN}),
    "health:read": frozenset({ADMIN}),
    "health:beat": frozenset({SYSTEM}),
}

# permission -> what it lets one do, in words, for the pages where it is granted.
GRANTABLE: dict[str, str] = {
    "access:immobilize": "Order the immobilization of a vehicle",
    "vehicles:register": "Put a vehicle into the registry",
    "telemetry:read": "Read the telemetry of the fleet",
    "telemetry:ingest": "Send telemetry in",
    "telemetry:record_mileage": "Record what an odometer says",
    "vehicles:read": "Read the registry of vehicles",
    "access:read": "Read the orders given to vehicles",
    "access:release": "Release a vehicle",
    "events:read": "Read what was detected about vehicles, and the geofences",
    "events:manage_geofences": "Add, rename and close geofences",
    "webhooks:read": "Read webhook endpoints and what was sent to them",
    "webhooks:manage": "Add and change webhook endpoints, and send messages again",
}

# What an app asks a person for beyond rights (OpenID Connect Core sections 5.4 and 11), in words for the consent page.
PERSONAL_SCOPES: dict[str, str] = {
    "openid": "Know that it is you",
    "profile": "Read your name and time zone",
    "email": "Read your e-mail address",
    "offline_access": "Stay connected while you are away",
}

# Rights over what happens on the road: whoever is asked for one is told so.
DANGEROUS: frozenset[str] = frozenset({"access:immobilize", "access:release"})

Kind = Literal["user", "client", "device", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting. `parks` are the parks in view; None means all of them. `id` is within its kind.

    `assets` are the vehicles that are the actor's own: the one a driver has now, those an investor holds.
    `client_id` is the API client by which they act, if any.
    """

    kind: Kind
    id: int | None
    name: str
    roles: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    parks: frozenset[int] | None = frozenset()
    assets: frozenset[int] = frozenset()
    client_id: str | None = None

    def may(self, permission: str) -> bool:
        """Whether a role or a grant of this actor holds `permission`."""
        return permission in self.grants or not self.roles.isdisjoint(PERMISSIONS[permission])

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the actor holds `permission`."""
        if not self.may(permission):
            raise Forbidden(
                f"{self.name or 'You'} may not do this: the right {permission} is missing. "
                "Ask an administrator to grant it.",
                permission=permission,
            )

    def sees_park(self, park_id: int) -> bool:
        """Whether the records of `park_id` are in view."""
        return self.parks is None or park_id in self.parks


def system(name: str) -> Actor:
    """The product itself, acting by a job or a timer."""
    return Actor("system", None, name, roles=frozenset({SYSTEM}), parks=None)


P = ParamSpec("P")
R = TypeVar("R")


def needs(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a service verb with the right it needs; the keyword argument `actor` must hold it."""
    if permission not in PERMISSIONS:
        raise KeyError(f"{permission} is not in the permission table")

    def mark(verb: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(verb)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = kwargs["actor"]
            assert isinstance(actor, Actor)
            actor.require(permission)
            return verb(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return mark
