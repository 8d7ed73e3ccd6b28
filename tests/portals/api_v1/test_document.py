"""The description of the API: that it is OpenAPI 3.1, whole, and says what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from werkzeug.exceptions import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

import portals.app
from core.errors import Refusal
from core.permissions import GRANTABLE
from portals.addresses import FactKey
from portals.api_v1.contract.document import find_endpoints, make_document
from portals.api_v1.contract.problems import PROBLEM_TYPES
from portals.doors import ErpApp

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
# The page for people is no operation.
PAGES = {"api_v1.show_docs"}
PORTALS = Path(portals.app.__file__).parent


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_document(_app(), base_url="https://fleet.example")


def _app() -> Any:
    """The addresses and views of the API alone: nothing of them needs a database to be described."""
    from flask import Flask

    from portals.api_v1 import bp

    app = Flask("described")
    app.url_map.converters["key"] = FactKey
    app.register_blueprint(bp)
    return app


class TestDocument:
    def test_is_served_to_anybody_with_an_etag(self, app: ErpApp) -> None:
        client = app.test_client()
        answer = client.get("/api/v1/openapi.json")
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        assert answer.json["servers"] == [{"url": app.settings.base_url}]
        again = client.get("/api/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")

    def test_has_an_operation_for_every_route_and_no_other(self, document) -> None:
        routes = {
            (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
            for rule in _app().url_map.iter_rules()
            if rule.rule.startswith("/api/v1/") and rule.endpoint not in PAGES
            for method in (rule.methods or set()) & METHODS
        }
        assert {(one["method"], one["path"]) for one in operations(document)} == routes

    def test_refers_to_nothing_that_it_does_not_hold(self, document) -> None:
        for reference in references(document):
            place = document
            for part in reference.removeprefix("#/").split("/"):
                place = place[part]

    def test_names_each_operation_once_and_says_what_it_does(self, document) -> None:
        names = [one["operationId"] for one in operations(document)]
        assert len(names) == len(set(names))
        assert all(one["summary"] and one["description"] for one in operations(document))

    def test_has_only_schemas_that_are_json_schema(self, document) -> None:
        for schema in document["components"]["schemas"].values():
            jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})

    def test_shows_the_scope_that_each_operation_needs(self, document) -> None:
        scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
        assert scopes == GRANTABLE
        secured = {one["operationId"]: one["security"] for one in operations(document)}
        assert secured["register_vehicle"] == [{"oauth2": ["vehicles:register"]}]
        assert secured["get_openapi"] == []

    def test_describes_every_parameter(self, document) -> None:
        for one in operations(document):
            for parameter in one.get("parameters", ()):
                assert parameter["description"], (one["operationId"], parameter["name"])

    def test_gives_an_example_of_every_body_that_fits_it(self, document) -> None:
        for one in operations(document):
            if "requestBody" in one:
                content = one["requestBody"]["content"]["application/json"]
                schema = {**content["schema"], "components": document["components"]}
                jsonschema_rs.validator_for(schema).validate(content["example"])


class TestEndpoints:
    def test_are_all_declared(self) -> None:
        app = _app()
        declared = {one.rule.endpoint for one in find_endpoints(app)}
        assert declared == {rule.endpoint for rule in app.url_map.iter_rules()} - {"static", *PAGES}


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), **operation}


def references(place: Any) -> Iterator[str]:
    if isinstance(place, dict):
        for name, value in place.items():
            if name == "$ref":
                yield value
            yield from references(value)
    elif isinstance(place, list):
        for value in place:
            yield from references(value)


class TestTypesOfProblems:
    def test_are_all_in_the_table_with_their_status(self) -> None:
        known = {(one.code, one.status) for one in PROBLEM_TYPES}
        raised = {(refusal.code, refusal.status) for refusal in _subclasses(Refusal)}
        of_http = {
            (error.name.lower().replace(" ", "-"), error.code)
            for error in (BadRequest(), NotFound(), MethodNotAllowed(), RequestEntityTooLarge(), UnsupportedMediaType())
        }
        source = "".join(path.read_text() for path in (PORTALS / "errors.py", *(PORTALS / "api_v1").rglob("*.py")))
        named = {(code, int(status)) for status, code in re.findall(r'\bproblem\(\s*(\d+), "([a-z-]+)"', source)}
        assert (raised | of_http | named) - known == set()

    def test_are_the_ones_that_the_page_lists(self) -> None:
        page = (PORTALS.parent / "docs" / "subsystems" / "api.md").read_text()
        listed = re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.*) \|$", page, re.MULTILINE)
        assert listed == [(one.code, str(one.status), one.meaning) for one in PROBLEM_TYPES]


def _subclasses(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        if each.__module__.partition(".")[0] in {"core", "portals"}:
            yield each
        yield from _subclasses(each)
