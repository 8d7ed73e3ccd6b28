"""Signing in by an account of the company: an OpenID Connect provider that is configured (ERP_OIDC_...).

provider.py asks it, checks.py believes or does not believe its answers, round_trip.py remembers what was asked of it,
views.py are the pages on either side. It is asked outside of any transaction and with no connection held.
"""

from __future__ import annotations

from portals.auth.external.provider import Provider
from portals.auth.external.views import confirmation_url
from portals.doors import ErpApp

__all__ = ["install"]


def install(app: ErpApp) -> None:
    """Give the application its provider, if one is configured. It is not asked before the first person comes."""
    settings = app.settings.oidc
    app.extensions["external"] = None if settings is None else Provider(settings)
    app.jinja_env.globals["external_name"] = None if settings is None else settings.name
    app.jinja_env.globals["external_confirmation"] = confirmation_url
