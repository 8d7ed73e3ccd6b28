"""Files are taken when they are what they say, kept sealed, scanned, and handed out only when they may be."""

from __future__ import annotations

import socket
import struct
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from core import config as settings
from core import db, vault
from core.config import Config, load
from core.db import Database
from core.errors import Conflict, Invalid, NotFound
from core.files import queries, rules, service
from core.files.gateway import ScannerDown
from core.files.models import File
from tasks import files
from tests.conftest import ROOT

JPEG = b"\xff\xd8\xff\xe0" + b"JFIF licence of Ada" * 50
PDF = b"%PDF-1.7\n" + b"insurance" * 50


def keep(
    database: Database, at: datetime, *, name: str = "licence.jpg", content: bytes = JPEG
) -> tuple[int, uuid.UUID]:
    with database.transaction() as session:
        key_id = vault.make_key(session, at=at)
        made = service.keep_file(
            session, actor=ROOT, at=at, key_id=key_id, purpose="tests.document", name=name, content=content
        )
    return key_id, made


class TestAFile:
    def test_is_given_out_as_it_came_in_and_lies_sealed(self, database: Database, at: datetime) -> None:
        _, file_id = keep(database, at)
        with database.reading() as reader:
            stored = queries.get_file(reader, file_id=file_id)
            raw = reader.execute(sa.text("SELECT name_sealed || content_sealed FROM files_files")).scalar_one()
        assert (stored.name, stored.media_type, stored.content) == ("licence.jpg", "image/jpeg", JPEG)
        assert b"licence" not in bytes(raw)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b"<html><script>", "no photo"),
            (b"MZ\x90\x00", "no photo"),
            (JPEG + b"\0" * rules.MOST_BYTES, "at most 15 MB"),
        ],
    )
    def test_that_is_not_what_is_taken_is_refused_with_what_to_do(
        self, database: Database, at: datetime, content: bytes, words: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            keep(database, at, content=content)
        assert words in refusal.value.fields["file"]

    @pytest.mark.parametrize(
        ("name", "content", "kept"),
        [
            ("../../etc/passwd", JPEG, "passwd.jpg"),
            ("C:\\photos\\front.PNG", JPEG, "front.PNG.jpg"),
            ("policy.PDF", PDF, "policy.pdf"),
            ("", PDF, "file.pdf"),
            ('a"b\n.pdf', PDF, "ab.pdf"),
            ("x" * 400 + ".jpeg", JPEG, "x" * 120 + ".jpeg"),
        ],
    )
    def test_gets_a_name_that_harms_nobody(
        self, database: Database, at: datetime, name: str, content: bytes, kept: str
    ) -> None:
        _, file_id = keep(database, at, name=name, content=content)
        with database.reading() as reader:
            assert queries.list_files(reader, file_ids=[file_id])[file_id].name == kept

    def test_of_somebody_erased_is_gone(self, database: Database, at: datetime) -> None:
        key_id, file_id = keep(database, at)
        with database.transaction() as session:
            assert service.erase_files(session, actor=ROOT, at=at, key_id=key_id) == 1
            vault.erase_key(session, key_id=key_id, at=at)
        with database.reading() as reader:
            assert queries.list_files(reader, file_ids=[file_id]) == {}
            with pytest.raises(NotFound):
                queries.get_file(reader, file_id=file_id)


class TestBytes:
    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            (JPEG, "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x18ftypheic", "image/heic"),
            (b"\n\n%PDF-1.4", "application/pdf"),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"GIF89a", None),
        ],
    )
    def test_tell_what_the_file_is(self, content: bytes, media_type: str | None) -> None:
        assert rules.find_media_type(content) == media_type


@pytest.fixture
def clamd() -> Iterator[tuple[str, int]]:
    """A daemon that speaks INSTREAM and finds a virus in what holds the word EICAR."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line, line.makefile("rb") as stream:
                assert stream.read(10) == b"zINSTREAM\0"
                content = b""
                while size := struct.unpack("!I", stream.read(4))[0]:
                    content += stream.read(size)
                found = b"Eicar-Test-Signature FOUND" if b"EICAR" in content else b"OK"
                line.sendall(b"stream: " + found + b"\0")

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    listener.close()


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch, config: Config, database: Database, clamd: tuple[str, int]) -> Config:
    """The product with that scanner."""
    made = replace(config, scanner=clamd)
    monkeypatch.setattr(settings, "current", lambda: made)
    monkeypatch.setattr(db, "current", lambda: database)
    return made


class TestTheScan:
    def test_lets_a_clean_file_through_and_holds_it_until_then(
        self, scanned: Config, database: Database, at: datetime
    ) -> None:
        _, file_id = keep(database, at, content=JPEG * 200)
        with database.reading() as reader, pytest.raises(Conflict, match="checked for viruses"):
            queries.get_file(reader, file_id=file_id)
        files.scan(file_id=str(file_id))
        files.scan(file_id=str(file_id))
        with database.reading() as reader:
            assert queries.get_file(reader, file_id=file_id).content == JPEG * 200

    def test_destroys_what_is_infected_and_says_so(self, scanned: Config, database: Database, at: datetime) -> None:
        _, file_id = keep(database, at, content=JPEG + b"EICAR")
        files.scan(file_id=str(file_id))
        with database.reading() as reader, pytest.raises(Conflict, match="virus was found"):
            queries.get_file(reader, file_id=file_id)
        with database.transaction() as session:
            kept = session.get_one(File, file_id)
            assert (kept.content_sealed, kept.finding) == (None, "Eicar-Test-Signature")

    def test_that_is_not_answered_leaves_the_file_waiting(
        self, scanned: Config, database: Database, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, file_id = keep(database, at)
        monkeypatch.setattr(settings, "current", lambda: replace(scanned, scanner=("127.0.0.1", 1)))
        with pytest.raises(ScannerDown):
            files.scan(file_id=str(file_id))
        with database.reading() as reader, pytest.raises(Conflict):
            queries.get_file(reader, file_id=file_id)

    def test_is_named_by_a_host_and_a_port(self) -> None:
        assert load({"ERP_SCANNER": "127.0.0.1:3310"}).scanner == ("127.0.0.1", 3310)
