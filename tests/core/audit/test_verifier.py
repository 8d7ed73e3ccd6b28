"""The verifier that a stranger runs: receipts, proofs of growth, and what is made up to look like them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.audit_proofs import prove_growth
from core.db import Database
from core.errors import Conflict
from core.notes import Checkpoint, Signer
from tests.core.audit.conftest import SIGNER, export, receipt_of, run_verifier, tamper, write


def keep(folder: Path, text: str) -> str:
    path = folder / "file.json"
    path.write_text(text)
    return str(path)


def rename(made: dict[str, Any]) -> str:
    made["entries"][3]["entry"]["actor_name"] = "Nobody"
    return json.dumps(made)


def empty(made: dict[str, Any]) -> str:
    return json.dumps(made | {"entries": []})


def double(made: dict[str, Any]) -> str:
    return json.dumps(made | {"entries": [*made["entries"], made["entries"][0]]})


def move(made: dict[str, Any]) -> str:
    made["entries"][3]["position"] += 1
    return json.dumps(made)


def retitle(made: dict[str, Any]) -> str:
    return json.dumps(made | {"subject": ["immobilization", "8"]})


def unsign(made: dict[str, Any]) -> str:
    return json.dumps(made | {"checkpoint": made["checkpoint"].replace("\u2014", "-")})


def sign_by_another(made: dict[str, Any]) -> str:
    return json.dumps(made | {"checkpoint": Signer(bytes(32)).sign(Checkpoint("x", 9, bytes(32)))})


def show_another(made: dict[str, Any]) -> str:
    """A reader of the file sees the first name; a parser takes the second, which is the proved one."""
    return json.dumps(made).replace('"actor_name": ', '"actor_name": "Somebody", "actor_name": ')


FORGED: dict[str, tuple[Callable[[dict[str, Any]], str], int, str]] = {
    "a name changed": (rename, 1, "was changed, or never written"),
    "no entry in it": (empty, 1, "proves nothing"),
    "an entry twice": (double, 1, "stands here twice"),
    "another position": (move, 1, "was changed, or never written"),
    "another subject": (retitle, 1, "about something else"),
    "no signature": (unsign, 1, "does not bear the signature"),
    "the signature of another": (sign_by_another, 1, "does not bear the signature"),
    "a name that stands twice": (show_another, 2, "stands twice"),
    "another kind of file": (lambda made: "[1]", 2, "cannot be read"),
    "a number for a note": (lambda made: json.dumps(made | {"checkpoint": 5}), 2, "cannot be read"),
    "no JSON": (lambda made: "receipt", 2, "cannot be read"),
}


class TestAReceipt:
    @pytest.fixture
    def made(self, log: Database, at: datetime) -> dict[str, Any]:
        write(log, at, subject="other", words="of another order")
        return receipt_of(log, at)

    def test_verifies_with_nothing_but_the_verifier_and_the_key(
        self, made: dict[str, Any], tmp_path: Path, witness: Path
    ) -> None:
        assert len(made["entries"]) == 9
        for options in ([], ["--witness", str(witness)]):
            answer = run_verifier(tmp_path, "receipt", keep(tmp_path, json.dumps(made)), *options)
            assert answer.returncode == 0, answer.stdout + answer.stderr
            assert "All of it is as it was signed." in answer.stdout

    def test_does_not_when_it_is_forged(self, made: dict[str, Any], tmp_path: Path) -> None:
        for how, (forge, status, words) in FORGED.items():
            answer = run_verifier(tmp_path, "receipt", keep(tmp_path, forge(copy.deepcopy(made))))
            assert answer.returncode == status, (how, answer)
            assert words in answer.stdout + answer.stderr, how
            assert "All of it" not in answer.stdout, how
            assert "Traceback" not in answer.stderr, how

    def test_is_not_made_of_a_log_that_is_not_what_was_signed(self, log: Database, at: datetime) -> None:
        tamper(log, "UPDATE audit_nodes SET hash = sha256('x') WHERE level = 3")
        write(log, at)
        with pytest.raises(Conflict, match="not what was signed"):
            receipt_of(log, at)

    def test_is_not_made_of_nothing(self, database: Database, at: datetime) -> None:
        with pytest.raises(Conflict, match="no entry"):
            receipt_of(database, at)


class TestAProofOfGrowth:
    @pytest.fixture
    def claim(self, log: Database) -> dict[str, Any]:
        with log.reading() as reader:
            return prove_growth(reader, after=5)

    def test_is_checked_against_what_the_witness_kept(
        self, claim: dict[str, Any], tmp_path: Path, witness: Path
    ) -> None:
        file = keep(tmp_path, json.dumps(claim))
        answer = run_verifier(tmp_path, "consistency", file, "--witness", str(witness))
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout

    def test_of_two_logs_is_none(self, claim: dict[str, Any], tmp_path: Path) -> None:
        forged = claim | {"old": SIGNER.sign(Checkpoint(SIGNER.name, 5, bytes(32)))}
        answer = run_verifier(tmp_path, "consistency", keep(tmp_path, json.dumps(forged)))
        assert answer.returncode == 1
        assert "was rewritten" in answer.stdout

    def test_tells_nothing_about_a_state_that_the_witness_has_otherwise(
        self, claim: dict[str, Any], tmp_path: Path
    ) -> None:
        other = tmp_path / "other.txt"
        other.write_text(SIGNER.sign(Checkpoint(SIGNER.name, 5, bytes(32))))
        file = keep(tmp_path, json.dumps(claim))
        answer = run_verifier(tmp_path, "consistency", file, "--witness", str(other))
        assert answer.returncode == 1
        assert "there are two of them" in answer.stdout


class TestTheKey:
    def test_of_another_log_verifies_nothing(self, log: Database, at: datetime, tmp_path: Path) -> None:
        answer = run_verifier(tmp_path, "log", export(log, tmp_path), signer=Signer(bytes(32)))
        assert answer.returncode == 1
        assert "No state of this log was signed" in answer.stdout

    def test_with_a_wrong_letter_is_refused(self, log: Database, at: datetime, tmp_path: Path) -> None:
        class Mistyped:
            verifier_key = SIGNER.verifier_key[:-3] + "AA="

        answer = run_verifier(tmp_path, "log", export(log, tmp_path), signer=Mistyped())
        assert answer.returncode == 2
        assert "a letter of it is wrong" in answer.stderr
