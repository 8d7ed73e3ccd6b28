"""Who may do what: one table, read as policy, and the decorator that every verb of a service carries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, ParamSpec, TypeVar

from core.errors import REFUSED, Forbidden, Refusal

ADMIN = "admin"
OPERATOR = "operator"
DRIVER = "driver"
INVESTOR = "investor"
STAFF = "staff"
DEVICE = "device"
SYSTEM = "system"

ROLES: dict[str, str] = {
    ADMIN: "Administrator",
    OPERATOR: "Operator",
    DRIVER: "Driver",
    INVESTOR: "Investor",
    STAFF: "Park staff",
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
    "identity:invite_drivers": frozenset({ADMIN, OPERATOR}),
    "identity:manage_own": frozenset({ADMIN, OPERATOR, DRIVER, INVESTOR, STAFF}),
    "files:keep": frozenset({ADMIN, OPERATOR, STAFF, DRIVER, SYSTEM}),
    "files:scan": frozenset({SYSTEM}),
    "files:erase": frozenset({ADMIN, SYSTEM}),
    "vehicles:read": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "vehicles:register": frozenset({ADMIN, OPERATOR}),
    "vehicles:change": frozenset({ADMIN, OPERATOR, STAFF}),
    "vehicles:define_fields": frozenset({ADMIN, OPERATOR}),
    "vehicles:change_status": frozenset({ADMIN, OPERATOR}),
    "vehicles:move": frozenset({ADMIN, OPERATOR}),
    "vehicles:fit_tracker": frozenset({ADMIN, OPERATOR, STAFF}),
    "vehicles:note_device": frozenset({DEVICE, SYSTEM}),
    "vehicles:claim_device": frozenset({ADMIN}),
    "drivers:read": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "drivers:register": frozenset({ADMIN, OPERATOR}),
    "drivers:change": frozenset({ADMIN, OPERATOR}),
    "drivers:verify": frozenset({ADMIN, OPERATOR}),
    "drivers:read_documents": frozenset({ADMIN, OPERATOR}),
    "drivers:hand_in": frozenset({ADMIN, OPERATOR, DRIVER, SYSTEM}),
    "drivers:configure": frozenset({ADMIN, OPERATOR}),
    "drivers:apply": frozenset({SYSTEM}),
    "drivers:assign": frozenset({ADMIN, OPERATOR, SYSTEM}),
    "drivers:hand_over": frozenset({ADMIN, OPERATOR, STAFF, DRIVER}),  # a driver their own vehicle
    "drivers:set_access": frozenset({SYSTEM}),
    "drivers:read_own": frozenset({DRIVER}),
    "drivers:change_own": frozenset({DRIVER}),
    "telemetry:read": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "telemetry:read_own": frozenset({DRIVER, INVESTOR}),
    "telemetry:ingest": frozenset({DEVICE, SYSTEM}),
    "telemetry:replay": frozenset({ADMIN}),
    "telemetry:maintain": frozenset({SYSTEM}),
    "telemetry:record_mileage": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "telemetry:follow": frozenset({SYSTEM}),
    "access:read": frozenset({ADMIN, OPERATOR, SYSTEM}),
    "access:immobilize": frozenset({ADMIN}),  # an operator needs the grant
    "access:approve": frozenset({ADMIN}),  # the second person; an operator needs the grant
    "access:review": frozenset({ADMIN}),
    "access:release": frozenset({ADMIN, OPERATOR, SYSTEM}),
    "access:brake": frozenset({ADMIN, OPERATOR, SYSTEM}),
    "access:reset": frozenset({ADMIN}),
    "access:configure": frozenset({ADMIN}),
    "access:note_debt": frozenset({ADMIN}),
    "access:judge": frozenset({ADMIN, OPERATOR, SYSTEM}),
    "access:start_own": frozenset({DRIVER}),
    "access:deliver": frozenset({SYSTEM}),
    "access:advance": frozenset({SYSTEM}),
    "events:read": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "events:manage_geofences": frozenset({ADMIN, OPERATOR}),
    "events:read_records": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "events:record": frozenset({ADMIN, OPERATOR}),
    "events:decide": frozenset({ADMIN, OPERATOR}),
    "events:match": frozenset({SYSTEM}),
    "events:read_own": frozenset({DRIVER}),
    "events:dispute_own": frozenset({DRIVER}),
    "events:detect": frozenset({SYSTEM}),
    "inbox:read": frozenset({ADMIN, OPERATOR, STAFF, SYSTEM}),
    "inbox:handle": frozenset({ADMIN, OPERATOR, STAFF}),
    "inbox:follow": frozenset({SYSTEM}),
    "ratings:read": frozenset({ADMIN, OPERATOR}),
    "ratings:read_own": frozenset({DRIVER}),
    "ratings:compute": frozenset({SYSTEM}),
    "ratings:give_feedback": frozenset({DRIVER}),
    "ratings:appeal": frozenset({DRIVER}),
    "ratings:decide_appeal": frozenset({ADMIN, OPERATOR}),
    "investors:read_own": frozenset({INVESTOR}),
    "investors:manage": frozenset({ADMIN}),
    "webhooks:read": frozenset({ADMIN}),
    "webhooks:manage": frozenset({ADMIN}),
    "webhooks:deliver": frozenset({SYSTEM}),
    "privacy:erase": frozenset({ADMIN}),
    "audit:read": frozenset({ADMIN, SYSTEM}),
    "health:read": frozenset({ADMIN}),
    "health:beat": frozenset({SYSTEM}),
}

# permission -> what it lets one do, in words, for the pages where it is granted.
GRANTABLE: dict[str, str] = {
    "access:immobilize": "Order the immobilization of a vehicle",
    "access:approve": "Approve, as the second person, the immobilization that another has ordered",
    "access:brake": "Hold all immobilizations",
    "access:note_debt": "Tell what drivers owe, have promised and dispute",
    "access:judge": "Tell what decides whether a driver may drive, suspend a driver and lift that",
    "vehicles:register": "Put a vehicle into the registry",
    "vehicles:change": "Change the records of vehicles, their documents and photos",
    "vehicles:change_status": "Move a vehicle to another status",
    "vehicles:define_fields": "Define further fields that vehicles have",
    "vehicles:fit_tracker": "Put trackers into vehicles, and take them out",
    "vehicles:move": "Move vehicles to another park",
    "drivers:read": "Read the records of drivers, and who has which vehicle when",
    "drivers:assign": "Give a driver a vehicle, plan and move that, and end it",
    "telemetry:read": "Read the telemetry of the fleet",
    "telemetry:ingest": "Send telemetry in",
    "telemetry:record_mileage": "Record what an odometer says",
    "vehicles:read": "Read the registry of vehicles",
    "drivers:register": "Add drivers",
    "drivers:change": "Change the records of drivers",
    "drivers:verify": "Accept and refuse the documents of drivers, and take people in as drivers",
    "drivers:read_documents": "Read the documents, licences and personal data of drivers",
    "drivers:hand_in": "Hand in documents for drivers",
    "access:read": "Read the orders given to vehicles",
    "access:release": "Release a vehicle",
    "events:read": "Read what was detected about vehicles, and the geofences",
    "inbox:read": "Read what wants a person",
    "inbox:handle": "Acknowledge, assign, put off and close what wants a person",
    "events:manage_geofences": "Add, rename and close geofences",
    "events:read_records": "Read incidents, fines, repairs and violations, and whose they are",
    "events:record": "Record incidents, fines, repairs and violations, and correct them",
    "events:decide": "Decide disputes of what was recorded",
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
DANGEROUS: frozenset[str] = frozenset({"access:immobilize", "access:approve", "access:release"})

# permission -> what it lets one do, in words: of those that can be granted and of those that only a role has.
WORDS: dict[str, str] = {
    **GRANTABLE,
    "identity:manage": "Add people and API clients, and change what they may do",
    "identity:read": "See who may do what",
    "identity:invite_drivers": "Give drivers an account of their own",
    "identity:manage_own": "Look after one's own account",
    "identity:maintain": "Clear away what has ended of sessions, letters and tokens",
    "files:keep": "Hand in files with a record that one may change",
    "files:scan": "Scan files for viruses",
    "files:erase": "Destroy the files of somebody who is erased",
    "vehicles:note_device": "Note that a device nobody knows has reported",
    "vehicles:claim_device": "Put a device that reports into a vehicle",
    "drivers:configure": "Say what a park asks of its drivers, and open its link for applications",
    "drivers:apply": "Take applications that come by a park's link",
    "drivers:hand_over": "Inspect a vehicle that is taken over or given back, and sign for it",
    "drivers:set_access": "Write down whether a driver may drive",
    "drivers:read_own": "Read one's own record as a driver",
    "drivers:change_own": "Change one's own contact data as a driver",
    "telemetry:read_own": "Read how one's own vehicles do",
    "telemetry:replay": "Judge refused points anew",
    "telemetry:maintain": "Make room for telemetry, and drop what has expired",
    "telemetry:follow": "Follow the points: trips, periods, mileage",
    "access:review": "Review the immobilizations that were ordered without a second person",
    "access:reset": "Lift the hold of all immobilizations, and reset the breaker",
    "access:configure": "Write the rules by which jurisdictions let vehicles be immobilized",
    "access:start_own": "Start one's own vehicle in an emergency, and say that one has read a notice",
    "access:advance": "Tell drivers what is to happen, and move orders on when their time has come",
    "access:deliver": "Deliver orders to vehicles, and record what became of them",
    "events:detect": "Keep what was detected",
    "inbox:follow": "Keep what wants a person, and write to those it concerns",
    "events:match": "Find out whose an event is when assignments change",
    "events:read_own": "Read the events that are one's own",
    "events:dispute_own": "Dispute the events that are one's own",
    "ratings:read": "Read how drivers are rated, and their appeals",
    "ratings:read_own": "Read one's own rating, line by line",
    "ratings:compute": "Rate drivers, and release feedback in batches",
    "ratings:give_feedback": "Say what one thinks of colleagues",
    "ratings:appeal": "Appeal against what was decided about oneself as a driver",
    "ratings:decide_appeal": "Decide what drivers appeal against",
    "investors:read_own": "Read which shares of vehicles one holds",
    "investors:manage": "Record who holds which share of a vehicle",
    "webhooks:deliver": "Send messages to webhook endpoints",
    "privacy:erase": "Forget a person for good, by destroying their key",
    "audit:read": "Read who did what",
    "health:read": "Read how the product runs, and what it refused",
    "health:beat": "Say that a process lives",
}

Kind = Literal["user", "client", "device", "system"]


@dataclass(frozen=True, slots=True)
class NarrowGrant:
    """A permission that was granted for one park or for one vehicle, and reaches no further."""

    permission: str
    park_id: int | None = None
    vehicle_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a right holds: in whole parks (None: all of them), and for single vehicles of the parks in view."""

    parks: frozenset[int] | None
    vehicles: frozenset[int] = frozenset()
    view: frozenset[int] | None = None

    def covers(self, park_id: int, vehicle_id: int | None = None) -> bool:
        """Whether it holds for what belongs to this park or, where a vehicle is named, to this vehicle of it."""
        if self.parks is None or park_id in self.parks:
            return True
        return vehicle_id in self.vehicles and (self.view is None or park_id in self.view)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting. `parks` are the parks in view; None means all of them. `id` is within its kind.

    Roles and `grants` hold in all parks in view; each of `narrow` holds for its park or vehicle, if that is in view.
    `assets` are the vehicles that are the actor's own: the one a driver has now, those an investor holds. Only the
    rights to read one's own reach them.
    `client_id` is the API client by which they act, if any. `name` is what is written down of them; of a person it is
    a pseudonym, so that nobody's name stands where nothing can be taken back.
    """

    kind: Kind
    id: int | None
    name: str
    roles: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    parks: frozenset[int] | None = frozenset()
    assets: frozenset[int] = frozenset()
    client_id: str | None = None
    narrow: frozenset[NarrowGrant] = frozenset()

    def may(self, permission: str, *, park_id: int | None = None, vehicle_id: int | None = None) -> bool:
        """Whether the actor holds `permission`: anywhere at all or, with a park, for what belongs to that park, and
        with a vehicle of it, for that vehicle.
        """
        if park_id is not None:
            return self.reach(permission).covers(park_id, vehicle_id)
        return self._holds_widely(permission) or any(grant.permission == permission for grant in self.narrow)

    def reach(self, permission: str) -> Reach:
        """Where the actor holds `permission`; nowhere, when it is not held."""
        if self._holds_widely(permission):
            return Reach(self.parks)
        held = [grant for grant in self.narrow if grant.permission == permission]
        parks = frozenset(
            grant.park_id for grant in held if grant.park_id is not None and self.sees_park(grant.park_id)
        )
        return Reach(parks, frozenset(grant.vehicle_id for grant in held if grant.vehicle_id is not None), self.parks)

    def require(self, permission: str, *, park_id: int | None = None, vehicle_id: int | None = None) -> None:
        """Raise Forbidden unless `may` says yes to the same."""
        if self.may(permission, park_id=park_id, vehicle_id=vehicle_id):
            return
        name, words = "You" if self.kind == "user" else self.name, WORDS[permission]
        if self.may(permission):
            text = f"{name} may not do this here: the right “{words}” ({permission}) does not reach this record."
            raise Forbidden(f"{text} Ask an administrator to widen it.", permission=permission)
        text = f"{name} may not do this: the right “{words}” ({permission}) is missing."
        raise Forbidden(f"{text} Ask an administrator to grant it.", permission=permission)

    def sees_park(self, park_id: int) -> bool:
        """Whether the records of `park_id` are in view."""
        return self.parks is None or park_id in self.parks

    def through(self, scopes: Iterable[str]) -> Actor:
        """The same actor, acting through something that has only these `scopes` of all their rights."""
        kept = frozenset(scopes) & PERMISSIONS.keys()
        wide = frozenset(scope for scope in kept if self._holds_widely(scope))
        narrow = frozenset(grant for grant in self.narrow if grant.permission in kept - wide)
        return replace(self, roles=frozenset(), grants=wide, narrow=narrow)

    def _holds_widely(self, permission: str) -> bool:
        return permission in self.grants or not self.roles.isdisjoint(PERMISSIONS[permission])


def pseudonym(user_id: int) -> str:
    """What a person is called in records, files and logs. Who may see their name is shown it in its place."""
    return f"user:{user_id}"


def system(name: str, *permissions: str) -> Actor:
    """The product itself, acting by a job or a timer, with no more than `permissions`; all that it has, if none is
    named. Raises KeyError for one that is not the product's own.
    """
    foreign = [permission for permission in permissions if SYSTEM not in PERMISSIONS[permission]]
    if foreign:
        raise KeyError(f"{foreign[0]} is not a right of the product itself")
    if permissions:
        return Actor("system", None, name, grants=frozenset(permissions), parks=None)
    return Actor("system", None, name, roles=frozenset({SYSTEM}), parks=None)


P = ParamSpec("P")
R = TypeVar("R")


def needs(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a service verb with the right it needs; the keyword argument `actor` must hold it.

    A verb that refuses does nothing: whoever catches its refusal to show a page cannot keep a half of it.
    """
    if permission not in PERMISSIONS:
        raise KeyError(f"{permission} is not in the permission table")

    def mark(verb: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(verb)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = kwargs["actor"]
            assert isinstance(actor, Actor)
            actor.require(permission)
            try:
                return verb(*args, **kwargs)
            except Refusal:
                session: Any = args[0]
                session.info[REFUSED] = True
                raise

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return mark
