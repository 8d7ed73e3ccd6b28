"""What the inbox is asked to show, as it stands in the address; the order is remembered from one visit to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request, session
from werkzeug.datastructures import MultiDict

from core.inbox.queries import SORTS, VIEWS, ItemQuery, Sort, View
from core.inbox.rules.catalog import GROUPS, Group, Severity
from portals.forms import record_id

PAGE_SIZE = 100
_LAST_PAGE = 10_000
_REMEMBERED = "inbox_sort"
VIEW_WORDS: Mapping[View, str] = {"open": "Open", "mine": "Mine", "snoozed": "Put off", "closed": "Closed"}
SORT_WORDS: Mapping[Sort, str] = {
    "urgent": "Most urgent first",
    "due": "Next to run out first",
    "newest": "Newest first",
    "oldest": "Oldest first",
}
SEVERITY_WORDS: Mapping[Severity, str] = {Severity.ACT: "Act now", Severity.LOOK: "Look", Severity.NOTE: "To know"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The state of the list. Of `severity`, `group` and `park` None means any."""

    view: View
    severity: Severity | None
    group: Group | None
    park: int | None
    sort: Sort
    page: int

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out that the view has."""
        return (self.severity, self.group, self.park) != (None, None, None)

    @property
    def args(self) -> dict[str, Any]:
        """The state as the parts of an address."""
        args: dict[str, Any] = {
            "view": None if self.view == "open" else self.view,
            "severity": None if self.severity is None else int(self.severity),
            "group": self.group,
            "park": self.park,
            "page": self.page if self.page > 1 else None,
        }
        return {name: value for name, value in args.items() if value is not None}

    def in_view(self, view: View) -> dict[str, Any]:
        """The address of another view with the same filters."""
        return replace(self, view=view, page=1).args

    def on_page(self, page: int) -> dict[str, Any]:
        """The address of another page."""
        return replace(self, page=page).args


def read_asked(given: MultiDict[str, str] | None = None) -> Asked:
    """What this address asks for, or what a form carries along. What makes no sense is left out."""
    args = request.args if given is None else given
    return Asked(
        view=next((view for view in VIEWS if view == args.get("view")), "open"),
        severity=args.get("severity", type=lambda text: Severity(int(text))),
        group=args.get("group", type=Group),
        park=args.get("park", type=record_id),
        sort=_read_sort(args.get("sort")),
        page=min(max(args.get("page", 1, type=record_id), 1), _LAST_PAGE),
    )


def as_query(asked: Asked) -> ItemQuery:
    """The question to the inbox."""
    return ItemQuery(
        view=asked.view,
        severities=() if asked.severity is None else (asked.severity,),
        groups=() if asked.group is None else (asked.group,),
        park_ids=() if asked.park is None else (asked.park,),
    )


def name_groups(counts: Mapping[str, int], chosen: Group | None) -> list[tuple[str, str]]:
    """The groups that there is something of, and the chosen one, with how many."""
    shown = [group for group in GROUPS if counts.get(group) or group is chosen]
    return [(group.value, f"{GROUPS[group]} ({counts.get(group, 0)})") for group in shown]


def name_severities(counts: Mapping[str, int], chosen: Severity | None) -> list[tuple[str, str]]:
    """The severities that there is something of, and the chosen one, with how many."""
    shown = [one for one in SEVERITY_WORDS if counts.get(str(int(one))) or one is chosen]
    return [(str(int(one)), f"{SEVERITY_WORDS[one]} ({counts.get(str(int(one)), 0)})") for one in shown]


def _read_sort(given: str | None) -> Sort:
    chosen = next((sort for sort in SORTS if sort == given), None)
    if chosen is not None:
        if session.get(_REMEMBERED) != chosen:
            session[_REMEMBERED] = chosen
        return chosen
    return next((sort for sort in SORTS if sort == session.get(_REMEMBERED)), "urgent")
