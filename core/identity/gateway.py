"""The road to people's mailboxes. One Protocol; SMTP behind it (RFC 5321, RFC 3207, RFC 8314)."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from core.config import MailServer

# For each step of the talk with the mail server.
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter as it is given to a mail server. `id` is the same each time that it is sent again."""

    id: int
    to: str
    subject: str
    text: str = field(repr=False)
    written_at: datetime


class MailNotSent(Exception):
    """The mail server did not take the letter; the text says why. It may be sent again."""


class Mailer(Protocol):
    """Sends letters. A call may take seconds."""

    def send(self, mail: Mail) -> None:
        """Give `mail` to the mail server. Raises MailNotSent."""


class NullMailer:
    """Where no mail server is configured: refuses every letter and says so."""

    def send(self, mail: Mail) -> None:
        """Refuse."""
        raise MailNotSent("No mail server is configured; set ERP_SMTP_URL and ERP_MAIL_FROM.")


class SmtpMailer:
    """One connection for each letter: letters are few, and a connection kept open would be closed by the server.

    Letters hold secrets, so they are sent in the clear to this machine itself only.
    """

    def __init__(self, server: MailServer, *, timeout_s: float = TIMEOUT_S) -> None:
        self._server = server
        self._timeout_s = timeout_s

    def send(self, mail: Mail) -> None:
        """See Mailer."""
        try:
            with self._connect() as line:
                if self._server.user is not None:
                    line.login(self._server.user, self._server.password or "")
                line.send_message(self._message(mail))
        except smtplib.SMTPRecipientsRefused as refused:
            words = "; ".join(f"{code} {_text(text)}" for code, text in refused.recipients.values())
            raise MailNotSent(f"The mail server refused the address: {words}") from None
        except smtplib.SMTPAuthenticationError as refused:
            raise MailNotSent(f"The mail server refused our user or password ({refused.smtp_code}).") from None
        except smtplib.SMTPResponseException as refused:
            raise MailNotSent(f"The mail server answered {refused.smtp_code} {_text(refused.smtp_error)}") from None
        except (OSError, smtplib.SMTPException) as problem:
            words = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            raise MailNotSent(f"The mail server did not take it: {words}.") from None

    def _connect(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        if server.is_tls:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout_s, context=context)
        line = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            line.ehlo()
            if line.has_extn("starttls"):
                line.starttls(context=context)
            elif not _is_this_machine(server.host):
                raise MailNotSent("The mail server offers no STARTTLS, and letters are not sent in the clear.")
        except BaseException:
            line.close()
            raise
        return line

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = f"Equinomix <{self._server.sender}>"
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.written_at)
        # The same at each attempt: a mailbox that got the letter before shows it once.
        message["Message-ID"] = (
            f"<letter-{mail.id}-{mail.written_at:%Y%m%d%H%M%S}@{self._server.sender.partition('@')[2]}>"
        )
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def make_mailer(server: MailServer | None) -> Mailer:
    """The road to the configured mail server, or to none."""
    return NullMailer() if server is None else SmtpMailer(server)


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
