"""What anybody may have of the audit log without signing in, and the receipt that whoever sees an order may have."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core import clock
from core.audit_keeping import make_signer, witness_file
from core.config import Config
from core.db import Database
from tasks.audit import append, sign
from tests.conftest import Fleet
from tests.core.audit.conftest import run_verifier, tamper, write

ORDER = {"method": "vialon_relay", "reason": "theft", "break_glass": True}


@pytest.fixture
def signed(database: Database, config: Config, at: datetime) -> Database:
    """A log that was signed twice."""
    for _ in range(2):
        write(database, at)
        append(database)
        sign(database, at=clock.now(), signer=make_signer(config), witness=witness_file(config))
    return database


class TestTheSignedStates:
    def test_are_there_for_anybody_and_are_those_of_the_witness_file(
        self, client: FlaskClient, config: Config, signed: Database
    ) -> None:
        listed = client.get("/transparency/checkpoints").text
        assert listed == witness_file(config).read_text()
        newest = client.get("/transparency/checkpoint").text
        assert listed.endswith(newest + "\n\n")
        size = listed.splitlines()[1]
        assert client.get(f"/transparency/checkpoints?after={size}").text == newest + "\n\n"

    def test_are_proved_to_follow_from_each_other(
        self, client: FlaskClient, config: Config, signed: Database, tmp_path: Path
    ) -> None:
        witness = tmp_path / "kept.txt"
        witness.write_text(client.get("/transparency/checkpoints").text)
        size = witness.read_text().splitlines()[1]
        claim = tmp_path / "claim.json"
        claim.write_text(client.get(f"/transparency/consistency?after={size}").text)
        assert client.get("/transparency/key").text.strip() == make_signer(config).verifier_key
        options = ["--witness", str(witness)]
        answer = run_verifier(tmp_path, "consistency", str(claim), *options, signer=make_signer(config))
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def test_come_with_every_key_that_signed_them(self, client: FlaskClient, config: Config, signed: Database) -> None:
        old = make_signer(config).verifier_key
        (config.home / "secret.key").write_text("ab" * 32)
        keys = client.get("/transparency/key").text.split()
        assert keys[1:] == [old]
        assert keys[0] not in keys[1:]

    def test_are_not_proved_for_what_was_never_signed(self, client: FlaskClient, signed: Database) -> None:
        for asked in ("", "?after=9999", "?after=x", f"?after={'9' * 30}"):
            assert client.get(f"/transparency/consistency{asked}").status_code == 404

    def test_are_not_proved_by_a_log_that_lacks_its_rows(
        self, client: FlaskClient, config: Config, signed: Database
    ) -> None:
        size = client.get("/transparency/checkpoints").text.splitlines()[1]
        tamper(signed, "DELETE FROM audit_nodes", "DELETE FROM audit_leaves")
        answer = client.get(f"/transparency/consistency?after={size}")
        assert answer.status_code == 409
        assert "proves nothing until" in answer.text


class TestTheReceiptOfAnOrder:
    def test_verifies_and_is_for_whoever_sees_the_order_alone(
        self, api: Callable[..., FlaskClient], fleet: Fleet, config: Config, tmp_path: Path
    ) -> None:
        client = api("access:immobilize", "access:read")
        path = f"/api/v1/access/{fleet.vehicle_id}/immobilize"
        receipt = f"{path}/{client.post(path, json=ORDER).json['job_id']}/receipt"
        file = tmp_path / "receipt.json"
        file.write_text(json.dumps(client.get(receipt).json))
        answer = run_verifier(tmp_path, "receipt", str(file), signer=make_signer(config))
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert "access.immobilize_ordered" in answer.stdout
        assert api("access:read", park_ids=[2]).get(receipt).status_code == 404
        assert api("vehicles:read").get(receipt).status_code == 403
