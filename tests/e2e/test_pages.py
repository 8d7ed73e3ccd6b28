"""Every page that a person can reach by links from where they start."""

from __future__ import annotations

import re

import pytest

from tests.e2e.screen import DESKTOP, PHONE
from tests.portals.page import check_page

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

HOMES = {"admin": "/admin/", "operator": "/operator/", "driver": "/driver/", "investor": "/investor/"}
# What everybody may open, and pages of any role link to.
OPEN = {"/", "/emergency", "/sign-in"}
# Of pages that differ only by their record, one stands for all.
RECORD = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
LINKS = "links => links.map(link => link.getAttribute('href'))"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("role", HOMES)
class TestEveryPage:
    def test_of_a_role_opens_sound_and_fits_a_phone(self, screen, role):
        window = screen(role, size=PHONE)
        to_do, done = [HOMES[role]], set()
        while to_do:
            path = to_do.pop(0)
            if _kind(path) in done:
                continue
            done.add(_kind(path))
            answer = window.open(path)
            assert answer.status == 200, path
            check_page(answer.text())
            overflow = window.page.evaluate(OVERFLOW)
            assert overflow <= 0, f"{path} is {overflow} px wider than a phone"
            links = window.page.eval_on_selector_all("a[href^='/']:not([download])", LINKS)
            to_do += [link.partition("#")[0] for link in links]

        assert HOMES[role] in done
        assert all(kind in OPEN or kind.startswith((HOMES[role], "/account/")) for kind in done), done


class TestStrangersPages:
    @pytest.mark.parametrize("size", [PHONE, DESKTOP])
    def test_are_sound_too(self, screen, size):
        stranger = screen(None, size=size)
        for path in ("/sign-in", "/operator/"):
            answer = stranger.open(path)
            assert answer.status == 200
            check_page(answer.text())
            assert stranger.page.evaluate(OVERFLOW) <= 0


def _kind(path: str) -> str:
    return RECORD.sub("…", path.partition("?")[0])
