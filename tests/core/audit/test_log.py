"""The log: every entry once, whoever writes, whoever dies; signed only as long as it is what was signed before."""

from __future__ import annotations

import base64
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from core import audit, clock
from core.audit_health import ask_for_verification, check, is_tampered, list_verifications
from core.audit_keeping import append_witness, find_witnessed, read_witness
from core.audit_log import KEEPER, ForkedLog, append_new, read_tip, sign_checkpoint
from core.audit_proofs import prove_growth
from core.db import Database
from core.errors import NotFound
from core.merkle import is_consistent
from core.notes import Signer, open_checkpoint
from tasks.audit import Checker, append
from tests.conftest import ROOT
from tests.core.audit.conftest import SIGNER, TABLES, export, receipt_of, run_verifier, sign_now, tamper, verify, write

REPLICA = "SET session_replication_role = replica"
KEEP = """
import sys
from core.db import Database
from tasks.audit import append
database = Database(sys.argv[1])
print("ready", flush=True)
while True:
    append(database)
"""
SCATTER = (
    "INSERT INTO audit_entries (at, actor_kind, actor_name, action, subject_kind, subject_id, detail)"
    " SELECT now(), 'system', 'x', 'a.b', 'thing', n::text, '{}' FROM generate_series(1, 1500) n"
)


def has_each_once(database: Database) -> bool:
    with database.reading() as reader:
        entries = reader.exec_driver_sql("SELECT count(*) FROM audit_entries").scalar_one()
        return read_tip(reader).size == entries and verify(database) == []


