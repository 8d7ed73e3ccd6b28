"""Letters: written with what they tell, sealed, sent by SMTP outside of any transaction, tried again, given up."""

from __future__ import annotations

import email
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.config import Config, MailServer, load
from core.db import Database
from core.errors import ConfigurationError
from core.identity import gateway, queries, service
from core.identity.models import Letter
from core.permissions import system
from tasks import letters
from tests.conftest import ROOT, Fleet

KEEPER = system("letters")


@dataclass
class Mailbox:
    """A mail server of the test: keeps what it takes; answers `answer` to the text, and refuses `unknown`."""

    taken: list[Envelope] = field(default_factory=list)
    answer: str = "250 OK"
    unknown: str = "nobody@"
    tls: list[bool] = field(default_factory=list)

    async def handle_RCPT(
        self, server: object, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith(self.unknown):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: object, session: Session, envelope: Envelope) -> str:
        self.tls.append(session.ssl is not None)
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        return self.answer

    def text(self) -> str:
        """The text of the last letter."""
        content = self.taken[-1].content
        assert isinstance(content, bytes)
        body = email.message_from_bytes(content, policy=policy.default).get_body()
        assert body is not None
        return str(body.get_content())


class AnyPort(Controller):
    """A mail server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(mailbox: Mailbox) -> Iterator[Callable[..., MailServer]]:
    """Start a mail server for the mailbox; how it is reached."""
    running: list[Controller] = []

    def start(**options: Any) -> MailServer:
        controller = AnyPort(mailbox, hostname="127.0.0.1", port=0, **options)
        controller.start()
        running.append(controller)
        return MailServer("127.0.0.1", controller.port, is_tls=False, sender="erp@company.test")

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture
def post(config: Config) -> service.Post:
    return service.Post("https://erp.company.test", key=service.letter_key(config))


@pytest.fixture
def ask(database: Database, config: Config, fleet: Fleet, post: service.Post, at: datetime) -> Callable[..., None]:
    """Ask for a new password, and let the job write the letter."""

    def asked(role: str = "driver", *, address: str | None = None) -> None:
        with database.transaction() as session:
            service.ask_for_reset(session, at=at, email=address or fleet.email(role).upper())
        with database.transaction() as session:
            number = session.scalar(sa.text("SELECT max(id) FROM identity_reset_requests"))
            service.answer_reset_request(session, actor=KEEPER, at=at, request_id=number, post=post)

    return asked


@pytest.fixture
def letter(database: Database) -> Callable[[], Letter | None]:
    """The newest letter as the database holds it."""

    def read() -> Letter | None:
        with database.transaction() as session:
            return session.scalars(sa.select(Letter).order_by(Letter.id.desc()).limit(1)).one_or_none()

    return read


def make_due(database: Database, **columns: object) -> None:
    with database.transaction() as session:
        session.execute(sa.update(Letter).values(next_at=sa.func.now() - timedelta(seconds=1), **columns))


class TestALetter:
    def test_brings_a_link_that_works_and_is_dropped_once_it_has_left(
        self,
        database: Database,
        config: Config,
        fleet: Fleet,
        at: datetime,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        ask: Callable[..., None],
        letter: Callable[[], Letter | None],
    ) -> None:
        ask("driver")
        waiting = letter()
        assert waiting is not None
        assert waiting.sealed_text is not None
        assert b"erp.company.test" not in waiting.sealed_text
        assert letters.send_due(replace(config, mail=serve()), database) == 1
        assert mailbox.taken[0].rcpt_tos == ["driver@example.test"]
        found = re.search(r"https://erp\.company\.test/reset/(\S+)", mailbox.text())
        assert found is not None
        with database.reading() as reader:
            holder = queries.find_ticket_holder(reader, at=at, token=found[1], kind=queries.TicketKind.RESET)
        assert holder is not None
        assert holder.email == fleet.email("driver")
        sent = letter()
        assert sent is not None
        assert (sent.sealed_text, sent.next_at, sent.problem) == (None, None, None)
        assert sent.sent_at is not None
        assert letters.send_due(replace(config, mail=serve()), database) == 0

    def test_that_is_sent_again_after_a_crash_has_the_same_name(
        self,
        database: Database,
        config: Config,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        ask: Callable[..., None],
        at: datetime,
    ) -> None:
        ask()
        server, key = serve(), service.letter_key(config)
        with database.transaction() as session:
            claimed = service.take_letter(session, actor=KEEPER, at=at, key=key)
        assert claimed is not None
        assert service.send(claimed, mailer=service.open_mailer(server)) is None
        # Here the worker dies. Nobody else takes the letter at once, and somebody does later.
        with database.transaction() as session:
            assert service.take_letter(session, actor=KEEPER, at=at + timedelta(minutes=1), key=key) is None
        make_due(database)
        assert letters.send_due(replace(config, mail=server), database) == 1
        names = {
            email.message_from_bytes(taken.content)["Message-ID"]
            for taken in mailbox.taken
            if isinstance(taken.content, bytes)
        }
        assert len(mailbox.taken) == 2
        assert len(names) == 1
        assert None not in names

    def test_is_sent_once_by_workers_that_sweep_at_the_same_time(
        self,
        database: Database,
        config: Config,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        ask: Callable[..., None],
    ) -> None:
        for role in ("driver", "operator", "investor"):
            ask(role)
        settings = replace(config, mail=serve())
        workers = [threading.Thread(target=letters.send_due, args=(settings, database)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(taken.rcpt_tos[0] for taken in mailbox.taken) == [
            "driver@example.test",
            "investor@example.test",
            "operator@example.test",
        ]

    def test_is_not_written_to_who_is_unknown_or_closed_nor_more_often_than_three_times_an_hour(
        self, database: Database, fleet: Fleet, at: datetime, ask: Callable[..., None]
    ) -> None:
        def count() -> int:
            with database.reading() as reader:
                return reader.scalar(sa.select(sa.func.count()).select_from(Letter)) or 0

        ask(address="nobody@example.test")
        with database.transaction() as session:
            service.close_user(session, actor=ROOT, at=at, user_id=fleet.user_ids["investor"])
        ask("investor")
        assert count() == 0
        for _ in range(5):
            ask("driver")
        assert count() == 3

    def test_is_not_sent_once_the_account_is_closed(
        self,
        database: Database,
        config: Config,
        fleet: Fleet,
        at: datetime,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        ask: Callable[..., None],
        letter: Callable[[], Letter | None],
    ) -> None:
        ask("driver")
        with database.transaction() as session:
            service.close_user(session, actor=ROOT, at=at, user_id=fleet.user_ids["driver"])
        assert letters.send_due(replace(config, mail=serve()), database) == 0
        given_up = letter()
        assert given_up is not None
        assert given_up.next_at is None
        assert mailbox.taken == []


class TestAMailServer:
    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            ("451 4.3.0 Try later", "451"),
            ("554 5.7.1 Not from you", "554"),
        ],
    )
    def test_that_refuses_is_asked_again_later_and_named_to_administrators(
        self,
        database: Database,
        config: Config,
        fleet: Fleet,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        ask: Callable[..., None],
        letter: Callable[[], Letter | None],
        answer: str,
        words: str,
    ) -> None:
        ask("driver")
        mailbox.answer = answer
        settings = replace(config, mail=serve())
        assert letters.send_due(settings, database) == 0
        waiting = letter()
        assert waiting is not None
        assert waiting.next_at is not None
        assert waiting.sealed_text is not None
        with database.reading() as reader:
            listed = queries.get_user(reader, viewer=ROOT, user_id=fleet.user_ids["driver"])
        assert words in listed["letter_problem"]
        mailbox.answer = "250 OK"
        make_due(database)
        assert letters.send_due(settings, database) == 1

    def test_that_refuses_until_the_link_is_too_old_is_given_up(
        self,
        database: Database,
        config: Config,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        ask: Callable[..., None],
        letter: Callable[[], Letter | None],
    ) -> None:
        ask()
        mailbox.answer = "451 4.3.0 Try later"
        settings = replace(config, mail=serve())
        letters.send_due(settings, database)
        make_due(database, give_up_at=sa.func.now())
        letters.send_due(settings, database)
        given_up = letter()
        assert given_up is not None
        assert (given_up.next_at, given_up.sealed_text) == (None, None)
        assert "451" in (given_up.problem or "")

    def test_that_knows_no_such_mailbox_says_so(self, serve: Callable[..., MailServer], at: datetime) -> None:
        mail = gateway.Mail(1, "nobody@example.test", "Hello", "Text\n", at)
        with pytest.raises(gateway.MailNotSent, match="No such mailbox"):
            gateway.SmtpMailer(serve()).send(mail)

    def test_that_hangs_or_drops_the_line_holds_nobody_up(self, at: datetime) -> None:
        mail = gateway.Mail(1, "a@example.test", "Hello", "Text\n", at)
        for is_dropping in (False, True):
            with socket.create_server(("127.0.0.1", 0)) as server:
                if is_dropping:
                    threading.Thread(target=lambda s=server: s.accept()[0].close(), daemon=True).start()
                where = MailServer("127.0.0.1", server.getsockname()[1], is_tls=False, sender="erp@company.test")
                with pytest.raises(gateway.MailNotSent):
                    gateway.SmtpMailer(where, timeout_s=0.3).send(mail)

    def test_that_is_not_there_says_so(self, at: datetime) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        where = MailServer("127.0.0.1", port, is_tls=False, sender="erp@company.test")
        with pytest.raises(gateway.MailNotSent, match="did not take it"):
            gateway.SmtpMailer(where).send(gateway.Mail(1, "a@example.test", "Hello", "Text\n", at))

    def test_is_spoken_to_in_the_clear_on_this_machine_only(
        self, serve: Callable[..., MailServer], at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gateway, "_is_this_machine", lambda host: False)
        with pytest.raises(gateway.MailNotSent, match="no STARTTLS"):
            gateway.SmtpMailer(serve()).send(gateway.Mail(1, "a@example.test", "Hello", "Text\n", at))

    def test_with_starttls_gets_the_letter_encrypted_from_a_user_who_is_known(
        self,
        serve: Callable[..., MailServer],
        mailbox: Mailbox,
        at: datetime,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        context = make_certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        seen: list[object] = []

        def check(server: object, session: object, envelope: object, mechanism: str, data: Any) -> AuthResult:
            seen.append((data.login, data.password))
            return AuthResult(success=data.password == b"s3cret", handled=False)

        server = serve(tls_context=context, authenticator=check, auth_required=True)
        mail = gateway.Mail(1, "a@example.test", "Hello", "Text\n", at)
        gateway.SmtpMailer(replace(server, user="erp", password="s3cret")).send(mail)
        assert mailbox.tls == [True]
        assert seen == [(b"erp", b"s3cret")]
        with pytest.raises(gateway.MailNotSent, match="refused our user or password"):
            gateway.SmtpMailer(replace(server, user="erp", password="other")).send(mail)

    def test_that_nobody_vouches_for_gets_no_letter(
        self, serve: Callable[..., MailServer], mailbox: Mailbox, at: datetime, tmp_path: Path
    ) -> None:
        server = serve(tls_context=make_certificate(tmp_path))
        with pytest.raises(gateway.MailNotSent, match="certificate"):
            gateway.SmtpMailer(server).send(gateway.Mail(1, "a@example.test", "Hello", "Text\n", at))
        assert mailbox.taken == []


class TestTheSettings:
    def test_name_a_server_a_user_and_a_sender(self) -> None:
        mail = load({"ERP_SMTP_URL": "smtps://a%40b:p%2Fw@mail.test", "ERP_MAIL_FROM": "erp@company.test"}).mail
        assert mail == MailServer("mail.test", 465, is_tls=True, sender="erp@company.test", user="a@b", password="p/w")
        assert "p/w" not in repr(mail)
        assert load({}).mail is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"ERP_SMTP_URL": "http://mail.test", "ERP_MAIL_FROM": "a@b"},
            {"ERP_SMTP_URL": "smtp://", "ERP_MAIL_FROM": "a@b"},
            {"ERP_SMTP_URL": "smtp://mail.test:many", "ERP_MAIL_FROM": "a@b"},
            {"ERP_SMTP_URL": "smtp://mail.test"},
        ],
    )
    def test_that_are_wrong_are_named(self, wrong: dict[str, str]) -> None:
        with pytest.raises(ConfigurationError, match="ERP_"):
            load(wrong)


def make_certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for this machine in `folder`, and the server's context that shows it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
