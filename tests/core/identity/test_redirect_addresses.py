"""Where codes may be sent."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity.rules import is_redirect_uri, redirect_uri_problem

WEB = "https://shifts.example.com/signed-in"
DEVICE = "http://127.0.0.1/signed-in?from=erp"
OWN = "com.example.shifts:/signed-in"


class TestAnAddress:
    @pytest.mark.parametrize(
        "uri",
        [WEB, f"{WEB}?a=b", "https://a.example", "https://a.example:8443/x", DEVICE, "http://[::1]:81/", OWN],
    )
    def test_may_be_the_webs_or_the_devices(self, uri: str) -> None:
        assert redirect_uri_problem(uri) is None

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "shifts",
            "/signed-in",
            "//shifts.example.com",
            "http://shifts.example.com/",
            "http://localhost/x",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@evil.example/",
            "https://",
            "https:///x",
            "https:/x",
            "https://a.example/#x",
            "https://a.example/ x",
            "https://*.example.com/",
            "https://user@a.example/",
            "https://a.example\\@b.example/",
            "https://a.example/\x00",
            "https://a.example/ü",
            "https://a.example/\n",
            "javascript:alert(1)",
            "data:text/html,x",
            "shifts:/signed-in",
            "com.example.shifts://host/signed-in",
            f"https://a.example/{'a' * 400}",
        ],
    )
    def test_is_refused_in_words_when_others_could_wait_there(self, uri: str) -> None:
        assert redirect_uri_problem(uri)

    @given(st.text(max_size=60) | st.text(string.printable, max_size=60).map(lambda rest: f"https://a.example{rest}"))
    def test_is_judged_whatever_it_is_and_never_has_what_breaks_a_header(self, uri: str) -> None:
        if redirect_uri_problem(uri) is None:
            assert uri.isascii()
            assert not set(uri) & set(" \r\n\t\0\"'<>#\\") - {"'"}


class TestAnAskedAddress:
    def test_must_be_one_of_the_apps_letter_by_letter(self) -> None:
        assert is_redirect_uri(WEB, registered=[OWN, WEB])
        for other in (f"{WEB}/", f"{WEB}?x", f"{WEB}.evil.example", WEB.upper(), WEB.replace("https", "http"), ""):
            assert not is_redirect_uri(other, registered=[OWN, WEB]), other

    @given(st.integers(1, 65_535))
    def test_may_have_any_port_on_the_device_and_nowhere_else(self, port: int) -> None:
        assert is_redirect_uri(f"http://127.0.0.1:{port}/signed-in?from=erp", registered=[DEVICE])
        assert not is_redirect_uri(f"http://[::1]:{port}/signed-in?from=erp", registered=[DEVICE])
        assert not is_redirect_uri(f"http://127.0.0.1:{port}/signed-in", registered=[DEVICE])
        assert not is_redirect_uri(WEB.replace(".com", f".com:{port}"), registered=[WEB])

    @given(st.text(max_size=30), st.text(max_size=30))
    def test_is_none_that_only_begins_or_ends_like_one(self, before: str, after: str) -> None:
        if before or after:
            assert not is_redirect_uri(f"{before}{WEB}{after}", registered=[WEB])
