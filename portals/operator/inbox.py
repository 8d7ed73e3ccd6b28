"""The inbox of those who run the fleet."""

from __future__ import annotations

from flask import Response, request, url_for

from core.inbox.queries import ItemRecord
from portals.inbox.acts import do_act
from portals.inbox.asked import read_asked
from portals.inbox.pages import show_list, show_one
from portals.operator import bp


@bp.get("/inbox")
def list_inbox() -> Response:
    """What wants a person, the most urgent first."""
    return show_list("operator", _find_way)


@bp.post("/inbox")
def handle_inbox() -> Response:
    """Acknowledge, take, give on, put off or close what is ticked, and show what is left."""
    return show_list("operator", _find_way, asked=read_asked(request.form), told=do_act())


@bp.get("/inbox/<int:item_id>")
def show_inbox_item(item_id: int) -> Response:
    """One item."""
    return show_one("operator", _find_way, item_id)


@bp.post("/inbox/<int:item_id>")
def handle_inbox_item(item_id: int) -> Response:
    """Do the same to one item, on its own page."""
    return show_one("operator", _find_way, item_id, told=do_act())


def _find_way(item: ItemRecord) -> tuple[str, str] | None:
    if item.kind in {"lock_failed", "lock_review"}:
        return url_for("operator.show_lock", vehicle_id=item.vehicle_id), "Open the lock"
    if item.kind == "shift_refused":
        return url_for("operator.list_weekly"), "Open the weekly shifts"
    if item.kind == "documents_waiting":
        return url_for("operator.list_waiting_documents"), "Open the queue"
    if item.kind in {"application", "driver_document"}:
        return url_for("operator.show_driver", driver_id=item.driver_id), "Open the driver"
    if item.driver_id is not None:
        return url_for("operator.show_driver_access", driver_id=item.driver_id), "Open their standing"
    if item.vehicle_id is not None:
        return url_for("operator.show_vehicle", vehicle_id=item.vehicle_id), "Open the vehicle"
    return None
