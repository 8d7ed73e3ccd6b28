"""The one cookie there is: signed, out of reach of scripts, and not sent along with what other sites post."""

from __future__ import annotations

from portals.doors import ErpApp


def install(app: ErpApp) -> None:
    """Name and guard the cookie. Over https its name begins with __Host-, so that no neighbouring subdomain and no
    plain connection can plant one (RFC 6265bis section 4.1.3.2).
    """
    secure = app.settings.base_url.startswith("https:")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-erp_session" if secure else "erp_session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
    )
