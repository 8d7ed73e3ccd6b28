"""House rules that no reviewer should have to remember."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.db import Base, Database
from core.permissions import GRANTABLE, PERMISSIONS, ROLES
from portals.doors import ErpApp
from portals.policy import POLICY
from tasks.subscriptions import JOBS, SUBSCRIPTIONS

ROOT = Path(__file__).resolve().parent.parent.parent
SUBSYSTEM_FILES = {"__init__", "models", "service", "queries", "schemas", "rules", "gateway", "store", "catalog"}
# Files that a subsystem has beyond the common grammar, each with its decision record.
FURTHER_FILES = {
    "access": {"delivery"},  # docs/decisions/0006
    "events": {"following"},  # docs/decisions/0010
    "identity": {"passwords", "tokens"},  # docs/decisions/0007
    "webhooks": {"delivery"},  # docs/decisions/0019
}
# Verbs by which one becomes somebody: they need no right because they are how one gets them. To be counted needs none.
OPEN_VERBS = {
    "core.access.service.emergency.start_in_emergency",
    "core.identity.service.external.confirm_externally",
    "core.identity.service.external.sign_in_externally",
    "core.identity.service.sign_in.sign_in",
    "core.identity.service.confirmation.confirm_session",
    "core.identity.service.confirmation.prove_second_factor",
    "core.identity.service.confirmation.sign_in_with_passkey",
    "core.identity.service.sessions.start_session",
    "core.identity.service.sessions.end_session",
    "core.identity.service.sessions.note_seen",
    "core.identity.service.throttles.count_attempt",
    "core.identity.service.clients.use_client",
    "core.identity.service.authorization_codes.take_code",
    "core.identity.service.refresh_tokens.give_refresh_token",
    "core.identity.service.refresh_tokens.hold_refresh_token",
    "core.identity.service.refresh_tokens.use_refresh_token",
    "core.identity.service.token_revocation.revoke_access_token",
    "core.identity.service.token_revocation.revoke_refresh_token",
    "core.identity.service.tickets.ask_for_reset",
    "core.identity.service.tickets.redeem_ticket",
}
# What the verbs of a folder share: called by them, reached from nowhere else.
SHARED = {
    "core.access.service.arming",
    "core.access.service.brakes",
    "core.access.service.claims",
    "core.access.service.fairness",
    "core.access.service.held",
    "core.access.service.inputs",
    "core.access.service.limits",
    "core.access.service.judging",
    "core.access.service.verdict",
    "core.drivers.service.additions",
    "core.drivers.service.papers",
    "core.drivers.service.records",
    "core.drivers.service.sealing",
    "core.drivers.service.assignment_making",
    "core.drivers.service.assignment_places",
    "core.drivers.service.handover_drafts",
    "core.events.service.additions",
    "core.events.service.dispute_endings",
    "core.events.service.record_adding",
    "core.events.service.record_writing",
    "core.identity.service.endings",
    "core.identity.service.families",
    "core.identity.service.persons",
    "core.identity.service.posting",
    "core.identity.service.revocations",
    "core.identity.service.strangers",
    "core.identity.service.codes",
    "core.identity.service.proofs",
    "core.identity.service.lockout",
    "core.drivers.service.import_storing",
    "core.inbox.service.changes",
    "core.vehicles.service.import_storing",
    "core.webhooks.service.order",
}


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def subsystems() -> list[str]:
    return sorted(folder.name for folder in (ROOT / "core").iterdir() if (folder / "__init__.py").exists())


def services() -> list[ModuleType]:
    """Every module of verbs; a service that outgrew one file is a folder of them."""
    return [
        importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for name in subsystems()
        for file in [
            *(ROOT / "core" / name).glob("service.py"),
            *(ROOT / "core" / name / "service").glob("[!_]*.py"),
        ]
    ]


def public_functions(module: ModuleType) -> list[tuple[str, object]]:
    return [
        (f"{module.__name__}.{name}", function)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__
    ]


class TestEveryVerb:
    def test_carries_the_right_it_needs(self) -> None:
        bare = {
            name
            for module in services()
            for name, verb in public_functions(module)
            if module.__name__ not in SHARED
            if not hasattr(verb, "permission") and "session" in inspect.signature(verb).parameters
        }
        assert bare == OPEN_VERBS

    def test_is_called_by_its_subsystem_alone_when_it_carries_none(self) -> None:
        for name in SHARED:
            text = "\n".join(f.read_text() for folder in ("core", "portals", "tasks") for f in python_files(folder))
            callers = re.findall(rf"from {re.escape(name)} import", text)
            inside = "\n".join(f.read_text() for f in python_files(name.rpartition(".")[0].replace(".", "/")))
            assert len(callers) == len(re.findall(rf"from {re.escape(name)} import", inside)), name

    def test_takes_who_and_when_by_keyword(self) -> None:
        for module in services():
            for name, verb in public_functions(module):
                if hasattr(verb, "permission"):
                    parameters = inspect.signature(verb).parameters
                    assert {"actor", "at"} <= parameters.keys(), name
                    kinds = {p.kind for p in list(parameters.values())[1:]}
                    assert kinds == {inspect.Parameter.KEYWORD_ONLY}, name


class TestThePermissionTable:
    def test_names_only_roles_that_exist(self) -> None:
        assert set().union(*PERMISSIONS.values()) <= set(ROLES)

    def test_can_grant_only_what_it_has(self) -> None:
        assert set(GRANTABLE) <= set(PERMISSIONS)

    def test_holds_nothing_that_nobody_asks_for(self) -> None:
        text = "\n".join(file.read_text() for folder in ("core", "portals", "tasks") for file in python_files(folder))
        unused = [name for name in PERMISSIONS if text.count(f'"{name}"') < 2]
        assert unused == []


class TestCore:
    def test_has_only_the_names_of_the_grammar_inside_a_subsystem(self) -> None:
        for name in subsystems():
            found = {path.stem for path in (ROOT / "core" / name).iterdir() if not path.stem.startswith("__py")}
            assert found <= SUBSYSTEM_FILES | FURTHER_FILES.get(name, set()), name

    def test_commits_nowhere(self) -> None:
        said = [
            f"{file.relative_to(ROOT)}:{node.lineno}"
            for folder in ("core", "portals", "tasks")
            for file in python_files(folder)
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
        ]
        assert said == []


class TestFacts:
    def test_are_all_mapped_to_what_follows_from_them(self) -> None:
        published = set()
        for file in python_files("core"):
            published |= set(re.findall(r'publish(?:_each)?\(\s*\w+,\s*"([a-z_.]+)"', file.read_text()))
        published |= {"access.job_changed", "access.job_finished"}  # chosen by state in access.service._tell
        assert published == set(SUBSCRIPTIONS)

    def test_lead_to_jobs_that_exist(self) -> None:
        assert {job for jobs in SUBSCRIPTIONS.values() for job in jobs} <= set(JOBS)


class TestRoutes:
    def test_are_all_in_the_list(self, app: ErpApp) -> None:
        found = sorted(
            f"{' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}"
            for rule in app.url_map.iter_rules()
        )
        listed = (ROOT / "tests" / "structure" / "routes.txt").read_text().splitlines()
        assert found == listed, "a route came or went: say so in tests/structure/routes.txt"

    @pytest.mark.parametrize("portal", ["operator", "driver", "investor", "admin"])
    def test_send_a_stranger_to_sign_in(self, app: ErpApp, portal: str) -> None:
        answer = app.test_client().get(f"/{portal}/")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in")

    def test_of_the_api_answer_a_stranger_with_401(self, app: ErpApp) -> None:
        client = app.test_client()
        for rule in app.url_map.iter_rules():
            if rule.endpoint.startswith("api_v1.") and POLICY[rule.endpoint].permissions:
                path = re.sub(r"<uuid:[^>]+>", "49ba9f80-5754-462f-a258-32922b7dd91d", rule.rule)
                path = re.sub(r"<[^>]+>", "1", path)
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                    assert client.open(path, method=method).status_code == 401, path


class TestMigrations:
    def test_lead_to_exactly_the_tables_of_the_models(self, database: Database) -> None:
        with database.writer.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _is_ours})
            assert compare_metadata(context, Base.metadata) == []

    def test_are_numbered_without_gaps(self) -> None:
        names = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
        assert [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    return kind != "table" or not (str(name).startswith("huey_") or "_p2" in str(name))


class TestImports:
    def test_keep_their_contracts(self) -> None:
        lint = subprocess.run(
            [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert lint.returncode == 0, lint.stdout[-3000:]


class TestVendoredFiles:
    def test_are_the_ones_that_were_checked(self) -> None:
        check = subprocess.run(
            ["sha256sum", "--check", "--quiet", "CHECKSUMS"],
            cwd=ROOT / "static" / "vendor",
            capture_output=True,
            text=True,
            check=False,
        )
        assert check.returncode == 0, check.stdout + check.stderr


class TestTheProject:
    def test_names_no_path_of_a_developers_machine(self) -> None:
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
        suspects = re.compile(r"/(home|root|Users)/\w+/|/work/")
        for name in tracked.stdout.split():
            path = ROOT / name
            if path.suffix in {".py", ".md", ".toml", ".yml", ".html", ".js", ".css"} and "vendor" not in path.parts:
                if path == Path(__file__):
                    continue
                assert not suspects.search(path.read_text()), name
