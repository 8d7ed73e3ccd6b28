"""Every address of the product, with records that exist where there is room for one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portals.doors import ErpApp

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
MACHINES = {"api_v1", "devices", "oauth", "health"}
SAMPLES = {"uuid": "00000000-0000-4000-8000-000000000001", "path": "css/app.css"}


def addresses(app: ErpApp, *, unsafe: bool = False) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and path of each rule: those that read, or those that change something."""
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) & UNSAFE if unsafe else (rule.methods or set()) & {"GET"}
        for method in methods:
            yield rule.endpoint, method, re.sub(r"<(?:(\w+)[^:>]*:)?\w+>", _sample, rule.rule)


def pages(app: ErpApp) -> Iterator[str]:
    """The paths that people open."""
    for endpoint, _, path in addresses(app):
        if endpoint.partition(".")[0] not in {*MACHINES, "static", "live"}:
            yield path


def _sample(found: re.Match[str]) -> str:
    return SAMPLES.get(found.group(1) or "", "1")
