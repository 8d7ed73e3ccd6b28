"""Whom a finder of a weakness is told to write to."""

import dataclasses
from datetime import datetime

import pytest

from core.config import load
from core.errors import ConfigurationError
from portals.app import create_app

WELL_KNOWN = "/.well-known/security.txt"


class TestTheContact:
    def test_is_not_there_while_none_is_set(self, client):
        assert client.get(WELL_KNOWN).status_code == 404

    def test_is_said_as_the_rfc_wants_it(self, config, database, at):
        app = create_app(dataclasses.replace(config, security_contact="mailto:security@example.test"), database)
        answer = app.test_client().get(WELL_KNOWN)
        lines = dict(line.split(": ", 1) for line in answer.text.splitlines())
        assert answer.content_type.startswith("text/plain")
        assert lines["Contact"] == "mailto:security@example.test"
        assert lines["Canonical"] == f"{config.base_url}{WELL_KNOWN}"
        assert 0 < (datetime.fromisoformat(lines["Expires"]) - at).days < 365

    @pytest.mark.parametrize("contact", ["security@example.test", "http://a.test/", "mailto:a@b.test\nX: y"])
    def test_is_an_address_that_can_be_followed(self, contact):
        with pytest.raises(ConfigurationError, match="ERP_SECURITY_CONTACT"):
            load({"ERP_SECURITY_CONTACT": contact})
