"""What is sealed is opened by its key alone, in its field alone, and never again once the key is destroyed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from core import keyring, vault
from core.config import Config
from core.db import Database
from core.errors import ConfigurationError, NotFound

NAME = "drivers.name"


def seal(database: Database, at: datetime, text: str, *, field: str = NAME) -> tuple[int, bytes]:
    with database.transaction() as session:
        key_id = vault.make_key(session, at=at)
        return key_id, vault.seal_text(session, key_id=key_id, field=field, text=text)


def opened(database: Database, *sealed: bytes | None, field: str = NAME) -> list[str | None]:
    with database.reading() as reader:
        return vault.open_texts(reader, sealed, field=field)


def forget_opened() -> None:
    vault._opened.clear()


class TestWhatIsSealed:
    def test_is_opened_again_in_the_same_order_and_holds_none_of_the_text(
        self, database: Database, at: datetime
    ) -> None:
        _, ada = seal(database, at, "Ada Löf 🙂")
        _, bea = seal(database, at, "")
        assert b"Ada" not in ada
        assert opened(database, ada, None, bea, ada) == ["Ada Löf 🙂", None, "", "Ada Löf 🙂"]

    def test_reads_all_keys_in_one_query_and_none_that_it_opened_just_now(
        self, database: Database, at: datetime
    ) -> None:
        sealed = [seal(database, at, str(number))[1] for number in range(5)]
        forget_opened()
        asked: list[str] = []
        with database.reading() as reader:
            sa.event.listen(reader, "before_cursor_execute", lambda *given: asked.append(given[2]))
            for _ in range(3):
                vault.open_texts(reader, sealed, field=NAME)
        assert len(asked) == 1

    def test_is_sealed_for_many_with_one_query_for_their_keys(self, database: Database, at: datetime) -> None:
        asked: list[str] = []
        with database.transaction() as session:
            keys = vault.make_keys(session, count=5, at=at)
            sa.event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append(given[2]))
            sealed = vault.seal_texts(session, [(key, NAME, str(key)) for key in keys])
        assert len(asked) == 1
        assert opened(database, *sealed) == [str(key) for key in keys]

    def test_is_not_opened_as_another_field_nor_when_a_bit_is_turned_nor_under_another_key(
        self, database: Database, at: datetime
    ) -> None:
        _, sealed = seal(database, at, "Ada")
        other_id, _ = seal(database, at, "Bea")
        turned = sealed[:-1] + bytes([sealed[-1] ^ 1])
        moved = sealed[:1] + other_id.to_bytes(8, "big") + sealed[9:]
        for value, field in ((sealed, "drivers.phone"), (turned, NAME), (moved, NAME)):
            with pytest.raises(InvalidTag):
                opened(database, value, field=field)

    def test_is_sealed_differently_each_time(self, database: Database, at: datetime) -> None:
        with database.transaction() as session:
            key_id = vault.make_key(session, at=at)
            many = {vault.seal_text(session, key_id=key_id, field=NAME, text="Ada") for _ in range(10)}
        assert len(many) == 10


class TestAnErasedKey:
    def test_opens_nothing_any_more_and_seals_nothing_new(self, database: Database, at: datetime) -> None:
        key_id, sealed = seal(database, at, "Ada")
        _, other = seal(database, at, "Bea")
        with database.transaction() as session:
            vault.erase_key(session, key_id=key_id, at=at)
            vault.erase_key(session, key_id=key_id, at=at)
        assert opened(database, sealed, other) == [None, "Bea"]
        with database.transaction() as session, pytest.raises(NotFound):
            vault.seal_text(session, key_id=key_id, field=NAME, text="Ada again")

    def test_leaves_the_wrapped_key_nowhere_in_its_row(self, database: Database, at: datetime) -> None:
        key_id, _ = seal(database, at, "Ada")
        with database.transaction() as session:
            vault.erase_key(session, key_id=key_id, at=at)
            assert session.get_one(vault.VaultKey, key_id).wrapped is None

    def test_that_is_rolled_back_opens_again(self, database: Database, at: datetime) -> None:
        key_id, sealed = seal(database, at, "Ada")
        with pytest.raises(RuntimeError), database.transaction() as session:
            vault.erase_key(session, key_id=key_id, at=at)
            raise RuntimeError
        assert opened(database, sealed) == ["Ada"]


class TestABlindIndex:
    def test_is_the_same_for_the_same_text_in_the_same_field_only(self) -> None:
        phone = vault.blind(field="drivers.phone", text="+14155550100")
        assert phone == vault.blind(field="drivers.phone", text="+14155550100")
        assert phone != vault.blind(field="drivers.phone", text="+14155550101")
        assert phone != vault.blind(field="drivers.licence", text="+14155550100")


@pytest.fixture
def ring(config: Config, monkeypatch: pytest.MonkeyPatch) -> keyring.Keyring:
    """A keyring of a home of its own."""
    made = keyring.Keyring(replace(config, master_keys=None))
    monkeypatch.setattr(keyring, "current", lambda: made)
    return made


class TestTheMasterKeys:
    def test_rotate_without_touching_what_is_sealed_and_the_old_one_may_go(
        self, database: Database, at: datetime, ring: keyring.Keyring
    ) -> None:
        sealed = [seal(database, at, str(number))[1] for number in range(7)]
        assert ring.rotate() == 2
        _, newer = seal(database, at, "newer")
        with database.transaction() as session:
            assert [vault.rewrap(session, most=4), vault.rewrap(session, most=4), vault.rewrap(session)] == [4, 3, 0]
        ring.retire(1)
        forget_opened()
        assert opened(database, *sealed, newer) == [*map(str, range(7)), "newer"]
        with database.reading() as reader:
            assert vault.count_by_master(reader) == {2: 8}

    def test_of_another_process_are_found_when_they_are_first_needed(
        self, database: Database, at: datetime, ring: keyring.Keyring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = keyring.Keyring(ring.settings)
        assert here.newest == 1
        ring.rotate()
        _, sealed = seal(database, at, "Ada")
        forget_opened()
        monkeypatch.setattr(keyring, "current", lambda: here)
        assert opened(database, sealed) == ["Ada"]

    def test_are_only_for_their_owner_and_made_once_by_many_at_the_same_time(self, config: Config) -> None:
        settings = replace(config, master_keys=None)
        seen: list[bytes] = []
        threads = [threading.Thread(target=lambda: seen.append(keyring.Keyring(settings).blind)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        file = Path(settings.home) / "master.keys"
        assert (len(set(seen)), len(seen), file.stat().st_mode & 0o777) == (1, 8, 0o600)
        assert [path.name for path in file.parent.iterdir()] == ["master.keys"]

    @pytest.mark.parametrize("text", ["0:00", "1:" + "ab" * 32, "0:" + "ab" * 32, "what", "0:zz,1:zz"])
    def test_that_are_not_whole_are_refused_with_what_they_must_be(self, config: Config, text: str) -> None:
        with pytest.raises(ConfigurationError, match="64 hexadecimal"):
            _ = keyring.Keyring(replace(config, master_keys=text)).newest

    def test_in_the_environment_are_rotated_there(self, config: Config) -> None:
        with pytest.raises(ConfigurationError, match="ERP_MASTER_KEYS"):
            keyring.Keyring(replace(config, master_keys=keyring.draw_keys())).rotate()
