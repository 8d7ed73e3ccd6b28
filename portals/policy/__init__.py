"""The policy: of every route, who may. One table, looked up before every request; what it says is what is answered.

A route that is not in the table cannot be served: the application does not start with one. Which role holds which
permission stands in `core/permissions.py`; the two tables together are printed by `erp rights`, and are the page
docs/rights.md. Whether one record is in sight is decided where it is read, by the queries of core.

- What a person may not see answers as an address at which there is nothing, 404: a portal that is not theirs, a page
  which they have no right to read.
- What they see but may not do answers 403, with the right that is missing.
- A program is told which scope it lacks, 403 `insufficient-scope` (RFC 6750 section 3.1): scopes are no secret.
"""

from __future__ import annotations

from portals.policy.gate import check, install, is_open_to, offered, portal_of
from portals.policy.rules import Rule, Way
from portals.policy.table import POLICY, PORTALS, SECTIONS

__all__ = ["POLICY", "PORTALS", "SECTIONS", "Rule", "Way", "check", "install", "is_open_to", "offered", "portal_of"]
