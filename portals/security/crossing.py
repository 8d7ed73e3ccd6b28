"""Requests that other sites make in a person's name (cross-site request forgery).

A form must carry its token. Before that is looked at, the browser's own word for where a request comes from is: Fetch
Metadata (https://www.w3.org/TR/fetch-metadata/) or, of a browser that does not send it, Origin (RFC 6454). Machines
show a token or a key with each request and no cookie; their blueprints are exempt from both.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request
from flask_wtf.csrf import CSRFProtect

from core.errors import Forbidden
from portals.doors import ErpApp, erp


class Crossing(CSRFProtect):  # type: ignore[misc]
    """The token of a form, and where the form was sent from."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Raises Forbidden for what another site sent, and CSRFError for a form without its token."""
        exempt = apply_exemptions and (not request.endpoint or self._is_exempt())
        if not exempt and request.method in current_app.config["WTF_CSRF_METHODS"]:
            _refuse_foreign()
        super().protect(apply_exemptions)


csrf = Crossing()


def install(app: ErpApp) -> None:
    """Check what changes something. A token lasts as long as its session."""
    app.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    csrf.init_app(app)


def is_own_origin(origin: str | None) -> bool:
    """Whether `origin`, as a browser says it, is that of our own pages."""
    if origin is None:
        return False
    parts = urlsplit(erp().settings.base_url)
    return origin in {f"{parts.scheme}://{parts.netloc}", f"{request.scheme}://{request.host}"}


def _refuse_foreign() -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    foreign = site not in {"same-origin", "none"} if site else origin is not None and not is_own_origin(origin)
    if foreign:
        raise Forbidden("This was sent by a page of another site. Open the page here and repeat what you did.")
