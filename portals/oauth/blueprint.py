"""Where the views of the authorization server hang."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("oauth", __name__, url_prefix="/oauth")
# RFC 8615: addresses that are known without asking.
well_known = Blueprint("well_known", __name__, url_prefix="/.well-known")
