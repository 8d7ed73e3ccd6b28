"""By which names the web may be asked for, and through how many proxies.

A page asked for under a foreign name is a page that somebody else's DNS leads to (DNS rebinding), or a trick to get
that name into a link. Links that leave the product are made of its configured address, never of what a request says.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

from core.config import Config
from core.errors import Refusal
from portals.doors import ErpApp, erp

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Probes ask by the address of a replica, and trackers by the number they were told. Neither sends cookies, and their
# answers hold no link.
_ANY_HOST = ("/healthz", "/devices/")
_HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


class WrongHost(Refusal):
    """Asked for under a name that is not ours."""

    code, status, title = "wrong-host", 400, "Not the name of this service"


def install(app: ErpApp) -> None:
    """Refuse foreign names; believe as many proxies as are configured, and no other."""
    if app.settings.trusted_proxies:
        count = app.settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_port=0, x_prefix=0
        )
    app.extensions["hosts"] = known_hosts(app.settings)
    app.before_request(_check_host)


def known_hosts(config: Config) -> frozenset[str]:
    """The names that are ours: that of the configured address, further ones, and this machine's own if it listens
    to nobody else.
    """
    own = host_name(urlsplit(config.base_url).netloc)
    names = config.allowed_hosts | ({own} if own else set())
    return names | LOOPBACK if config.host in {"127.0.0.1", "localhost", "::1"} else names


def host_name(host: str) -> str | None:
    """The name in a Host header, in small letters and without the port; None if it is not one."""
    found = _HOST.fullmatch(host)
    return found["name"].lower().removesuffix(".") if found else None


def _check_host() -> None:
    if request.path.startswith(_ANY_HOST):
        return
    asked = request.headers.get("Host", "")
    if host_name(asked) in erp().extensions["hosts"]:
        return
    raise WrongHost(
        f"This service was asked for as {asked[:80]!r}, which is not one of its names. Open it by its own address. "
        "If this name is right, whoever runs the service adds it to ERP_ALLOWED_HOSTS, or sets ERP_PUBLIC_URL."
    )
