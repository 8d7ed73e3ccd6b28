"""What every answer carries to keep the browser on our side."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Response, g, request
from flask_wtf.csrf import CSRFProtect

from portals.doors import ErpApp, erp

csrf = CSRFProtect()

_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; connect-src 'self'{map_host}; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'{form_target}; object-src 'none'"
)


def csp_nonce() -> str:
    """The nonce of this page: a script or style that does not carry it is not run."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def install(app: ErpApp) -> None:
    """Check forms for their token and set the headers of every answer."""
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.settings.base_url.startswith("https:"),
        SESSION_COOKIE_NAME="erp_session",
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    csrf.init_app(app)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(_set_headers)


def is_same_origin() -> bool:
    """Whether a websocket handshake comes from one of our own pages; browsers always say where from."""
    origin = request.headers.get("Origin")
    return origin is not None and origin.split("://", 1)[-1] == request.host


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", _policy())
        headers.setdefault("Cache-Control", "no-store")
    return response


def allow_form_to_lead_to(source: str) -> None:
    """Let the forms of this page end at one place elsewhere. Browsers hold the answer's redirect to `form-action` too.

    `source` is a host source or a scheme of the policy language (CSP level 3), never text that somebody sent.
    """
    g.form_target = f" {source}"


def _policy() -> str:
    return _POLICY.format(nonce=csp_nonce(), map_host=_map_host(), form_target=g.get("form_target", ""))


def _map_host() -> str:
    """The origin of a configured map style elsewhere: the one foreign address a page may read from."""
    parts = urlsplit(erp().settings.map_style_url)
    return f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
