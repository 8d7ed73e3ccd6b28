"""The API does what its document says: asked for everything in it, by a machine that reads nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from core.permissions import GRANTABLE
from infra.bench.fuzz_api import DOCUMENT, probe, without_limits
from portals.doors import ErpApp
from tests.conftest import Fleet

CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
    "unsupported_method",
}


class TestEveryOperation:
    @pytest.mark.timeout(300)
    def test_answers_as_the_document_says(self, app: ErpApp, api: Callable[..., FlaskClient], fleet: Fleet) -> None:
        without_limits(app)
        token = api(*GRANTABLE).environ_base["HTTP_AUTHORIZATION"].split()[1]
        known = {"vehicle_id": fleet.vehicle_id, "driver_id": fleet.driver_id}
        found = probe(app, token, known=known, examples=2, seed=1)
        assert found.faults == {}, "\n\n".join(f"{name}\n{told}" for name, told in found.faults.items())
        assert set(found.checks) >= CHECKS
        paths = app.test_client().get(DOCUMENT).get_json()["paths"]
        asked = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
        assert set(found.statuses) == asked - {f"GET {DOCUMENT}"}  # which is where it is read from
