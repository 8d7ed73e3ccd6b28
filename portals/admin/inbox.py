"""The inbox of administrators: the same as the operators', with what they alone see to."""

from __future__ import annotations

from flask import Response, request, url_for

from core.inbox.queries import ItemRecord
from portals.admin import bp
from portals.inbox.acts import do_act
from portals.inbox.asked import read_asked
from portals.inbox.pages import show_list, show_one


@bp.get("/inbox")
def list_inbox() -> Response:
    """What wants a person, the most urgent first."""
    return show_list("admin", _find_way)


@bp.post("/inbox")
def handle_inbox() -> Response:
    """Acknowledge, take, give on, put off or close what is ticked, and show what is left."""
    return show_list("admin", _find_way, asked=read_asked(request.form), told=do_act())


@bp.get("/inbox/<int:item_id>")
def show_inbox_item(item_id: int) -> Response:
    """One item."""
    return show_one("admin", _find_way, item_id)


@bp.post("/inbox/<int:item_id>")
def handle_inbox_item(item_id: int) -> Response:
    """Do the same to one item, on its own page."""
    return show_one("admin", _find_way, item_id, told=do_act())


def _find_way(item: ItemRecord) -> tuple[str, str] | None:
    if item.job_id is not None:
        return url_for("admin.show_immobilization", job_id=item.job_id), "Open the order"
    if item.kind == "device_unknown":
        return url_for("admin.list_unknown_devices"), "Open the devices"
    return None
