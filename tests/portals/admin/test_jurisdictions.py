"""The editor of the law: read, foreseen, changed as a new version, and parks put under it."""

from core.access import queries
from core.permissions import ADMIN, Actor
from tests.portals.page import check_page

ADMINISTRATOR = Actor("user", 1, "Admin", roles=frozenset({ADMIN}), parks=None)
FORM = {
    "name": "New Jersey",
    "source": "N.J.S.A. 56:8-206",
    "based_on": "1",
    "default_days_weekly": "7",
    "default_days_other": "10",
    "warnings_weekly": "72 hours, 2 channels",
    "warnings_other": "96 h by 3\n72 h by 2",
    "emergency_start_hours": "48",
    "emergency_starts": "2",
    "records_years": "3",
    "contract_ended": "24 hours, 1 channel",
    "why": "Counsel read it anew.",
}


def newest(database, code="US-NJ"):
    with database.reading() as reader:
        return queries.get_jurisdiction(reader, viewer=ADMINISTRATOR, code=code)[0]


class TestTheList:
    def test_says_what_each_asks_for_and_puts_a_park_under_one(self, sign_in, fleet):
        browser = sign_in("admin")
        page = browser.get("/admin/jurisdictions")
        check_page(page.text)
        assert "No legal advice" in page.text
        assert "240 h by 1, 48 h by 1" in page.text
        form = {"park_id": str(fleet.park_id), "code": "US-CA"}
        after = browser.post("/admin/jurisdictions/parks", data=form, follow_redirects=True)
        assert "judged by the rules of US-CA" in after.text


class TestAJurisdiction:
    def test_shows_its_rules_its_course_and_how_they_came_about(self, sign_in, database):
        browser = sign_in("admin")
        browser.post("/admin/jurisdictions/US-NJ", data=FORM)
        page = browser.get("/admin/jurisdictions/US-NJ")
        check_page(page.text)
        assert "<del>5</del> <ins>7</ins>" in page.text
        assert "Counsel read it anew." in page.text
        assert "It is locked, when it stands." in page.text
        debt = newest(database).rules.debt
        assert [(one.hours_before, one.channels) for one in debt.warnings_other] == [(96, 3), (72, 2)]

    def test_is_foreseen_without_being_written(self, sign_in, database):
        page = sign_in("admin").post("/admin/jurisdictions/US-NJ", data=FORM | {"preview": "1", "why": ""})
        check_page(page.text)
        assert "What it would do" in page.text
        assert newest(database).version == 1

    def test_says_beside_each_field_what_is_wrong_and_keeps_what_was_typed(self, sign_in, database):
        wrong = {"default_days_weekly": "soon", "warnings_other": "in time", "why": ""}
        page = sign_in("admin").post("/admin/jurisdictions/US-NJ", data=FORM | wrong)
        check_page(page.text)
        assert page.status_code == 422
        assert "Type a whole number." in page.text
        assert "“in time” is no warning." in page.text
        assert ">in time</textarea>" in page.text
        assert newest(database).version == 1

    def test_out_of_bounds_is_said_where_it_is(self, sign_in):
        page = sign_in("admin").post("/admin/jurisdictions/US-NJ", data=FORM | {"default_days_other": "999"})
        assert page.status_code == 422
        assert 'id="default_days_other-error"' in page.text

    def test_that_somebody_else_changed_meanwhile_is_not_overwritten(self, sign_in):
        browser = sign_in("admin")
        browser.post("/admin/jurisdictions/US-NJ", data=FORM)
        page = browser.post("/admin/jurisdictions/US-NJ", data=FORM | {"default_days_weekly": "9"})
        assert page.status_code == 409
        assert "meanwhile" in page.text

    def test_can_be_added_and_begins_with_the_default(self, sign_in, database):
        browser = sign_in("admin")
        check_page(browser.get("/admin/jurisdictions/new").text)
        added = browser.post("/admin/jurisdictions", data=FORM | {"code": "US-TX", "name": "Texas"})
        assert added.headers["Location"].endswith("/admin/jurisdictions/US-TX")
        assert newest(database, "US-TX").version == 1
        assert browser.post("/admin/jurisdictions", data=FORM | {"code": "Texas!"}).status_code == 422
