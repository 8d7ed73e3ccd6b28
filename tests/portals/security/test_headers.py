"""What every answer tells the browser, and that every page can live with it."""

import re
from html.parser import HTMLParser

import pytest
from flask import Response

from portals.security import headers
from tests.portals.security.walk import addresses, pages

# The same for everybody, and kept by browsers and proxies as each says.
PUBLIC = ("static", "oauth.public_keys", "well_known.", "api_v1.get_openapi", "api_v1.show_docs")
PORTALS = {"admin": "/admin/", "operator": "/operator/", "driver": "/driver/", "investor": "/investor/"}


class Inline(HTMLParser):
    """What a strict policy would not run or draw, and what it may not lead to."""

    def __init__(self, nonce):
        super().__init__()
        self.nonce, self.found = nonce, []

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name == "style" or name.startswith(("on", "hx-on")) or value.strip().lower().startswith("js:"):
                self.found.append(f"<{tag} {name}>")
            if name in {"href", "src", "action", "formaction"} and re.match(
                r"\s*(javascript|vbscript|data):", value, re.I
            ):
                self.found.append(f"<{tag} {name}={value[:20]}>")
        bare = tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json")
        if bare and given.get("nonce") != self.nonce:
            self.found.append(f"<{tag}> without a nonce")


def directives(answer):
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {part[0]: set(part[1:]) for part in parts if part}


def check(answer, path, kept="no-store"):
    policy = directives(answer)
    assert policy["frame-ancestors"] == {"'none'"}, path
    assert policy["base-uri"] == {"'none'"}, path
    assert policy["default-src"] == {"'none'"}, path
    assert not any("unsafe" in source or source == "*" for sources in policy.values() for source in sources), path
    assert answer.headers["Cache-Control"] == kept, path
    nonce = next(source[7:-1] for source in policy["script-src"] if source.startswith("'nonce-"))
    inline = Inline(nonce)
    inline.feed(answer.text)
    assert inline.found == [], path


class TestEveryPage:
    @pytest.mark.parametrize("role", PORTALS)
    def test_lives_with_a_strict_policy(self, app, sign_in, role):
        browser, shown = sign_in(role), 0
        for path in pages(app):
            if path in {"/", "/sign-in"} or path.startswith(PORTALS[role]):
                answer = browser.get(path)
                assert answer.status_code < 500, path
                if answer.mimetype == "text/html":
                    check(answer, path)
                    shown += answer.status_code == 200
        assert shown >= (1 if role in {"driver", "investor"} else 8)

    def test_has_a_nonce_of_its_own(self, client):
        first, second = client.get("/sign-in"), client.get("/sign-in")
        assert directives(first)["script-src"] != directives(second)["script-src"]

    def test_about_the_api_does_too(self, client):
        answer = client.get("/api/v1/docs")
        check(answer, "/api/v1/docs", kept=answer.headers["Cache-Control"])

    def test_that_tells_of_a_problem_does_too(self, client):
        check(client.get("/nowhere"), "/nowhere")


class TestEveryAnswer:
    def test_says_the_same_to_every_browser(self, app, sign_in):
        browser = sign_in("admin")
        for endpoint, _, path in addresses(app):
            if endpoint == "live.live":
                continue
            answer = browser.get(path)
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert answer.headers["Referrer-Policy"] == "same-origin", path
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", path
            assert "camera=()" in answer.headers["Permissions-Policy"], path
            assert "Content-Security-Policy" in answer.headers, path
            kept = answer.headers["Cache-Control"]
            if answer.status_code == 200 and endpoint.startswith(PUBLIC):
                continue
            assert "no-store" in kept, path

    def test_with_a_token_is_kept_nowhere(self, client):
        assert "no-store" in client.post("/oauth/token", data={}).headers["Cache-Control"]

    def test_that_is_no_page_may_load_nothing(self, api):
        answer = api("vehicles:read").get("/api/v1/vehicles")
        assert directives(answer)["default-src"] == {"'none'"}
        assert "script-src" not in directives(answer)

    def test_of_a_file_that_is_not_there_is_not_kept_for_a_year(self, client):
        assert client.get("/static/nowhere.js?v=1").headers["Cache-Control"] == "no-store"

    def test_that_is_a_download_is_saved_and_not_opened(self, sign_in):
        for path in ("/operator/events.csv", "/operator/vehicles/1/track/file?kind=csv"):
            answer = sign_in("operator").get(path)
            if answer.status_code == 200:
                assert answer.headers["Content-Disposition"].startswith("attachment;"), path


class TestAFormThatLeadsElsewhere:
    def answer(self, app, *targets):
        with app.test_request_context("/"):
            for target in targets:
                headers.let_form_lead_to(target)
            response = Response("<p>", mimetype="text/html")
            return directives(headers._set_headers(response))["form-action"]

    def test_may_end_at_our_own_pages_by_itself(self, app):
        assert self.answer(app) == {"'self'"}

    def test_may_end_at_the_origin_it_was_let_to(self, app):
        assert self.answer(app, "https://app.test:8443/back?x=1", "my.app:/done") == {
            "'self'",
            "https://app.test:8443",
            "my.app:",
        }

    @pytest.mark.parametrize("target", ["https://a.test; script-src *", "https://a b/", "nothing", "https://a',*/"])
    def test_cannot_widen_the_policy(self, app, target):
        with pytest.raises(ValueError, match="not an address"):
            self.answer(app, target)
