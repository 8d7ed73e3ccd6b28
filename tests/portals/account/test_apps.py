"""The apps that one lets in, and taking that back."""

from core.identity import service
from core.permissions import Actor
from tests.conftest import ROOT
from tests.portals.page import check_page


def connect(database, fleet, at, role="operator"):
    with database.transaction() as session:
        made = service.create_client(
            session,
            actor=ROOT,
            at=at,
            name="Shifts <app>",
            scopes=["access:immobilize"],
            redirect_uris=["https://shifts.example.com/"],
        )
        person = Actor("user", fleet.user_ids[role], "Operator", roles=frozenset({role}))
        service.give_consent(
            session, actor=person, at=at, client_id=made.client_id, scopes=["openid", "access:immobilize"]
        )
    return made.client_id


class TestThePageOfApps:
    def test_says_in_words_what_each_may_do(self, sign_in, database, fleet, at):
        connect(database, fleet, at)
        text = sign_in("operator").get("/account/apps").text
        check_page(text)
        assert "Shifts &lt;app&gt;" in text
        assert "Order the immobilization of a vehicle" in text
        assert "Acts on vehicles" in text
        assert "Know that it is you" in text

    def test_shows_nobody_elses(self, sign_in, database, fleet, at):
        client_id = connect(database, fleet, at)
        other = sign_in("driver")
        text = other.get("/account/apps").text
        check_page(text)
        assert "No app acts for you" in text
        other.post(f"/account/apps/{client_id}/withdrawal")
        assert "Shifts" in sign_in("operator").get("/account/apps").text

    def test_lets_one_be_disconnected(self, sign_in, database, fleet, at):
        client_id = connect(database, fleet, at)
        browser = sign_in("operator")
        answer = browser.post(f"/account/apps/{client_id}/withdrawal", follow_redirects=True)
        assert "cut off within seconds" in answer.text
        assert "No app acts for you" in answer.text

    def test_knows_no_app_that_there_is_not(self, sign_in):
        assert sign_in("operator").post("/account/apps/erp-none/withdrawal").status_code == 404
        assert sign_in("operator").post("/account/apps/a%00b/withdrawal").status_code in {400, 404}
