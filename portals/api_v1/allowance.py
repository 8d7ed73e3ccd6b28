"""How much of the API a client may have, said with every answer (draft-ietf-httpapi-ratelimit-headers-11).

Each client has an allowance of units a minute; reading costs one, what takes long costs more. Points come in under an
allowance of their own that no fleet meets. Strangers, whose token is none, have one by address. A vehicle is let go
however often it is asked for. How the counts are kept: portals/meter.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from flask import Response, g, request
from flask.typing import ResponseReturnValue

from core.errors import Refusal, Unauthenticated
from portals import errors
from portals.doors import ErpApp, caller, erp
from portals.meter import Left, Meter, Quota

# Whatever else costs one unit.
COSTS = {
    "api_v1.get_track": 10,
    "api_v1.get_track_csv": 20,
    "api_v1.get_track_gpx": 20,
    "api_v1.get_trips_csv": 20,
    "api_v1.get_stops_csv": 20,
    "api_v1.get_periods_csv": 20,
    "api_v1.import_drivers": 20,
    "api_v1.import_geofences": 20,
    "api_v1.import_vehicles": 20,
    "api_v1.release": 0,
}
INTAKE = frozenset({"api_v1.ingest"})


class UsedUp(Refusal):
    """More was asked for than is left. `violated-policies` as in the draft, section 6.2."""

    code, status, title = "quota-exceeded", 429, "Too many requests"


@dataclass(frozen=True, slots=True)
class Allowances:
    """What everybody may have, and what they have had. Strangers have a file of their own: they cannot make the
    product forget what clients have had, however many addresses they come from.
    """

    clients: Meter
    strangers: Meter
    requests: Quota
    intake: Quota
    failures: Quota


def install(app: ErpApp) -> None:
    """Give the application its allowances, as configured."""
    settings = app.settings
    app.extensions["allowances"] = Allowances(
        clients=Meter(settings.home / "allowances" / "clients"),
        strangers=Meter(settings.home / "allowances" / "strangers"),
        requests=Quota("requests", settings.api_rate_per_min),
        intake=Quota("intake", settings.api_intake_rate_per_min),
        failures=Quota("unauthenticated", settings.api_stranger_rate_per_min),
    )


def charge() -> None:
    """Take what this request costs from what the client has. Raises UsedUp when that is more than is left."""
    if "caller" not in g:
        return  # what anybody may read
    quota, left = _take()
    if left.wait_s is not None and _cost() > 0:
        raise _used_up(quota, left.wait_s)


def answer_stranger(refusal: Unauthenticated) -> ResponseReturnValue:
    """The answer to a request without a good token: 401, or 429 once its address has sent too many of them."""
    allowances = _allowances()
    quota = allowances.failures
    g.allowance = quota, allowances.strangers.spend(_network(request.remote_addr or ""), 1, quota)
    wait_s = g.allowance[1].wait_s
    return errors.answer_refusal(refusal if wait_s is None else _used_up(quota, wait_s))


def say(response: Response) -> Response:
    """Put what is left on the answer. A request that was refused before it was charged costs too."""
    if "allowance" not in g and "caller" in g:
        _take()
    if "allowance" in g:
        quota, left = g.allowance
        response.headers["RateLimit-Policy"] = quota.policy
        response.headers["RateLimit"] = f'"{quota.name}";r={left.units};t={left.full_in_s}'
    return response


def _take() -> tuple[Quota, Left]:
    allowances = _allowances()
    quota = allowances.intake if request.endpoint in INTAKE else allowances.requests
    g.allowance = quota, allowances.clients.spend(caller(), _cost(), quota)
    taken: tuple[Quota, Left] = g.allowance
    return taken


def _cost() -> int:
    return COSTS.get(request.endpoint or "", 1)


def _allowances() -> Allowances:
    allowances: Allowances = erp().extensions["allowances"]
    return allowances


def _used_up(quota: Quota, wait_s: int) -> UsedUp:
    used_up = UsedUp(
        f"You have used up your allowance of {quota.per_minute} units a minute ({quota.name}). "
        f"Nothing of this request was done; repeat it in {wait_s} s, and ask less often from then on.",
        retry_after_s=wait_s,
    )
    used_up.facts["violated-policies"] = [quota.name]
    return used_up


def _network(address: str) -> str:
    """The address; of IPv6 the network that one customer has, for it holds more addresses than can be counted."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if isinstance(known, IPv6Address) else address
