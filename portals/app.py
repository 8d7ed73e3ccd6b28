"""The web application, put together."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import orjson
from flask import Response, request, url_for
from flask.json.provider import JSONProvider

from core import clock, sealing
from core.config import Config
from core.db import Database
from core.identity.tokens import TokenIssuer, ensure_signing_key
from core.telemetry.rules.limits import limits_for
from portals import (
    account,
    addresses,
    admin,
    apply,
    auth,
    bodies,
    driver,
    emergency,
    errors,
    filters,
    health,
    investor,
    live,
    oauth,
    operator,
    people,
    policy,
    security,
    transparency,
)
from portals.api_v1 import allowance, encoding
from portals.api_v1 import bp as api_v1
from portals.devices.http import bp as devices
from portals.doors import ErpApp

ROOT = Path(__file__).resolve().parent.parent


class OrjsonProvider(JSONProvider):
    """JSON by orjson: times in ISO 8601, and a fifth more requests per second than the standard library."""

    def dumps(self, obj: object, **kwargs: object) -> str:
        """Text of `obj`."""
        return orjson.dumps(obj, option=orjson.OPT_UTC_Z).decode()

    def loads(self, s: str | bytes, **kwargs: object) -> object:
        """Value of the text `s`."""
        return orjson.loads(s)


def create_app(config: Config, database: Database) -> ErpApp:
    """The application over one database. Nothing is connected before the first request.

    Raises LookupError when the policy does not say of a route who may use it.
    """
    app = ErpApp(
        "equinomix",
        root_path=str(ROOT),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
    )
    secret = sealing.load_secret(config)
    app.settings, app.database = config, database
    app.limits = limits_for(config.raw_retention_days, config.limits)
    app.tokens = TokenIssuer(database, issuer=config.base_url, secret=secret)
    app.factor_key = sealing.derive(secret, "identity:factors")
    app.secret_key = sealing.derive(secret, "portals:session")
    app.json = OrjsonProvider(app)
    _set_up_templates(app)
    addresses.install(app)
    security.hosts.install(app)
    policy.install(app)
    bodies.install(app, bodies.Budget())
    security.install(app)
    errors.install(app)
    filters.install(app)
    people.install(app)
    auth.install(app)
    oauth.install(app)
    live.install(app)
    allowance.install(app)
    encoding.install(app)
    app.register_blueprint(health.bp)
    app.register_blueprint(transparency.bp)
    app.register_blueprint(emergency.bp)
    app.register_blueprint(apply.bp)
    for machines in (api_v1, devices):
        app.register_blueprint(machines)
        security.csrf.exempt(machines)
    for portal in (operator, driver, investor, admin, account):
        app.register_blueprint(portal.bp)
    policy.check(app)
    return app


def make_ready(config: Config, database: Database) -> None:
    """What must be in the database before the first request: a key to sign with."""
    with database.transaction() as session:
        ensure_signing_key(session, secret=sealing.load_secret(config), at=clock.now())


def _set_up_templates(app: ErpApp) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=_asset,
        simulated=_is_simulated(app.settings),
        map_style=app.settings.map_style_url if "://" in app.settings.map_style_url else None,
    )
    app.after_request(_set_age)


def _is_simulated(config: Config) -> bool:
    return config.wialon.base_url == f"http://127.0.0.1:{config.simulator_port}"


def _set_age(response: Response) -> Response:
    """An address that carries the hash of its file may be kept for a year. One without, as modules name each other,
    is asked for again each time and answered with 304 as long as it has not changed.
    """
    if request.endpoint == "static" and response.status_code < 400:
        kept = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
        response.headers["Cache-Control"] = kept
    return response


def _asset(path: str) -> str:
    return url_for("static", filename=path, v=_version(path))


@cache
def _version(path: str) -> str:
    return hashlib.sha256((ROOT / "static" / path).read_bytes()).hexdigest()[:12]
