"""The description of this API, for machines and for people. Anybody may read it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from flask import Response, make_response, render_template

from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.api_v1.contract.document import make_document
from portals.doors import erp

KEPT = "public, max-age=300"


@bp.get("/openapi.json")
@operation(answers={200: dict[str, Any]})
def get_openapi() -> Response:
    """This document: OpenAPI 3.1, made from what validates the requests."""
    response = Response(_document(), mimetype="application/json")
    response.headers["Cache-Control"] = KEPT
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    return response


@bp.get("/docs")
def show_docs() -> Response:
    """The document as a page to read and to try. Not an operation: it is for people."""
    response = make_response(render_template("api/docs.html"))
    response.headers["Cache-Control"] = "no-store"  # its nonce is for once
    return response


def _document() -> bytes:
    """The document as bytes, made at the first request."""
    made: bytes | None = erp().extensions.get("openapi")
    if made is None:
        made = msgspec.json.encode(make_document(erp(), base_url=erp().settings.base_url))
        erp().extensions["openapi"] = made
    return made
