"""What is done to one item or to many that were ticked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import request

from core.db import Writer
from core.errors import Invalid
from core.inbox import service
from core.inbox.rules.claims import ClosedWhy
from core.inbox.service import Handled
from portals.doors import actor, at, erp
from portals.filters import zone
from portals.forms import record_id
from portals.inbox.pages import Told
from portals.inbox.snoozes import end_of_snooze

_MOST_WORDS = 3
Act = Callable[[Writer, list[int]], Handled]


def do_act() -> Told:
    """Do what the form says to the items that it names, and say what became of it.

    It has a transaction of its own, so that the list which is shown then is as it is afterwards.
    """
    ids = list(dict.fromkeys(request.form.getlist("item", type=record_id)))
    name = request.form.get("act", "")
    act = _ACTS.get(name)
    if act is None or not ids:
        return Told("Tick what you mean, and choose what is to be done.", "act")
    try:
        with erp().database.transaction() as session:
            handled = act(session, ids)
    except Invalid as refusal:
        return Told(refusal.detail, "act")
    return _say(_DONE[name], handled)


def _say(done: str, handled: Handled) -> Told:
    words = []
    if handled.done:
        count = len(handled.done)
        words.append(f"{'One' if count == 1 else count} {done}.")
    if handled.left:
        reasons = list(dict.fromkeys(handled.left.values()))
        words.append(f"{len(handled.left)} left as {'it was' if len(handled.left) == 1 else 'they were'}:")
        words += reasons[:_MOST_WORDS]
    return Told(" ".join(words), "warn" if handled.left else "ok")


def _acknowledge(session: Writer, ids: list[int]) -> Handled:
    return service.acknowledge_items(session, actor=actor(), at=at(), item_ids=ids)


def _take(session: Writer, ids: list[int]) -> Handled:
    return service.assign_items(session, actor=actor(), at=at(), item_ids=ids, user_id=actor().id)


def _assign(session: Writer, ids: list[int]) -> Handled:
    chosen = request.form.get("user_id", "")
    try:
        user_id = None if chosen == "nobody" else record_id(chosen)
    except ValueError:
        raise Invalid("Choose to whom it is given.", fields={"user_id": "Choose somebody."}) from None
    return service.assign_items(session, actor=actor(), at=at(), item_ids=ids, user_id=user_id)


def _snooze(session: Writer, ids: list[int]) -> Handled:
    until = end_of_snooze(request.form.get("until", ""), at=at(), zone=zone())
    if until is None:
        raise Invalid("Choose until when it is put off.", fields={"until": "Choose one of the list."})
    return service.snooze_items(session, actor=actor(), at=at(), item_ids=ids, until=until)


def _close(session: Writer, ids: list[int]) -> Handled:
    chosen = request.form.get("why", "")
    why = next((one for one in ClosedWhy if one.value == chosen), ClosedWhy.GONE)
    return service.close_items(session, actor=actor(), at=at(), item_ids=ids, why=why)


_ACTS: Mapping[str, Act] = {
    "acknowledge": _acknowledge,
    "take": _take,
    "assign": _assign,
    "snooze": _snooze,
    "close": _close,
}
_DONE: Mapping[str, str] = {
    "acknowledge": "acknowledged",
    "take": "taken by you",
    "assign": "given on",
    "snooze": "put off",
    "close": "closed",
}
