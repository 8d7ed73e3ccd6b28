"""The audit log, as administrators see it."""

import re

from core import clock
from core.audit_keeping import make_signer, witness_file
from tasks.audit import Checker, append, sign
from tests.core.audit.conftest import run_verifier, tamper
from tests.portals.page import check_page


def check_log(database, config):
    thread = Checker().begin_if_asked(database, signer=make_signer(config), witness=witness_file(config))
    thread.join()


class TestTheAuditLog:
    def test_is_shown_with_what_waits_and_is_checked_when_asked(self, sign_in, database, config):
        browser = sign_in("admin")
        text = browser.get("/admin/audit/log").text
        check_page(text)
        assert "It has not been checked yet." in text
        append(database)
        sign(database, at=clock.now(), signer=make_signer(config), witness=witness_file(config))
        assert browser.post("/admin/audit/log/verification").status_code == 303
        assert "Being checked" in browser.get("/admin/audit/log").text
        check_log(database, config)
        text = browser.get("/admin/audit/log").text
        check_page(text)
        assert "As it was signed" in text
        assert make_signer(config).verifier_key in text.replace("&#43;", "+")

    def test_says_where_it_was_tampered_with_here_and_among_what_is_wrong(self, sign_in, database, config, client):
        browser = sign_in("admin")
        append(database)
        tamper(database, "UPDATE audit_entries SET actor_name = 'Nobody' WHERE id = 3")
        browser.post("/admin/audit/log/verification")
        check_log(database, config)
        text = browser.get("/admin/audit/log").text
        assert re.search(r"Position \d+ \(entry 3\): the entry is not what was logged", text)
        assert "The audit log was tampered with" in browser.get("/admin/").text
        health = client.get("/healthz").json
        assert health["status"] == "degraded"
        assert any("tampered" in reason for reason in health["reasons"])

    def test_is_handed_out_whole_and_verifies_elsewhere(self, sign_in, database, config, tmp_path):
        browser = sign_in("admin")
        append(database)
        sign(database, at=clock.now(), signer=make_signer(config), witness=witness_file(config))
        answer = browser.post("/admin/audit/log/export")
        file = tmp_path / "log.ndjson"
        file.write_bytes(answer.data)
        verified = run_verifier(tmp_path, "log", str(file), signer=make_signer(config))
        assert verified.returncode == 0, verified.stdout + verified.stderr
        verifier = browser.get("/admin/audit/log/verifier")
        assert verifier.data.startswith(b"#!/usr/bin/env python3")

    def test_shows_the_place_of_each_entry(self, sign_in, database):
        browser = sign_in("admin")
        assert "no place yet" in browser.get("/admin/audit").text
        append(database)
        text = browser.get("/admin/audit").text
        check_page(text)
        assert "no place yet" not in text.split("vehicle_assigned")[1]
        assert re.search(r"Position 0 of the log, leaf [0-9a-f]{64}", text)

    def test_is_no_business_of_operators(self, sign_in):
        assert sign_in("operator").get("/admin/audit/log").status_code in {403, 404}
