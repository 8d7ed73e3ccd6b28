"""The audit, as administrators read it."""

import pytest
import sqlalchemy as sa

from core import audit, clock
from core.permissions import system
from tests.portals.page import check_page


def record(database, count, kind="park", subject_id=1):
    with database.transaction() as session:
        for number in range(count):
            audit.record(
                session,
                actor=system("Timer"),
                at=clock.now(),
                action="tests.thing_done",
                subject=(kind, subject_id),
                number=f"number {number}.",
            )


class TestTheAudit:
    def test_says_who_did_what_to_what(self, sign_in, fleet):
        answer = sign_in("admin").get("/admin/audit")
        check_page(answer.text)
        for part in ("drivers.vehicle_assigned", "Tests", f"Vehicle {fleet.vehicle_id}", "Share ppm", "500000"):
            assert part in answer.text

    def test_says_that_it_cannot_be_changed_and_that_is_true(self, sign_in, database):
        assert "Nobody can change this record" in sign_in("admin").get("/admin/audit").text
        for statement in ("UPDATE audit_entries SET actor_name = 'nobody'", "DELETE FROM audit_entries"):
            with pytest.raises(sa.exc.DBAPIError), database.transaction() as session:
                session.execute(sa.text(statement))

    def test_goes_on_to_older_entries_and_misses_none(self, sign_in, database):
        record(database, 150)
        browser = sign_in("admin")
        newest = browser.get("/admin/audit").text
        assert "number 149." in newest
        assert "number 49." not in newest
        link = newest.split('rel="next" href="')[1].split('"')[0]
        older = browser.get(link.replace("&amp;", "&")).text
        check_page(older)
        assert all(f"number {number}." in newest + older for number in range(150))
        assert "number 149." not in older
        assert 'rel="next"' not in older

    def test_can_be_of_one_subject(self, sign_in, database):
        record(database, 1, "client", "erp-1")
        record(database, 1, "client", "erp-2")
        text = sign_in("admin").get("/admin/audit?kind=client&id=erp-1").text
        check_page(text)
        assert "Client erp-1" in text
        assert "erp-2" not in text

    def test_keeps_the_subject_on_older_pages(self, sign_in, database):
        record(database, 101, "client", "erp-1")
        text = sign_in("admin").get("/admin/audit?kind=client&id=erp-1").text
        link = text.split('rel="next" href="')[1].split('"')[0]
        assert "kind=client&amp;id=erp-1" in link

    def test_says_what_is_missing_in_a_search(self, sign_in):
        browser = sign_in("admin")
        for query, words in {
            "kind=vehicle": "Enter the number of the vehicle.",
            "id=7": "Choose what this is the number of.",
            "kind=spaceship&id=7": "There are no entries about",
            "before=" + "9" * 30: "This link is broken.",
        }.items():
            answer = browser.get(f"/admin/audit?{query}")
            check_page(answer.text)
            assert answer.status_code == 422, query
            assert words in answer.text

    def test_survives_a_subject_with_a_nul(self, sign_in):
        assert sign_in("admin").get("/admin/audit?kind=vehicle&id=%007").status_code == 200
