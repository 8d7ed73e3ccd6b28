"""The authorization server: tokens for machines and for people's apps, and what others must know to check them.

OAuth 2.0 (RFC 6749) with what RFC 9700 asks for, and OpenID Connect Core. Authlib speaks the protocol; what a code, a
token or a person's consent is worth is decided in `core/identity`.
"""

from __future__ import annotations

from portals import security
from portals.doors import ErpApp
from portals.oauth.blueprint import bp, well_known
from portals.oauth.server import make_server

__all__ = ["install"]

# Asked by programs, which prove themselves in each request; the consent form is asked by a browser and is not here.
_BY_PROGRAMS = (
    "portals.oauth.authorize.authorize",
    "portals.oauth.tokens.issue_token",
    "portals.oauth.tokens.revoke_token",
    "portals.oauth.tokens.introspect_token",
    "portals.oauth.userinfo.tell_user",
)


def install(app: ErpApp) -> None:
    """Give the application its authorization server."""
    app.extensions["oauth"] = make_server(app)
    app.register_blueprint(bp)
    app.register_blueprint(well_known)
    for view in _BY_PROGRAMS:
        security.csrf.exempt(view)


from portals.oauth import (  # noqa: E402 - they hang their views on the blueprints
    authorize,  # noqa: F401
    discovery,  # noqa: F401
    tokens,  # noqa: F401
    userinfo,  # noqa: F401
)
