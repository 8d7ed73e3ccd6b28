"""What every answer tells the browser: what it may run, load, keep and give away."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Response, g, request

from portals.doors import ErpApp, erp

# A page runs and draws what this server serves, or what carries the nonce of this one answer. `blob:` is for the map's
# pictures and its worker. Trusted Types are not asked for: htmx and the map set innerHTML, and a policy that lets
# everything of theirs through would guard nothing.
_PAGE = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; font-src 'self'{map}; "
    "img-src 'self' data: blob:{map}; connect-src 'self'{map}; worker-src 'self' blob:; manifest-src 'self'; "
    "form-action 'self'{forms}; frame-ancestors 'none'; base-uri 'none'"
)
_DATA = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_TYPES_OF_PAGES = {"text/html", "text/javascript"}
_PERMISSIONS = ", ".join(
    [
        *(f"{name}=()" for name in ("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media")),
        *(
            f"{name}=()"
            for name in ("geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb")
        ),
        *(f"{name}=(self)" for name in ("publickey-credentials-create", "publickey-credentials-get")),
    ]
)
# A year, for this name alone: what its neighbours do is not ours to say (RFC 6797 section 6.1).
_HSTS = "max-age=31536000"


def install(app: ErpApp) -> None:
    """Set the headers of every answer."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(_set_headers)


def csp_nonce() -> str:
    """The nonce of this page: a script or style that does not carry it is not run."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def let_form_lead_to(address: str) -> None:
    """Let the forms of the page that is being answered end at the origin of `address`, after a redirect too: browsers
    hold `form-action` against every step. For an app's registered address, which is nothing a stranger chose.
    """
    parts = urlsplit(address)
    source = f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"
    if any(letter in source for letter in " ;,'\"") or not source.isprintable() or not parts.scheme:
        raise ValueError(f"not an address that a policy can name: {address!r}")
    g.form_targets = [*g.get("form_targets", []), source]


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", _PERMISSIONS)
    headers.setdefault("Content-Security-Policy", _policy(response))
    headers.setdefault("Cache-Control", "no-store")
    # Over a plain connection the header means nothing (RFC 6797 section 7.2); a proxy that is not told to us sets it.
    if request.is_secure and erp().settings.base_url.startswith("https:"):
        headers.setdefault("Strict-Transport-Security", _HSTS)
    return response


def _policy(response: Response) -> str:
    """A page's policy for pages, and for scripts because a worker obeys the policy that it came with."""
    if response.mimetype not in _TYPES_OF_PAGES:
        return _DATA
    nonce = f" 'nonce-{csp_nonce()}'" if response.mimetype == "text/html" else ""
    return _PAGE.format(
        nonce=nonce, map=_map_host(), forms="".join(f" {target}" for target in g.get("form_targets", ()))
    )


def _map_host() -> str:
    """The origin of a configured map style elsewhere: the one foreign address a page may read from."""
    parts = urlsplit(erp().settings.map_style_url)
    return f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
