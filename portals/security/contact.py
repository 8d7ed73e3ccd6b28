"""Whom to tell of a weakness (RFC 9116)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response

from core.errors import NotFound
from portals.doors import at, erp

bp = Blueprint("security", __name__)
GOOD_FOR = timedelta(days=180)


@bp.get("/.well-known/security.txt")
def show_contact() -> Response:
    """The contact of ERP_SECURITY_CONTACT; nothing is here without it."""
    settings = erp().settings
    if settings.security_contact is None:
        raise NotFound("No contact is named here. Whoever runs this service sets ERP_SECURITY_CONTACT.")
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {at() + GOOD_FOR:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.base_url}/.well-known/security.txt",
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain", headers={"Cache-Control": "public, max-age=3600"})
