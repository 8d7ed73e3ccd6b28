"""The proxy of infra/proxy/: what its file says, and what it does where nginx is installed."""

import dataclasses
import datetime
import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
import simple_websocket
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.serving import make_server

from portals.app import create_app, make_ready
from tests.infra.free_ports import free_ports

FILE = Path(__file__).resolve().parents[3] / "infra" / "proxy" / "nginx.conf"
NAME = "erp.example.com"


def directives(name):
    """Every value that a directive is given in the file."""
    plain = re.sub(r"#.*", "", FILE.read_text())
    return [" ".join(found.split()) for found in re.findall(rf"(?:^|[;{{}}])\s*{name}\s+([^;{{}}]+);", plain, re.M)]


class TestTheFile:
    def test_lets_nobody_in_by_an_old_protocol(self):
        assert directives("ssl_protocols") == ["TLSv1.2 TLSv1.3"]
        assert not re.search(r"CBC|RC4|3DES|SHA1|:AES|^AES", directives("ssl_ciphers")[0])

    def test_believes_nothing_that_a_client_says_of_itself(self):
        assert "X-Forwarded-For $remote_addr" in directives("proxy_set_header")
        assert 'Forwarded ""' in directives("proxy_set_header")
        assert not any("proxy_add_x_forwarded_for" in said for said in directives("proxy_set_header"))

    def test_tells_browsers_to_come_by_https_for_a_year(self):
        assert directives("add_header") == ['Strict-Transport-Security "max-age=31536000" always']

    def test_takes_bodies_as_large_as_the_product_does(self, app):
        assert directives("client_max_body_size") == [f"{app.config['MAX_CONTENT_LENGTH'] // 1024**2}m"]

    def test_compresses_no_page(self):
        assert directives("gzip") == ["off", "on"]
        assert not any("html" in said for said in directives("gzip_types"))

    def test_writes_no_query_into_its_log(self):
        assert not re.search(r"\$(request|request_uri|args|query_string)\b", directives("log_format")[0])

    def test_leads_to_the_web_alone_and_to_no_port_of_trackers(self):
        assert set(directives("proxy_pass")) == {"http://erp_web"}
        assert not re.search(r"^\s*stream\b", FILE.read_text(), re.M)

    def test_closes_what_it_opens(self):
        plain = re.sub(r"#.*", "", FILE.read_text())
        assert plain.count("{") == plain.count("}") > 8


def make_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(key.private_bytes(*pem))


@pytest.fixture
def proxy(config, database, fleet, tmp_path):
    """nginx with the file of the project before the application; the ports of https and of http."""
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed here: only the text of infra/proxy/nginx.conf was looked at")
    web, http, https = (free_ports() for _ in range(3))
    settings = dataclasses.replace(config, public_url=f"https://{NAME}", trusted_proxies=1)
    make_ready(settings, database)
    server = make_server("127.0.0.1", web, create_app(settings, database), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    make_certificate(tmp_path)
    text = FILE.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{web}").replace("/etc/ssl/erp", str(tmp_path))
    text = re.sub(r"listen \[::\]:\d+.*;", "", text).replace("/var/log/nginx", str(tmp_path))
    text = text.replace("listen 80", f"listen 127.0.0.1:{http}").replace("listen 443", f"listen 127.0.0.1:{https}")
    text = text.replace("/run/nginx.pid", str(tmp_path / "nginx.pid"))
    (tmp_path / "nginx.conf").write_text(text)
    for folder in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (tmp_path / folder).mkdir()
        text = text.replace("server_tokens off;", f"server_tokens off; {_temporary(folder)} {tmp_path / folder};", 1)
    (tmp_path / "nginx.conf").write_text(text)
    arguments = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    process = subprocess.Popen([*arguments, "-g", "daemon off; master_process off;"])
    try:
        yield https, http, tmp_path
    finally:
        process.terminate()
        process.wait(10)
        server.shutdown()
        thread.join()


def _temporary(folder):
    return "client_body_temp_path" if folder == "body" else f"{folder}_temp_path"


def browser_of(https, folder, **more):
    """A client that trusts the certificate and finds the name at this machine."""
    trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    return httpx.Client(
        base_url=f"https://127.0.0.1:{https}",
        headers={"Host": NAME},
        verify=trust,
        trust_env=False,
        timeout=20,
        **more,
    )


def ask(browser, path, **more):
    """An answer with the name of the server in the handshake, while the proxy may still be starting."""
    for _ in range(100):
        try:
            return browser.request(more.pop("method", "GET"), path, extensions={"sni_hostname": NAME}, **more)
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("the proxy does not answer")


class TestTheProxy:
    def test_carries_the_product_over_tls(self, proxy, fleet, database, monkeypatch):
        https, http, folder = proxy
        with browser_of(https, folder) as browser:
            page = ask(browser, "/sign-in")
            assert page.status_code == 200
            assert page.headers.get_list("Strict-Transport-Security") == ["max-age=31536000"]
            assert not re.search(r"\d", page.headers["Server"])
            assert "Content-Encoding" not in page.headers
            style = ask(browser, "/static/css/app.css")
            assert style.headers["Content-Encoding"] in {"gzip", "br", "zstd"}
            assert "Strict-Transport-Security" in ask(browser, "/nowhere").headers

            token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
            data = {"csrf_token": token, "email": fleet.email("operator"), "password": fleet.password}
            cookie = page.headers["Set-Cookie"].partition(";")[0]
            said = {"Cookie": cookie, "Origin": f"https://{NAME}", "X-Forwarded-For": "6.6.6.6"}
            answer = ask(browser, "/sign-in", method="POST", data=data, headers=said)
            assert answer.status_code == 302, answer.text
            said = answer.headers.get_list("Set-Cookie")
            session = next(cookie for cookie in said if cookie.startswith("__Host-erp_session="))
            assert all("Secure" in cookie for cookie in said)
            with database.reading() as reader:
                assert reader.exec_driver_sql("SELECT address FROM identity_sessions").scalar() == "127.0.0.1"
            self.hear_live(monkeypatch, https, folder, session.partition(";")[0])

            assert ask(browser, "/sign-in", method="POST", content=b"x" * (17 * 1024**2)).status_code == 413
        assert "?" not in (folder / "access.log").read_text()

        plain = httpx.get(f"http://127.0.0.1:{http}/operator/?a=b", headers={"Host": NAME}, trust_env=False)
        assert (plain.status_code, plain.headers["Location"]) == (308, f"https://{NAME}/operator/?a=b")

    def test_does_not_answer_to_another_name(self, proxy):
        https, http, folder = proxy
        with browser_of(https, folder) as browser:
            assert ask(browser, "/healthz").status_code == 200
        with browser_of(https, folder) as browser, pytest.raises(httpx.ConnectError):
            browser.get("/", extensions={"sni_hostname": "evil.test"})
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{http}/", headers={"Host": "evil.test"}, trust_env=False)

    def hear_live(self, monkeypatch, https, folder, cookie):
        find = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **kinds: find("127.0.0.1", *more, **kinds))
        trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        headers = {"Cookie": cookie, "Origin": f"https://{NAME}"}
        board = simple_websocket.Client.connect(f"wss://{NAME}:{https}/live", headers=headers, ssl_context=trust)
        assert '"snapshot"' in board.receive(timeout=20)
        board.close()
        monkeypatch.undo()
