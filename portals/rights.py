"""Who may do what, as a page: the policy of routes and the table of permissions, put into words."""

from __future__ import annotations

from collections.abc import Iterable

from core.permissions import DEVICE, GRANTABLE, PEOPLE, PERMISSIONS, ROLES, SYSTEM, WORDS
from portals.doors import ErpApp
from portals.policy import PORTALS, SECTIONS, Rule, Way, portal_of

_HEAD = """\
# Who may do what

Printed by `erp rights`; `erp rights --write` writes it here again. The tables are `portals/policy/table/` and
`core/permissions.py`, and are enforced, not described: a route or a verb that is in neither cannot be served. How they
work: [rights](subsystems/rights.md).

## How to read it

A person's column says what is answered to somebody who has that role alone: **yes**, they are let in; **granted**,
they are let in if the right was granted to them, and otherwise answered as it says; **404**, there is nothing for them
at this address; **403**, they are told which right is missing. Who is not signed in is sent to sign in (401 for data).
An API client has no role but scopes: it is let in with the scope that is named, and told that it is missing (403)
without. An app that acts for a person needs the scope, and its person the right. All of it holds within the parks in
view, and no further than a grant reaches: a record out of sight is not there (404).
"""


def as_markdown(app: ErpApp) -> str:
    """The page."""
    addresses = _addresses(app)
    parts = [_HEAD, "## Routes\n"]
    for heading, rules in SECTIONS.items():
        parts.append(f"### {heading}\n")
        parts.append(_table(_columns(rules), _rows(rules, addresses)))
    parts.append("## Rights\n")
    parts.append(
        "Who holds each right by their role. *Can be granted*: to a person on top of their roles, and as a scope.\n"
    )
    columns = ("Right", "In words", *(ROLES[role] for role in (*PEOPLE, DEVICE, SYSTEM)), "Can be granted")
    parts.append(_table(columns, map(_right, sorted(PERMISSIONS))))
    return "\n".join(parts)


def _addresses(app: ErpApp) -> dict[str, str]:
    """endpoint -> its methods and address."""
    return {
        rule.endpoint: f"{' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}"
        for rule in app.url_map.iter_rules()
    }


def _is_told(rules: dict[str, Rule]) -> bool:
    """Whether these routes are no matter of roles, and what they ask for is all there is to say."""
    return all(rule.why or rule.way is Way.MACHINE for rule in rules.values())


def _columns(rules: dict[str, Rule]) -> tuple[str, ...]:
    if _is_told(rules):
        return ("Route", "Open because, or asks for")
    return ("Route", "Asks for", *(ROLES[role] for role in PEOPLE))


def _rows(rules: dict[str, Rule], addresses: dict[str, str]) -> Iterable[tuple[str, ...]]:
    for endpoint, rule in rules.items():
        route = f"`{addresses[endpoint]}`"
        if _is_told(rules):
            yield route, _say(rule)
        else:
            yield route, _say(rule), *(_answer(endpoint, rule, role) for role in PEOPLE)


def _say(rule: Rule) -> str:
    if rule.way is Way.ITSELF:
        return f"its own proof: {rule.why}"
    if rule.why:
        return rule.why
    rights = " or ".join(f"`{permission}`" for permission in rule.permissions)
    return f"{rule.way.value}: {rights}" if rule.way is Way.MACHINE else rights or rule.way.value


def _answer(endpoint: str, rule: Rule, role: str) -> str:
    """What somebody of this role alone is answered; at the API, an app that acts for them with the scope."""
    if not rule.permissions:
        return "yes"
    if rule.way in {Way.PAGE, Way.ACT} and role not in PORTALS[portal_of(endpoint)]:
        return "404"
    if any(role in PERMISSIONS[permission] for permission in rule.permissions):
        return "yes"
    refused = "404" if rule.way is Way.PAGE else "403"
    return f"granted, else {refused}" if GRANTABLE.keys() & set(rule.permissions) else refused


def _right(permission: str) -> tuple[str, ...]:
    held = ("yes" if role in PERMISSIONS[permission] else "" for role in (*PEOPLE, DEVICE, SYSTEM))
    return f"`{permission}`", WORDS[permission], *held, "yes" if permission in GRANTABLE else ""


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heading)]
    lines.append(["---"] * len(lines[0]))
    lines += map(list, rows)
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |").replace("|  |", "| |") for line in lines)
