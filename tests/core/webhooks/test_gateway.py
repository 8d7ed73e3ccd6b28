"""Calling endpoints: what is called, what is not, and how long it may take."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.webhooks.gateway import HttpSender, Refused, check_address
from core.webhooks.gateway.addresses import read_address
from core.webhooks.rules.addresses import Allowed
from core.webhooks.rules.retries import Answer
from tests.core.webhooks.receiver import Receiver


def sender(receiver: Receiver, **options: object) -> HttpSender:
    return HttpSender(Allowed.parse([receiver.allowed]), **options)  # type: ignore[arg-type]


def post(http: HttpSender, url: str) -> Answer:
    return http.post(url, headers={"webhook-id": "msg_1"}, body=b"{}")


class TestAnAddress:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("https://Hooks.Example.com", "https://hooks.example.com/"),
            ("https://hooks.example.com.:443/a?b=1", "https://hooks.example.com/a?b=1"),
            ("https://münchen.example:8443/x", "https://xn--mnchen-3ya.example:8443/x"),
            ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ],
    )
    def test_is_kept_in_one_spelling(self, typed: str, kept: str) -> None:
        assert read_address(typed).url == kept

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://hooks.example.com/",
            "//hooks.example.com/",
            "hooks.example.com",
            "https://",
            "https://user:secret@hooks.example.com/",
            "https://good.example@127.0.0.1/",
            "https://hooks.example.com\\@127.0.0.1/",
            "https://hooks.example.com/#part",
            "https://hooks.example.com:0/",
            "https://hooks.example.com:99999/",
            "https://hooks example.com/",
            "https://hooks.example.com/\r\nx: y",
            "https://-bad-.example/",
            "https://a..b/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
            "https://127.1/",
            "https://0177.0.0.1/",
            "https://1.2.3.4.5/",
            "https://[fe80::1%25eth0]/",
            "https://[::1/",
            "https://hooks.example.com/ü",
            "https://hooks.example.com/" + "a" * 2000,
        ],
    )
    def test_is_refused_unless_it_is_plainly_one(self, url: str) -> None:
        with pytest.raises(Refused):
            check_address(url, Allowed(), resolve=lambda host, port: ["1.1.1.1"])

    @pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"])
    def test_inside_is_refused_as_a_number_too(self, url: str) -> None:
        with pytest.raises(Refused, match="private network"):
            check_address(url, Allowed())

    @pytest.mark.parametrize("url", ["https://localhost/", "https://localhost./"])
    def test_of_this_machine_is_refused_by_name(self, url: str) -> None:
        with pytest.raises(Refused):
            check_address(url, Allowed())

    @settings(max_examples=50)
    @given(text=st.text(max_size=60))
    def test_never_breaks_the_reader(self, text: str) -> None:
        try:
            address = read_address(f"https://{text}")
        except Refused:
            return
        assert read_address(address.url) == address

    @given(address=st.ip_addresses())
    def test_is_called_only_when_all_behind_it_is_public(self, address: object) -> None:
        def resolve(host: str, port: int) -> Sequence[str]:
            return ["1.1.1.1", str(address)]

        try:
            check_address("https://hooks.example.com/", Allowed(), resolve=resolve)
        except Refused:
            return
        assert ip_address(str(address)).is_global or str(address).startswith(("2002:", "64:ff9b:"))


class TestCalling:
    def test_uses_the_address_that_was_checked_and_looks_up_once(self, receiver: Receiver) -> None:
        asked: list[str] = []

        def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

        allowed = Allowed.parse([f"rebinds.example:{receiver.port}"])
        answer = post(HttpSender(allowed, resolve=resolve), f"http://rebinds.example:{receiver.port}/")
        assert answer.status == 204
        assert asked == ["rebinds.example"]
        assert receiver.got[0].headers["host"] == f"rebinds.example:{receiver.port}"

    def test_refuses_a_name_that_has_moved_inside_since_it_was_added(self, receiver: Receiver) -> None:
        answers = iter((["1.1.1.1"], ["127.0.0.1"]))

        def resolve(host: str, port: int) -> list[str]:
            return next(answers)

        url = "https://rebinds.example:8443/"
        check_address(url, Allowed(), resolve=resolve)
        answer = post(HttpSender(Allowed(), resolve=resolve), url)
        assert answer.status is None
        assert answer.words.startswith("Not sent: rebinds.example is inside")
        assert receiver.got == []

    def test_knows_no_proxy_of_the_environment(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        assert post(sender(receiver), receiver.url).status == 204

    def test_says_that_nobody_listens(self, receiver: Receiver) -> None:
        allowed = Allowed.parse(["127.0.0.1:9"])
        answer = post(HttpSender(allowed), "http://127.0.0.1:9/")
        assert (answer.status, "Could not connect" in answer.words) == (None, True)

    def test_says_that_there_is_no_such_host(self) -> None:
        def resolve(host: str, port: int) -> list[str]:
            raise OSError("no such name")

        assert "no host of that name" in post(HttpSender(Allowed(), resolve=resolve), "https://gone.example/").words


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 204 No Content\r\nx-slow: " + b"y" * 1000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def hang(handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(3)


class TestAReceiver:
    @pytest.mark.parametrize("behave", [drip_headers, drip_body, hang])
    def test_cannot_stretch_the_time_a_call_may_take(self, receiver: Receiver, behave: object) -> None:
        receiver.answer = lambda got: behave  # type: ignore[return-value]
        began = time.monotonic()
        answer = post(sender(receiver, timeout_s=0.5), receiver.url)
        assert answer.status is None
        assert "0.5 s" in answer.words
        assert time.monotonic() - began < 2.5

    def test_is_not_read_to_the_end_when_it_talks_too_long(self, receiver: Receiver) -> None:
        sent = []

        def talk(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("content-length", str(10**9))
            handler.end_headers()
            try:
                while len(sent) < 10**6 // 64:
                    handler.wfile.write(b"x" * 65_536)
                    sent.append(1)
            except OSError:
                return

        receiver.answer = lambda got: talk
        assert post(sender(receiver), receiver.url).status == 200
        assert len(sent) * 65_536 < 10**8

    def test_that_hangs_up_is_told_of(self, receiver: Receiver) -> None:
        receiver.answer = lambda got: lambda handler: setattr(handler, "close_connection", True)
        answer = post(sender(receiver), receiver.url)
        assert answer.status is None
        assert "broke before the answer" in answer.words

    @pytest.mark.parametrize(
        ("field", "seconds"), [("120", 120.0), ("Wed, 21 Oct 2099 07:28:00 GMT", None), ("soon", None)]
    )
    def test_may_ask_for_time(self, receiver: Receiver, field: str, seconds: float | None) -> None:
        receiver.answer = lambda got: (503, {"retry-after": field})
        asked = post(sender(receiver), receiver.url).retry_after_s
        if "2099" in field:
            assert asked is not None
            assert asked > 10**6
        else:
            assert asked == seconds


class TestTls:
    def test_checks_the_certificate_against_the_name_and_not_the_address(
        self, receiver_with_tls: tuple[Receiver, ssl.SSLContext]
    ) -> None:
        receiver, trust = receiver_with_tls
        allowed = Allowed.parse([f"hooks.test:{receiver.port}", f"other.test:{receiver.port}"])
        http = HttpSender(allowed, resolve=lambda host, port: ["127.0.0.1"], trust=trust)
        assert post(http, f"https://hooks.test:{receiver.port}/").status == 204
        answer = post(http, f"https://other.test:{receiver.port}/")
        assert answer.status is None
        assert "certificate" in answer.words.lower()


@pytest.fixture
def receiver_with_tls(receiver: Receiver, tmp_path: Path) -> tuple[Receiver, ssl.SSLContext]:
    """The receiver behind a certificate for hooks.test, and trust in that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "tls.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    pem.write_bytes(private + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    receiver.secure(context)
    return receiver, ssl.create_default_context(cadata=public.decode())
