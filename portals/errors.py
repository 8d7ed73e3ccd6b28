"""Refusals in the language of whoever asked: a problem document for machines, a page for people."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from core.db import AWAY
from core.errors import Forbidden, Refusal, Unauthenticated
from core.permissions import ROLES
from portals.doors import ErpApp, erp
from portals.security.targets import own_path

log = logging.getLogger(__name__)

# What stands for itself in a log, a page and a header.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]{8,64}")

_PLAIN = {
    400: "The request could not be understood.",
    404: "There is nothing at this address, or nothing that you may see. Check it, or start again from the first page.",
    405: "This address does not take that method.",
    415: "Send the body as application/json.",
}


_MACHINES = ("/api/", "/devices/", "/oauth/", "/healthz", "/live")
# Of the authorization server, what a browser opens.
_PAGES_AMONG_THEM = {"/oauth/authorize", "/oauth/consent"}


def request_id() -> str:
    """The name of this request in the logs, shown with every problem: the sender's own, if they gave it a plain one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _PLAIN_NAME.fullmatch(given) else secrets.token_hex(8)
    name: str = g.request_id
    return name


def install(app: ErpApp) -> None:
    """Answer every refusal and every failure, and put the request's name on every answer."""
    app.register_error_handler(Refusal, answer_refusal)
    app.register_error_handler(CSRFError, _answer_stale_form)
    app.register_error_handler(HTTPException, _answer_http)
    for away in AWAY:
        app.register_error_handler(away, _answer_away)
    app.register_error_handler(Exception, _answer_failure)
    app.after_request(_name_request)


def problem(status: int, code: str, title: str, detail: str, **members: Any) -> Response:
    """A problem document (RFC 9457)."""
    body = {
        "type": f"urn:equinomix:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id(),
        **members,
    }
    return Response(orjson.dumps(body), status=status, mimetype="application/problem+json")


def answer_refusal(refusal: Refusal) -> ResponseReturnValue:
    """The answer to a refusal."""
    if not _is_for_machine():
        return _show_refusal(refusal)
    members: dict[str, Any] = dict(refusal.facts)
    if refusal.fields:
        members["errors"] = [{"field": name, "detail": text} for name, text in refusal.fields.items()]
    missing = refusal.facts.get("permission") if "Authorization" in request.headers else None
    code = "insufficient-scope" if missing else refusal.code
    response = problem(refusal.status, code, refusal.title, refusal.detail, **members)
    if missing:
        response.headers["WWW-Authenticate"] = (
            f'Bearer realm="equinomix", error="insufficient_scope", scope="{missing}"'
        )
    if isinstance(refusal, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="equinomix", error="invalid_token"'
    if "retry_after_s" in refusal.facts or refusal.status == 503:
        response.headers["Retry-After"] = str(refusal.facts.get("retry_after_s", 2))
    if "version" in refusal.facts:
        response.set_etag(str(refusal.facts["version"]))
    return response


def _show_refusal(refusal: Refusal) -> ResponseReturnValue:
    if isinstance(refusal, Unauthenticated):
        sign_in = url_for("auth.show_sign_in", next=_way_back())
        return ("", 401, {"HX-Redirect": sign_in}) if "HX-Request" in request.headers else redirect(sign_in)
    return _page(refusal.status, refusal.title, refusal.detail)


def _way_back() -> str:
    """The page to open after signing in: that which was asked for, or from which something was sent. Empty if none."""
    page = request.headers.get("HX-Current-URL")
    if page is None:
        page = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else request.headers.get("Referer")
    parts = urlsplit(page or "")
    return own_path(parts.path + (f"?{parts.query}" if parts.query else "")) or ""


def _answer_stale_form(_: CSRFError) -> ResponseReturnValue:
    detail = "This page was open too long or came from elsewhere. Load it again and repeat what you did."
    return answer_refusal(Forbidden(detail))


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    detail = _too_large() if status == 413 else _PLAIN.get(status) or error.description or error.name
    if _is_for_machine():
        response = problem(status, error.name.lower().replace(" ", "-"), error.name, detail)
        allow = error.get_response().headers.get("Allow")
        if allow is not None:
            response.headers["Allow"] = allow
        return response
    return _page(status, error.name.capitalize(), detail)


def _too_large() -> str:
    most = request.max_content_length or 0
    size = f"{most // 1024} KB" if most < 1024 * 1024 else f"{most // (1024 * 1024)} MB"
    return f"The body is larger than {size}. Send it in several parts."


def _answer_away(error: Exception) -> ResponseReturnValue:
    log.warning("the database did not answer [%s]: %s", request_id(), error)
    detail = "The database does not answer just now. Nothing of this request was kept; repeat it in a moment."
    if _is_for_machine():
        response = problem(503, "unavailable", "Not available just now", detail)
    else:
        response = Response(_page(503, "Not available just now", detail)[0], status=503)
    response.headers["Retry-After"] = "2"
    return response


def _answer_failure(error: Exception) -> ResponseReturnValue:
    log.exception("request %s failed", request_id(), exc_info=error)
    detail = (
        f"This is a fault of ours; it is in the log as {request_id()}. Nothing of this request was kept. "
        "Repeat it, and tell an administrator that name if it fails again."
    )
    if _is_for_machine():
        return problem(500, "fault", "A fault of ours", detail)
    return _page(500, "A fault of ours", detail)


def _page(status: int, title: str, detail: str) -> tuple[str, int]:
    # Past the context processors: they look up who is signed in, which fails again when the database is away.
    page = erp().jinja_env.get_template("problem.html")
    asker = _find_asker() if status in {403, 404} else None
    return page.render(status=status, title=title, detail=detail, asker=asker, roles=ROLES), status


def _find_asker() -> Any:
    """Who is signed in, so that a page says as whom it is closed; None for nobody, and while it cannot be known."""
    try:
        return current_user._get_current_object() if current_user.is_authenticated else None
    except AWAY:
        return None


def _is_for_machine() -> bool:
    if request.path in _PAGES_AMONG_THEM:
        return False
    return request.path.startswith(_MACHINES) or request.path.endswith(".json")


def _name_request(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    return response
