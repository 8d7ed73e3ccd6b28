"""The admin console: what is wrong first, who may do what, the orders given to vehicles, and who did what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from portals import policy
from portals.doors import actor
from portals.inbox import frame as inbox_frame
from portals.orders.frame import frame_of

bp = Blueprint("admin", __name__, url_prefix="/admin")

NAV = [
    ("admin.health", "Health", "heartbeat"),
    ("admin.list_inbox", "Inbox", "inbox"),
    ("admin.show_storage", "Storage", "list"),
    ("admin.list_unknown_devices", "Devices", "plug-connected-x"),
    ("admin.list_immobilizations", "Remote Immobilize", "lock"),
    ("admin.list_approvals", "Approvals", "shield-check"),
    ("admin.list_jurisdictions", "Jurisdictions", "file-text"),
    ("admin.list_users", "People", "users"),
    ("admin.list_clients", "API clients", "key"),
    ("admin.list_webhooks", "Webhooks", "webhook"),
    ("admin.list_audit_entries", "Audit", "file-text"),
    ("admin.show_privacy", "Privacy", "shield-check"),
]


@bp.context_processor
def offer_navigation() -> dict[str, Any]:
    """The entries of the rail."""
    return {
        "nav": policy.offered(NAV, actor()),
        **frame_of("admin.list_approvals"),
        **inbox_frame.frame_of("admin.list_inbox"),
    }


from portals.admin import (  # noqa: E402, F401 - they hang their views on bp
    access,
    approvals,
    audit,
    audit_log,
    brakes,
    devices,
    health,
    inbox,
    jurisdictions,
    locks,
    privacy,
    storage,
    telemetry,
    webhooks,
)
from portals.admin.identity import clients, factors, grants, person, users  # noqa: E402, F401 - likewise
