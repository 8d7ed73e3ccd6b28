"""Tampering by whoever owns the database is found, and the place of it is named: by us, and by a stranger."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path

from core import clock
from core.audit_log import content_of, sign_checkpoint
from core.audit_proofs import export_log
from core.db import Database
from core.merkle import chain_hash, leaf_hash
from tasks.audit import append
from tests.core.audit.conftest import (
    SIGNER,
    TABLES,
    export,
    export_by,
    run_verifier,
    sign_now,
    tamper,
    tampered,
    verify,
    verify_by,
    write,
)

FIFTH = "id = (SELECT entry_id FROM audit_leaves WHERE position = 5)"
RENAME = "UPDATE audit_entries SET actor_name = 'Nobody' WHERE " + FIFTH
DELETE = "DELETE FROM audit_entries WHERE " + FIFTH
RENUMBER = "UPDATE audit_entries SET detail = jsonb_set(detail, '{number}', '99') WHERE " + FIFTH
HUGE = "UPDATE audit_entries SET detail = '{\"number\": 1e9000}' WHERE " + FIFTH
PUT_IN = (
    "INSERT INTO audit_entries (at, actor_kind, actor_name, action, subject_kind, subject_id, detail, txid)"
    " SELECT at, actor_kind, 'Nobody', action, subject_kind, subject_id, detail, txid FROM audit_entries WHERE " + FIFTH
)
SWAP = (
    "UPDATE audit_entries a SET detail = b.detail FROM audit_entries b, audit_leaves la, audit_leaves lb"
    " WHERE la.entry_id = a.id AND lb.entry_id = b.id AND la.position IN (3, 6) AND lb.position = 9 - la.position"
)
TAKE_OUT = "DELETE FROM audit_leaves WHERE position = 5"
# What was done; what we say; what a stranger says who has an export of it (None: it is not in an export).
CASES: dict[str, tuple[list[str], list[str], list[str] | None]] = {
    "a detail changed": ([RENUMBER], ["Position 5"], ["Position 5"]),
    "a detail that cannot be read": ([HUGE], ["Position 5"], None),
    "another name put in": ([RENAME], ["Position 5"], ["Position 5"]),
    "two entries swapped": ([SWAP], ["Position 3", "Position 6"], ["Position 3", "Position 6"]),
    "an entry deleted": ([DELETE], ["Position 5", "was deleted"], ["Position 5: the entry was deleted"]),
    "its leaf deleted too": (
        [DELETE, TAKE_OUT],
        ["Positions 5 to 5 were taken out"],
        ["Positions 5 to 5 are missing"],
    ),
    "an entry deleted and a later one changed": (
        ["DELETE FROM audit_leaves WHERE position = 2", RENAME],
        ["Positions 2 to 2", "Position 5"],
        ["Positions 2 to 2", "Position 5"],
    ),
    "a leaf changed": (
        ["UPDATE audit_leaves SET leaf = sha256('x') WHERE position = 5"],
        ["Position 5", "Positions 4 to 5"],
        ["Position 5"],
    ),
    "the chain changed": (
        ["UPDATE audit_leaves SET chain = sha256('x') WHERE position = 5"],
        ["Position 5: the chain"],
        ["Position 5: the chain"],
    ),
    "a node changed": (
        ["UPDATE audit_nodes SET hash = sha256('x') WHERE level = 1 AND index = 2"],
        ["Positions 4 to 5"],
        None,
    ),
    "a node deleted": (["DELETE FROM audit_nodes WHERE level = 2 AND index = 1"], ["Positions 4 to 7"], None),
    "a node put in": (
        ["INSERT INTO audit_nodes (level, index, hash) VALUES (9, 9, sha256('x'))"],
        ["some were put in"],
        None,
    ),
    "an entry put in": ([PUT_IN], ["is in the table and not in the log"], None),
    "the end cut off": (
        [
            "DELETE FROM audit_entries WHERE id = (SELECT max(entry_id) FROM audit_leaves)",
            "DELETE FROM audit_leaves WHERE position = 8",
        ],
        ["its end is missing"],
        ["its end is missing"],
    ),
    "a signature forged": (
        ["UPDATE audit_checkpoints SET note = replace(note, 'equinomix', 'equinomiX') WHERE size = 9"],
        ["at 9 entries does not bear our signature"],
        ["the one of 9 entries"],
    ),
    "a signed root changed beside its note": (
        ["UPDATE audit_checkpoints SET root = sha256('x') WHERE size = 9"],
        ["at 9 entries was changed"],
        None,
    ),
}


def rewrite_from_fifth(database: Database) -> list[str]:
    """What makes the changed entry, its leaf, and every link of the chain from there on fit each other."""
    with tampered(database, RENAME) as reader:
        lines = [json.loads(line) for line in export_log(reader)]
    link, statements = base64.b64decode(lines[4]["chain"]), [RENAME]
    for line in lines[5:9]:
        leaf = leaf_hash(content_of(line["entry"]))
        link = chain_hash(link, leaf)
        statements.append(
            f"UPDATE audit_leaves SET leaf = '\\x{leaf.hex()}', chain = '\\x{link.hex()}'"
            f" WHERE position = {line['position']}"
        )
    return statements


class TestTampering:
    def test_is_found_and_located(self, log: Database, tmp_path: Path, witness: Path) -> None:
        for case, (statements, ours, strangers) in CASES.items():
            with tampered(log, *statements) as reader:
                found = "\n".join(verify_by(reader, witness))
                assert all(words in found for words in ours), (case, found)
                exported = None if strangers is None else export_by(reader, tmp_path)
            if strangers is not None and exported is not None:
                answer = run_verifier(tmp_path, "log", exported)
                assert answer.returncode == 1, (case, answer.stderr)
                assert all(words in answer.stdout for words in strangers), (case, answer.stdout)
        assert verify(log, witness) == [], "nothing stays of it"

    def test_is_told_of_no_more_than_there_is(self, log: Database, tmp_path: Path) -> None:
        with tampered(log, RENAME) as reader:
            assert len(verify_by(reader)) == 1
            exported = export_by(reader, tmp_path)
        answer = run_verifier(tmp_path, "log", exported)
        assert answer.stdout.count("WRONG") == 1

    def test_with_an_entry_and_all_its_hashes_is_located_by_the_tree_and_by_signed_states(
        self, log: Database, tmp_path: Path
    ) -> None:
        with tampered(log, *rewrite_from_fifth(log)) as reader:
            found = verify_by(reader)
            exported = export_by(reader, tmp_path)
        assert len([words for words in found if "Positions 4 to 5" in words]) == 1, found
        assert not any("chain" in words for words in found), found
        answer = run_verifier(tmp_path, "log", exported)
        assert answer.returncode == 1
        assert "something in positions 5 to 8 was rewritten" in answer.stdout

    def test_by_writing_the_whole_log_anew_is_found_against_the_witness(
        self, log: Database, witness: Path, tmp_path: Path
    ) -> None:
        """Whoever holds database and key can make a log that fits itself; not one that fits what was kept elsewhere."""
        tamper(log, RENAME, *(f"DELETE FROM {table}" for table in TABLES[1:]))
        append(log)
        with log.transaction() as session:
            sign_checkpoint(session, at=clock.now(), signer=SIGNER)
        assert verify(log) == []
        assert any("not what was signed at 9" in wrong for wrong in verify(log, witness))
        outside = run_verifier(tmp_path, "log", export(log, tmp_path), "--witness", str(witness))
        assert outside.returncode == 1
        assert "not what was signed at 9" in outside.stdout
        assert "kept a state of 5 entries that is missing" in outside.stdout

    def test_by_taking_signed_states_away_is_found_against_the_witness(self, log: Database, witness: Path) -> None:
        with tampered(log, "DELETE FROM audit_checkpoints WHERE size = 5") as reader:
            found = verify_by(reader, witness)
        assert found == ["The witness file has a state of 5 entries that is missing here."]

    def test_of_a_log_of_many_is_located(self, log: Database, at: datetime, witness: Path) -> None:
        for _ in range(70):
            write(log, at)
        append(log)
        sign_now(log, witness)
        tamper(log, "UPDATE audit_nodes SET hash = sha256('x') WHERE level = 4 AND index = 2")
        assert len(verify(log)) == 2, "the node, and the one above that is made of it"
        assert "Positions 32 to 47" in verify(log)[0]
