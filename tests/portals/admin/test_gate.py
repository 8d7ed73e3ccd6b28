"""The console is for administrators, every page of it."""

import re


def pages_of(app, blueprint):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{blueprint}.")]
    assert rules
    for rule in rules:
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            address = rule.rule.replace("<uuid:job_id>", "a36a638f-d177-4508-b51d-46e4b6fa5099")
            yield method, re.sub(r"<[^>]+>", "1", address)


class TestTheConsole:
    def test_is_closed_to_every_other_role(self, app, sign_in):
        for role in ("operator", "dispatcher", "driver", "investor"):
            browser = sign_in(role)
            for method, address in pages_of(app, "admin"):
                answer = browser.open(address, method=method)
                assert answer.status_code == 404, (role, method, address)

    def test_sends_a_stranger_to_the_sign_in_page(self, app, client):
        for method, address in pages_of(app, "admin"):
            answer = client.open(address, method=method)
            assert answer.status_code == 302, (method, address)
            assert answer.headers["Location"].startswith("/sign-in?next=")
