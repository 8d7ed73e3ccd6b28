"""The policy: of every route, who may. One table, looked up before every request; what it says is what is answered.

A route that is not in the table cannot be served: the application does not start with one. Which role holds which
permission stands in `core/permissions.py`; the two tables together are printed by `erp rights`, and are the page
docs/rights.md. Whether one record is in sight is decided where it is read, by the queries of core.

- What a person may not see answers as an address at which there is nothing, 404: a portal that is not theirs, a page
  which they have no right to read.
- What they see but may not do answers 403, with the right that is missing.
- A program is told which scope it lacks, 403 `insufficient-scope` (RFC 6750 section 3.1): scopes are no secret.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import g, request
from werkzeug.exceptions import NotFound

from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, PERMISSIONS, STAFF, Actor
from portals.auth import gates
from portals.doors import ErpApp


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


# portal -> the roles that are at home there.
PORTALS: dict[str, frozenset[str]] = {
    "operator": frozenset({OPERATOR, STAFF}),
    "live": frozenset({OPERATOR, STAFF}),
    "driver": frozenset({DRIVER}),
    "investor": frozenset({INVESTOR}),
    "admin": frozenset({ADMIN}),
}

# What it is about -> endpoint -> who may. The headings are those of docs/rights.md.
SECTIONS: dict[str, dict[str, Rule]] = {
    "Anybody": {
        "static": anybody("style, scripts and the map; nothing about anybody"),
        "security.show_contact": anybody("RFC 9116: whom to tell of a weakness"),
        "health.healthz": anybody("asked by proxies and monitors; tells states, no records"),
        "auth.home": anybody("sends people where they belong"),
        "auth.show_sign_in": anybody("where one signs in"),
        "auth.sign_in": anybody("how one signs in"),
        "auth.begin_external": anybody("the way to sign in by an account elsewhere"),
        "auth.finish_external": anybody("how one comes back from there: the provider's answer is checked"),
        "auth.sign_out": anybody("ends a session, if there is one"),
        "auth.show_forgotten": anybody("where one asks for a new password"),
        "auth.ask_for_reset": anybody("tells nobody who has an account"),
        "auth.show_invitation": anybody("whoever holds the link was invited"),
        "auth.accept_invitation": anybody("whoever holds the link was invited"),
        "auth.show_reset": anybody("whoever holds the link reads the mailbox"),
        "auth.reset_password": anybody("whoever holds the link reads the mailbox"),
        "auth.offer_passkey": anybody("a challenge for a passkey; it does not say whose"),
        "auth.sign_in_with_passkey": anybody("how one signs in with a passkey"),
        "auth.show_second_factor": itself("whoever has just shown the right password"),
        "auth.show_factor": itself("whoever has just shown the right password"),
        "auth.offer_second_factor": itself("whoever has just shown the right password"),
    },
    "A person's own pages": {
        "account.home": person(),
        "account.show_profile": person(),
        "account.change_profile": person(),
        "account.change_password": person(),
        "account.list_sessions": person(),
        "account.end_session": person(),
        "account.end_other_sessions": person(),
        "account.list_apps": person(),
        "account.withdraw_app": person(),
        "account.show_security": person(),
        "account.show_totp": person(),
        "account.begin_totp": person(),
        "account.confirm_totp": person(),
        "account.remove_totp": person(),
        "account.renew_recovery_codes": person(),
        "account.offer_new_passkey": person(),
        "account.add_passkey": person(),
        "account.show_passkey": person(),
        "account.rename_passkey": person(),
        "account.remove_passkey": person(),
        "auth.confirm": person(),
        "auth.offer_confirmation": person(),
        "auth.confirm_external": person(),
        "account.list_external_logins": person(),
        "account.unlink_external_login": person(),
    },
    "The authorization server": {
        "oauth.authorize": itself("RFC 6749 section 3.1: whoever comes is sent to sign in, and then asked"),
        "oauth.decide": person(),
        "oauth.issue_token": itself("RFC 6749 section 3.2: the client proves itself"),
        "oauth.revoke_token": itself("RFC 7009 section 2.1: the client proves itself"),
        "oauth.introspect_token": itself("RFC 7662 section 2.1: the client proves itself"),
        "oauth.tell_user": itself("OpenID Connect Core section 5.3: a person's access token with the scope openid"),
        "well_known.authorization_server": anybody("RFC 8414: where to ask for tokens"),
        "well_known.openid_provider": anybody("OpenID Connect Discovery: the same, for who signs people in"),
        "oauth.public_keys": anybody("RFC 7517: public keys are public"),
    },
    "Trackers": {
        "devices.take_osmand": itself("a tracker names itself; it can only add its own points"),
        "devices.take_traccar": machine("telemetry:ingest"),
    },
    "The operator portal: the fleet": {
        "operator.board": page("telemetry:read"),
        "operator.live_json": page("telemetry:read"),
        "live.live": page("telemetry:read"),
        "operator.list_vehicles": page("vehicles:read"),
        "operator.show_vehicle": page("vehicles:read"),
        "operator.show_panel": page("vehicles:read"),
        "operator.new_vehicle": act("vehicles:register"),
        "operator.register_vehicle": act("vehicles:register"),
        "operator.change_status": act("vehicles:change_status"),
        "operator.record_mileage": act("telemetry:record_mileage"),
        "operator.show_track": page("telemetry:read"),
        "operator.track_json": page("telemetry:read"),
        "operator.track_file": page("telemetry:read"),
    },
    "The operator portal: the lock of a vehicle": {
        "operator.show_lock": page("access:read"),
        "operator.confirm_immobilization": act("access:immobilize"),
        "operator.immobilize": act("access:immobilize"),
        "operator.cancel_immobilization": act("access:release"),
        "operator.release": act("access:release"),
    },
    "The operator portal: drivers": {
        "operator.list_drivers": page("drivers:read"),
        "operator.new_driver": act("drivers:register"),
        "operator.register_driver": act("drivers:register"),
        "operator.new_assignment": act("drivers:assign"),
        "operator.assign_vehicle": act("drivers:assign"),
        "operator.end_assignment": act("drivers:assign"),
    },
    "The operator portal: what was detected, and geofences": {
        "operator.list_events": page("events:read"),
        "operator.download_events": page("events:read"),
        "operator.list_geofences": page("events:read"),
        "operator.geofences_json": page("events:read"),
        "operator.show_geofence": page("events:read"),
        "operator.new_geofence": act("events:manage_geofences"),
        "operator.add_geofence": act("events:manage_geofences"),
        "operator.new_import": act("events:manage_geofences"),
        "operator.import_geofences": act("events:manage_geofences"),
        "operator.rename_geofence": act("events:manage_geofences"),
        "operator.close_geofence": act("events:manage_geofences"),
    },
    "The driver portal": {
        "driver.today": page("drivers:read_own"),
    },
    "The investor portal": {
        "investor.assets": page("investors:read_own"),
    },
    "The admin console: how it runs": {
        "admin.health": page("health:read"),
        "admin.show_storage": page("health:read"),
        "admin.list_refusals": page("health:read"),
        "admin.confirm_replay": act("telemetry:replay"),
        "admin.replay_refusals": act("telemetry:replay"),
        "admin.list_unknown_devices": page("vehicles:claim_device"),
        "admin.choose_vehicle": act("vehicles:claim_device"),
        "admin.claim_device": act("vehicles:claim_device"),
        "admin.forget_device": act("vehicles:claim_device"),
    },
    "The admin console: orders given to vehicles": {
        "admin.list_immobilizations": page("access:read"),
        "admin.show_immobilization": page("access:read"),
        "admin.new_immobilization": act("access:immobilize"),
        "admin.confirm_immobilization": act("access:immobilize"),
        "admin.immobilize": act("access:immobilize"),
        "admin.cancel_immobilization": act("access:release"),
        "admin.release_immobilization": act("access:release"),
    },
    "The admin console: people, API clients, and who did what": {
        "admin.list_users": page("identity:read"),
        "admin.new_user": act("identity:manage"),
        "admin.show_factors": page("identity:read"),
        "admin.reset_factors": act("identity:manage"),
        "admin.add_user": act("identity:manage"),
        "admin.show_user": page("identity:read"),
        "admin.change_user": act("identity:manage"),
        "admin.invite_user_again": act("identity:manage"),
        "admin.send_reset": act("identity:manage"),
        "admin.close_user": act("identity:manage"),
        "admin.reopen_user": act("identity:manage"),
        "admin.end_user_session": act("identity:manage"),
        "admin.end_user_sessions": act("identity:manage"),
        "admin.give_grant": act("identity:manage"),
        "admin.take_grant": act("identity:manage"),
        "admin.list_clients": page("identity:read"),
        "admin.new_client": act("identity:manage"),
        "admin.add_client": act("identity:manage"),
        "admin.show_client": page("identity:read"),
        "admin.change_client": act("identity:manage"),
        "admin.rotate_client_secret": act("identity:manage"),
        "admin.close_client": act("identity:manage"),
        "admin.reopen_client": act("identity:manage"),
        "admin.list_audit_entries": page("audit:read"),
        # The admin console: webhooks.
        "admin.list_webhooks": page("webhooks:read"),
        "admin.show_webhook": page("webhooks:read"),
        "admin.show_webhook_message": page("webhooks:read"),
        "admin.new_webhook": act("webhooks:manage"),
        "admin.add_webhook": act("webhooks:manage"),
        "admin.edit_webhook": act("webhooks:manage"),
        "admin.change_webhook": act("webhooks:manage"),
        "admin.ping_webhook": act("webhooks:manage"),
        "admin.disable_webhook": act("webhooks:manage"),
        "admin.enable_webhook": act("webhooks:manage"),
        "admin.remove_webhook": act("webhooks:manage"),
        "admin.rotate_webhook_secret": act("webhooks:manage"),
        "admin.replay_webhook": act("webhooks:manage"),
        "admin.replay_webhook_message": act("webhooks:manage"),
    },
    "The API: its description": {
        "api_v1.get_openapi": anybody("what the API is, for programs; nothing about the fleet"),
        "api_v1.show_docs": anybody("what the API is, for people; nothing about the fleet"),
    },
    "The API: the registry": {
        "api_v1.list_parks": api("vehicles:read"),
        "api_v1.list_vehicles": api("vehicles:read"),
        "api_v1.get_vehicle": api("vehicles:read"),
        "api_v1.register_vehicle": api("vehicles:register"),
    },
    "The API: telemetry": {
        "api_v1.ingest": api("telemetry:ingest"),
        "api_v1.list_intake": api("telemetry:read"),
        "api_v1.list_states": api("telemetry:read"),
        "api_v1.list_points": api("telemetry:read"),
        "api_v1.list_refused": api("telemetry:read"),
        "api_v1.get_track": api("telemetry:read"),
        "api_v1.get_track_csv": api("telemetry:read"),
        "api_v1.get_track_gpx": api("telemetry:read"),
        "api_v1.list_trips": api("telemetry:read"),
        "api_v1.get_trips_csv": api("telemetry:read"),
        "api_v1.list_stops": api("telemetry:read"),
        "api_v1.get_stops_csv": api("telemetry:read"),
        "api_v1.list_periods": api("telemetry:read"),
        "api_v1.get_periods_csv": api("telemetry:read"),
        "api_v1.list_fleet_periods": api("telemetry:read"),
        "api_v1.get_mileage": api("telemetry:read"),
        "api_v1.record_mileage": api("telemetry:record_mileage"),
        "api_v1.list_changes": api("telemetry:read"),
    },
    "The API: orders to vehicles": {
        "api_v1.immobilize": api("access:immobilize"),
        "api_v1.get_immobilization": api("access:read"),
        "api_v1.cancel_immobilization": api("access:release"),
        "api_v1.release": api("access:release"),
        "api_v1.get_release": api("access:read"),
    },
    "The API: what was detected, and geofences": {
        "api_v1.list_events": api("events:read"),
        "api_v1.list_geofences": api("events:read"),
        "api_v1.get_geofence": api("events:read"),
        "api_v1.add_geofence": api("events:manage_geofences"),
        "api_v1.import_geofences": api("events:manage_geofences"),
        "api_v1.rename_geofence": api("events:manage_geofences"),
        "api_v1.close_geofence": api("events:manage_geofences"),
    },
    "The API: webhooks": {
        "api_v1.list_webhook_endpoints": api("webhooks:read"),
        "api_v1.get_webhook_endpoint": api("webhooks:read"),
        "api_v1.get_webhook_standing": api("webhooks:read"),
        "api_v1.list_webhook_messages": api("webhooks:read"),
        "api_v1.get_webhook_message": api("webhooks:read"),
        "api_v1.add_webhook_endpoint": api("webhooks:manage"),
        "api_v1.change_webhook_endpoint": api("webhooks:manage"),
        "api_v1.remove_webhook_endpoint": api("webhooks:manage"),
        "api_v1.rotate_webhook_secret": api("webhooks:manage"),
        "api_v1.replay_webhook_message": api("webhooks:manage"),
        "api_v1.replay_webhook_messages": api("webhooks:manage"),
        "api_v1.ping_webhook_endpoint": api("webhooks:manage"),
    },
}

POLICY: dict[str, Rule] = {endpoint: rule for rules in SECTIONS.values() for endpoint, rule in rules.items()}


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
        raise LookupError(f"portals/policy.py does not say who may use {', '.join(unlisted)}")
    if stale := sorted(POLICY.keys() - served):
        raise LookupError(f"portals/policy.py speaks of routes that are gone: {', '.join(stale)}")
    for endpoint, rule in POLICY.items():
        if rule.way in {Way.PAGE, Way.ACT} and portal_of(endpoint) not in PORTALS:
            raise LookupError(f"portals/policy.py does not say whose portal {endpoint} is in")
        if unknown := [name for name in rule.permissions if name not in PERMISSIONS]:
            raise LookupError(f"portals/policy.py asks at {endpoint} for {unknown[0]}, which is no permission")


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
