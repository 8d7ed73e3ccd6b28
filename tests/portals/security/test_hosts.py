"""Under which names the web answers, and whom it believes about where a request comes from."""

import dataclasses

import pytest
from werkzeug.test import EnvironBuilder

from core.config import load
from portals.app import create_app, make_ready
from portals.security.hosts import host_name, known_hosts

FOREIGN = ("evil.test", "localhost.evil.test", "evil.test:18000", "localhost@evil.test", "127.0.0.1.evil.test", "")
PUBLIC = "https://erp.example.test"
SAID = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "erp.example.test"}


@pytest.fixture
def build(config, database):
    """The application with some settings changed."""

    def built(**changes):
        make_ready(config, database)
        made = create_app(dataclasses.replace(config, **changes), database)
        made.config["WTF_CSRF_ENABLED"] = False
        return made

    return built


class TestAForeignName:
    def test_is_refused_and_says_what_to_set(self, client):
        for host in FOREIGN:
            answer = client.get("/sign-in", headers={"Host": host})
            assert answer.status_code == 400, host
            assert "ERP_ALLOWED_HOSTS" in answer.text
            assert 'action="' not in answer.text

    def test_is_refused_in_the_language_of_programs_too(self, client):
        answer = client.get("/api/v1/vehicles", headers={"Host": "evil.test"})
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert answer.json["type"].endswith("wrong-host")

    def test_gets_no_file_and_no_websocket(self, client):
        assert client.get("/static/css/app.css", headers={"Host": "evil.test"}).status_code == 400
        assert client.get("/live", headers={"Host": "evil.test"}).status_code == 400

    def test_is_never_in_a_link(self, client):
        answer = client.get("/", headers={"Host": "evil.test"})
        assert "http://evil.test" not in answer.text
        assert "evil.test" not in answer.headers.get("Location", "")

    def test_does_not_matter_to_a_probe_or_a_tracker(self, client):
        assert client.get("/healthz", headers={"Host": "10.0.0.7:18000"}).status_code == 200
        assert "wrong-host" not in client.post("/devices/osmand", headers={"Host": "203.0.113.9"}).text


class TestOurOwnNames:
    def test_are_those_of_this_machine_while_it_listens_to_nobody_else(self, client):
        for host in ("localhost", "LOCALHOST:18000", "127.0.0.1:18000", "[::1]:18000", "localhost."):
            assert client.get("/sign-in", headers={"Host": host}).status_code == 200, host

    def test_are_the_public_one_and_what_is_configured(self):
        settings = load({"ERP_HOST": "10.0.0.7", "ERP_PUBLIC_URL": PUBLIC, "ERP_ALLOWED_HOSTS": "Erp.local, 10.0.0.7"})
        assert known_hosts(settings) == {"erp.example.test", "erp.local", "10.0.0.7"}

    def test_hold_against_any_port_and_no_other_text(self):
        assert host_name("ERP.example.test:443") == "erp.example.test"
        for text in ("a b", "a/b", "a\\b", "a:b", "user@a", "[::1", "a,b", "", ":80", "a\r\nb"):
            assert host_name(text) is None, text


class TestAProxy:
    def seen(self, app, headers):
        """What the application makes of a request: the address it counts guesses by, scheme and host."""
        noted = {}
        app.before_request_funcs.setdefault(None, []).insert(0, lambda: noted.update(_noted()))
        environ = EnvironBuilder("/healthz", headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"}).get_environ()
        app.test_client().open(environ)
        return noted

    def test_that_is_not_configured_is_not_believed(self, build):
        assert self.seen(build(), SAID) == {"address": "127.0.0.1", "secure": False, "host": "localhost"}

    def test_that_is_configured_is(self, build):
        told = self.seen(build(trusted_proxies=1, public_url=PUBLIC), SAID)
        assert told == {"address": "198.51.100.7", "secure": True, "host": "erp.example.test"}

    def test_is_believed_only_about_what_it_added_itself(self, build):
        lied = SAID | {"X-Forwarded-For": "6.6.6.6, 198.51.100.7"}
        assert self.seen(build(trusted_proxies=1, public_url=PUBLIC), lied)["address"] == "198.51.100.7"

    def test_cannot_bring_in_a_foreign_name(self, build):
        browser = build(trusted_proxies=1, public_url=PUBLIC).test_client()
        answer = browser.get("/sign-in", headers=SAID | {"X-Forwarded-Host": "evil.test"})
        assert answer.status_code == 400

    def test_carries_the_sign_in_and_its_cookie(self, build, fleet):
        browser = build(trusted_proxies=1, public_url=PUBLIC).test_client()
        data = {"email": fleet.email("admin"), "password": fleet.password}
        answer = browser.post("/sign-in", data=data, headers=SAID, base_url=PUBLIC)
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-erp_session=")
        assert all(word in cookie for word in ("; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"))
        assert "Domain" not in cookie
        assert len(cookie) < 1000
        assert browser.get("/admin/", headers=SAID, base_url=PUBLIC).status_code == 200

    def test_is_what_hsts_is_told_through(self, build):
        browser = build(trusted_proxies=1, public_url=PUBLIC).test_client()
        assert "Strict-Transport-Security" in browser.get("/sign-in", headers=SAID).headers
        plain = browser.get("/sign-in", headers={"X-Forwarded-Host": "erp.example.test"})
        assert "Strict-Transport-Security" not in plain.headers

    def test_cannot_be_made_up_to_guess_passwords_from_many_places(self, build, fleet, database):
        browser = build().test_client()
        data = {"email": fleet.email("admin"), "password": fleet.password}
        browser.post("/sign-in", data=data, headers={"X-Forwarded-For": "6.6.6.6"})
        with database.reading() as reader:
            assert reader.exec_driver_sql("SELECT address FROM identity_sessions").scalar() == "127.0.0.1"


def _noted():
    from flask import request

    return {"address": request.remote_addr, "secure": request.is_secure, "host": request.host}


class TestLinksThatLeaveTheProduct:
    def test_are_made_of_the_configured_address_alone(self):
        import pathlib
        import re

        root = pathlib.Path(__file__).resolve().parents[3]
        made_of_the_request = re.compile(r"_external\s*=\s*True|request\.(host_url|url_root|root_url|base_url|url)\b")
        said = [
            str(path.relative_to(root))
            for folder in ("portals", "core", "templates")
            for path in (root / folder).rglob("*")
            if path.suffix in {".py", ".html"} and made_of_the_request.search(path.read_text())
        ]
        assert said == []
