"""The policy speaks of every route, and nothing is served of which it does not speak."""

from __future__ import annotations

import ast

import pytest

from core.config import Config
from core.db import Database
from portals.app import create_app
from portals.doors import ErpApp
from portals.policy import POLICY, Way
from portals.policy.rules import page
from portals.rights import as_markdown
from tests.structure.test_structure import ROOT, python_files


class TestThePolicy:
    def test_names_every_route_and_none_that_is_gone(self, app: ErpApp) -> None:
        assert set(POLICY) == {rule.endpoint for rule in app.url_map.iter_rules()}

    def test_lets_no_application_start_with_a_route_that_it_does_not_name(
        self, config: Config, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(POLICY, "admin.health")
        with pytest.raises(LookupError, match=r"does not say who may use admin\.health"):
            create_app(config, database)

    def test_lets_no_application_start_while_it_names_a_route_that_is_gone(
        self, config: Config, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(POLICY, "admin.gone", page("health:read"))
        with pytest.raises(LookupError, match=r"routes that are gone: admin\.gone"):
            create_app(config, database)

    def test_serves_no_route_that_came_after_the_start(self, app: ErpApp) -> None:
        app.add_url_rule("/late", "late", lambda: "served")
        assert app.test_client().get("/late").status_code == 500

    def test_says_why_wherever_nobody_is_asked(self) -> None:
        open_ways = {Way.ANYBODY, Way.ITSELF}
        for endpoint, rule in POLICY.items():
            assert bool(rule.why) == (rule.way in open_ways), endpoint
            assert bool(rule.permissions) == (rule.way not in {*open_ways, Way.PERSON}), endpoint


class TestThePageOfRights:
    def test_is_what_the_tables_say(self, app: ErpApp) -> None:
        assert (ROOT / "docs" / "rights.md").read_text() == as_markdown(app), (
            "docs/rights.md is old: erp rights --write"
        )


class TestTheProductItself:
    def test_names_wherever_it_acts_what_it_needs_to_do(self) -> None:
        bare = [
            f"{file.relative_to(ROOT)}:{node.lineno}"
            for folder in ("core", "portals", "tasks")
            for file in python_files(folder)
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "system" and len(node.args) < 2
        ]
        assert bare == [], "say which rights it acts with: system(name, permission, ...)"
