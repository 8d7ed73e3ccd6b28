"""Of every route, who may: one line each, under the headings of docs/rights.md."""

from __future__ import annotations

from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, STAFF
from portals.policy.rules import Rule
from portals.policy.table import admin, api, driver, everybody, operator

# portal -> the roles that are at home there.
PORTALS: dict[str, frozenset[str]] = {
    "operator": frozenset({OPERATOR, STAFF}),
    "live": frozenset({OPERATOR, STAFF}),
    "driver": frozenset({DRIVER}),
    "investor": frozenset({INVESTOR}),
    "admin": frozenset({ADMIN}),
}

# What it is about -> endpoint -> who may. The headings are those of docs/rights.md, in their order.
SECTIONS: dict[str, dict[str, Rule]] = {
    **everybody.SECTIONS,
    **operator.SECTIONS,
    **driver.SECTIONS,
    **admin.SECTIONS,
    **api.SECTIONS,
}

POLICY: dict[str, Rule] = {endpoint: rule for rules in SECTIONS.values() for endpoint, rule in rules.items()}
