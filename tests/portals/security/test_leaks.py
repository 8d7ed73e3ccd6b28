"""What is secret stays out of answers and out of the log, whatever goes wrong."""

import logging

import pytest
import sqlalchemy as sa

PASSWORD, TOKEN, CODE, COOKIE = "hunter2-is-my-password", "tok-secret-bearer", "code-secret-oauth", "cookie-secret"
SECRETS = (PASSWORD, TOKEN, CODE, COOKIE, "key-secret-device")


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def said(log):
    """All that was logged, with the tracebacks."""
    formatter = logging.Formatter("%(message)s")
    return "\n".join(formatter.format(record) for record in log.records)


class TestAFailingRequest:
    def send_all(self, browser):
        browser.set_cookie("erp_session", COOKIE)
        yield browser.post("/sign-in", data={"email": "admin@example.test", "password": PASSWORD})
        yield browser.post("/admin/users", data={"email": "x@example.test", "name": "X", "password": PASSWORD})
        yield browser.get("/api/v1/vehicles", headers={"Authorization": f"Bearer {TOKEN}"})
        yield browser.post("/api/v1/telemetry", json={"a": 1}, headers={"Authorization": f"Bearer {TOKEN}"})
        yield browser.post(
            "/oauth/token", data={"grant_type": "authorization_code", "code": CODE}, auth=("x", PASSWORD)
        )
        yield browser.get(f"/sign-in/external/callback?code={CODE}&state={TOKEN}")
        yield browser.post("/devices/osmand", data={"id": "1", "key": "key-secret-device"})
        yield browser.post("/devices/traccar", json={"id": 1}, auth=("x", PASSWORD))

    def test_refused_repeats_no_secret(self, client, fleet, log):
        for answer in self.send_all(client):
            assert answer.status_code < 500
            assert not any(secret in answer.text + str(answer.headers) for secret in SECRETS), answer.request.path
        assert not any(secret in said(log) for secret in SECRETS)

    def test_that_breaks_inside_repeats_none_either(self, app, database, fleet, log):
        tables = ("identity_users", "identity_sessions", "identity_api_clients", "identity_signing_keys")
        with database.transaction() as session:
            for table in (*tables, "vehicles_trackers"):
                session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {table}_lost"))
        broken = [answer for answer in self.send_all(app.test_client()) if answer.status_code == 500]
        assert len(broken) >= 3
        for answer in broken:
            assert not any(secret in answer.text for secret in SECRETS)
        assert "Traceback" in said(log)
        assert not any(secret in said(log) for secret in SECRETS)

    def test_that_breaks_inside_logs_nothing_of_a_person(self, app, database, fleet, log):
        with database.transaction() as session:
            session.execute(sa.text("ALTER TABLE identity_users RENAME TO lost"))
        app.test_client().post("/sign-in", data={"email": "somebody@private.test", "password": PASSWORD})
        assert "Traceback" in said(log)
        assert "somebody@private.test" not in said(log)


class TestTheNameOfARequest:
    def test_is_the_senders_own_when_it_is_plain(self, client):
        for name in ("0af7651916cd43dd8448eb211c80319c", "job-17.retry_2", "a" * 64):
            assert client.get("/nowhere", headers={"X-Request-Id": name}).headers["X-Request-Id"] == name

    def test_is_ours_when_it_is_not(self, client):
        for name in ("short", "a" * 65, "<script>alert(1)</script>", "a b c d e f g h", "ä" * 10, "abc;def,ghi"):
            answer = client.get("/api/v1/nowhere", headers={"X-Request-Id": name.encode().decode("latin-1")})
            assert answer.headers["X-Request-Id"] != name
            assert answer.json["request_id"] == answer.headers["X-Request-Id"]
            assert len(answer.json["request_id"]) == 16