class TestTheLog:
    def test_gives_every_entry_of_many_writers_one_place_and_no_more(self, database: Database, at: datetime) -> None:
        """Commits come in another order than ids, some never, and two keepers give places at the same time."""
        done = threading.Event()
        chance = random.Random(20)

        def keep() -> None:
            while not done.is_set():
                append(database)

        def scribble(number: int, waits: list[float]) -> None:
            with psycopg.connect(database.dsn) as connection:
                for wait in waits:
                    connection.execute(SCATTER.replace("1500", "2"))
                    time.sleep(wait)
                    (connection.rollback if number == 3 else connection.commit)()

        keepers = [threading.Thread(target=keep) for _ in range(2)]
        writers = [
            threading.Thread(target=scribble, args=(number, [chance.random() / 50 for _ in range(4)]))
            for number in range(20)
        ]
        for thread in [*keepers, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in keepers:
            thread.join()
        append(database)
        with database.reading() as reader:
            assert read_tip(reader).size >= 19 * 4 * 2
        assert has_each_once(database)

    @pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=pytest.mark.proof)])
    def test_loses_nothing_and_forks_nothing_when_its_keepers_are_killed(self, database: Database, rounds: int) -> None:
        """Two at a time, killed wherever they are, while entries come."""
        chance = random.Random(9)
        for _ in range(rounds):
            with psycopg.connect(database.dsn) as connection:
                connection.execute(SCATTER)
            command = [sys.executable, "-c", KEEP, database.dsn]
            keepers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
            for keeper in keepers:
                with keeper:
                    assert keeper.stdout is not None
                    keeper.stdout.readline()
                    time.sleep(chance.random() / 10)
                    keeper.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while not has_each_once(database):
            assert time.monotonic() < deadline
            append(database)  # waits for what the killed ones left to be rolled back

    def test_leaves_what_a_crash_cut_short_to_the_next_keeper(self, database: Database, at: datetime) -> None:
        write(database, at)
        with pytest.raises(RuntimeError), database.transaction() as session:
            append_new(session, at=at)
            raise RuntimeError
        assert append(database) >= 1
        assert verify(database) == []

    def test_goes_on_after_it_was_restored_where_transactions_are_numbered_anew(
        self, log: Database, at: datetime, witness: Path
    ) -> None:
        write(log, at, number="left over")
        tamper(
            log,
            "UPDATE audit_entries SET txid = txid + 1000000000",
            "UPDATE audit_leaves SET entry_txid = entry_txid + 1000000000",
        )
        write(log, at, number="new")
        append(log)
        write(log, at, number="newer")
        assert append(log) == 1
        assert has_each_once(log)
        assert sign_now(log, witness)
        with log.reading() as reader:
            told = audit.list_entries(reader, viewer=ROOT, subject=("audit", "log"))
        assert [entry["action"] for entry in told] == ["audit.restored"]

    def test_is_as_it_was_signed_when_nobody_touched_it(self, log: Database, witness: Path) -> None:
        assert verify(log, witness) == []
        assert len(read_witness(witness, SIGNER)) == 2

    def test_cannot_be_changed_without_force(self, log: Database) -> None:
        for table in TABLES:
            for attack in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET {COLUMN[table]}"):
                with psycopg.connect(log.dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(REPLICA)
                    connection.execute(attack)


COLUMN = {
    "audit_entries": "action = 'x'",
    "audit_leaves": "leaf = ''",
    "audit_nodes": "hash = ''",
    "audit_checkpoints": "note = ''",
}


class TestAProofOfGrowth:
    def test_shows_that_the_newest_state_begins_with_an_older(
        self, log: Database, witness: Path, tmp_path: Path
    ) -> None:
        with log.reading() as reader:
            claim = prove_growth(reader, after=5)
        old, new = (open_checkpoint(claim[name], SIGNER.verifier_key) for name in ("old", "new"))
        assert old and new
        proof = [base64.b64decode(part) for part in claim["proof"]]
        assert is_consistent(old.size, new.size, old.root, new.root, proof)

    def test_is_not_given_for_what_was_never_signed(self, log: Database) -> None:
        with log.reading() as reader, pytest.raises(NotFound, match="No state of 6 entries"):
            prove_growth(reader, after=6)


class TestSigning:
    def test_never_goes_over_a_tree_that_was_changed(self, log: Database, at: datetime) -> None:
        tamper(log, "UPDATE audit_nodes SET hash = sha256('x') WHERE level = 3")
        write(log, at)
        append(log)
        with pytest.raises(ForkedLog, match="not what was signed"), log.transaction() as session:
            sign_checkpoint(session, at=at, signer=SIGNER)

    def test_never_goes_over_a_log_rewritten_with_all_its_signatures(
        self, log: Database, at: datetime, witness: Path
    ) -> None:
        """The states beside the database are out of reach of whoever has only the database."""
        tamper(log, "UPDATE audit_entries SET actor_name = 'Nobody'", *(f"DELETE FROM {table}" for table in TABLES[1:]))
        write(log, at)
        append(log)
        assert sign_now(log, witness) is None
        with log.reading() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM audit_checkpoints").scalar_one() == 0
            asked = list_verifications(reader, viewer=ROOT)
        assert [one["asked_by"] for one in asked] == [KEEPER.name]

    def test_puts_each_state_into_the_witness_file_also_those_of_receipts(
        self, log: Database, at: datetime, witness: Path
    ) -> None:
        write(log, at)
        receipt_of(log, at)
        write(log, at)
        append(log)
        sign_now(log, witness)
        sign_now(log, witness)
        assert list(read_witness(witness, SIGNER)) == [5, 9, 10, 11]
        assert witness.read_text().count("\u2014") == 4


class TestTheWitnessFile:
    def test_is_added_to_after_a_write_that_was_cut_off(self, log: Database, at: datetime, witness: Path) -> None:
        whole = witness.read_text()
        for cut in (1, 2, 3, 40, 150):
            witness.write_text(whole[:-cut])
            before = read_witness(witness, SIGNER)
            append_witness(witness, [SIGNER.sign(open_checkpoint_of(whole))])
            after = read_witness(witness, SIGNER)
            assert before.keys() | {9} == after.keys() == {5, 9}, cut
            assert witness.read_text().startswith(whole[:-cut])

    def test_is_read_from_its_end(self, log: Database, witness: Path) -> None:
        witness.write_text("x" * 100_000 + "\n\n\n" + witness.read_text())
        found = find_witnessed(witness, SIGNER)
        assert found is not None
        assert found.size == 9

    def test_tells_nothing_to_another_key(self, log: Database, witness: Path) -> None:
        assert find_witnessed(witness, Signer(bytes(32))) is None


def open_checkpoint_of(text: str):
    checkpoint = open_checkpoint(text.strip("\n").split("\n\n\n")[-1] + "\n", SIGNER.verifier_key)
    assert checkpoint is not None
    return checkpoint


class TestWhatComesMeanwhile:
    """The log grows while it is checked and handed out: what comes meanwhile is no tampering."""

    @pytest.fixture(autouse=True)
    def small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.audit_verification.BATCH", 4)
        monkeypatch.setattr("core.audit_proofs.BATCH", 4)

    def grow(self, log: Database, at: datetime, witness: Path) -> None:
        for _ in range(3):
            write(log, at)
        append(log)
        sign_now(log, witness)

    def test_does_not_disturb_a_check(
        self, log: Database, at: datetime, witness: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for step in ("_check_strangers", "_check_nodes", "_read_signed"):
            with monkeypatch.context() as patch:
                self.grow_before(patch, f"core.audit_verification.{step}", log, at, witness)
                assert verify(log, witness) == [], step

    def test_does_not_disturb_an_export(
        self, log: Database, at: datetime, witness: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for step in ("_read_batch", "_read_notes"):
            with monkeypatch.context() as patch:
                self.grow_before(patch, f"core.audit_proofs.{step}", log, at, witness)
                answer = run_verifier(tmp_path, "log", export(log, tmp_path))
            assert answer.returncode == 0, answer.stdout

    def grow_before(self, patch: pytest.MonkeyPatch, step: str, log: Database, at: datetime, witness: Path) -> None:
        module, _, name = step.rpartition(".")
        real = getattr(sys.modules[module], name)

        def late(*arguments):
            self.grow(log, at, witness)
            return real(*arguments)

        patch.setattr(step, late)


class TestTheChecker:
    def test_does_what_was_asked_and_keeps_what_it_found(self, log: Database, at: datetime, witness: Path) -> None:
        assert Checker().begin_if_asked(log, signer=SIGNER, witness=witness) is None
        for is_wrong in (False, True):
            if is_wrong:
                tamper(log, "UPDATE audit_entries SET actor_name = 'Nobody'")
            with log.transaction() as session:
                ask_for_verification(session, actor=ROOT, at=at)
            thread = Checker().begin_if_asked(log, signer=SIGNER, witness=witness)
            assert thread is not None
            thread.join()
            with log.reading() as reader:
                assert is_tampered(reader) is is_wrong
                assert (list_verifications(reader, viewer=ROOT)[0]["entries"] or 0) >= 9

    def test_begins_anew_what_a_crash_cut_short(
        self, log: Database, at: datetime, witness: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with log.transaction() as session:
            ask_for_verification(session, actor=ROOT, at=at)
        for fails in (True, False):
            with monkeypatch.context() as patch:
                if fails:
                    patch.setattr("tasks.audit.verify_log", None)
                thread = Checker().begin_if_asked(log, signer=SIGNER, witness=witness)
                assert thread is not None
                thread.join()
        with log.reading() as reader:
            assert list_verifications(reader, viewer=ROOT)[0]["findings"] == []


class TestTheHealthOfTheLog:
    def test_is_good_while_it_is_kept(self, log: Database) -> None:
        with log.reading() as reader:
            assert check(reader, at=clock.now()) == []

    def test_tells_of_entries_that_wait_and_of_states_that_are_not_signed(self, log: Database, at: datetime) -> None:
        later = clock.now() + timedelta(minutes=6)
        write(log, clock.now())
        with log.reading() as reader:
            assert any("wait for their place" in words for words in check(reader, at=later))
            append(log)
            (words,) = check(reader, at=later)
        assert "signed last" in words
