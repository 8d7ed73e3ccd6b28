"""Health: what is wrong first."""

from datetime import timedelta

import pytest

from core import clock, health
from core.outbox import OutboxDelivery
from core.permissions import system
from core.telemetry import service as telemetry
from core.telemetry.schemas import Point, Reading
from tasks.audit import append
from tests.portals.page import check_fragment, check_page

PRODUCT = system("product")


@pytest.fixture
def beat(database):
    append(database)  # what the template holds is older than the log is allowed to be behind

    def beaten(process, *, ago_s=0.0, lag_ms=5.0, words=""):
        with database.transaction() as session:
            at = clock.now() - timedelta(seconds=ago_s)
            health.beat(session, actor=PRODUCT, at=at, process=process, lag_ms=lag_ms, words=words)

    return beaten


@pytest.fixture
def consequence(database):
    def added(**columns):
        now = clock.now()
        with database.transaction() as session:
            session.add(
                OutboxDelivery(
                    fact_id=1, ids={}, created_at=now, next_at=now + timedelta(hours=1), attempts=8, **columns
                )
            )

    return added


def look(browser):
    answer = browser.get("/admin/")
    assert answer.status_code == 200
    check_page(answer.text)
    return answer.text


class TestHealth:
    def test_says_that_everything_runs(self, sign_in, beat):
        browser = sign_in("admin")
        for process in health.PROCESSES:
            beat(process, words=f"{process} is content")
        text = look(browser)
        assert "Everything runs" in text
        assert "worker is content" in text
        assert "attention" not in text

    def test_puts_what_is_wrong_before_everything_else(self, sign_in, beat):
        browser = sign_in("admin")
        beat("worker", ago_s=95)
        beat("scheduler", lag_ms=8200)
        text = look(browser)
        wrong = text.index("4 things need attention")
        assert wrong < text.index("The worker has been silent for 9") < text.index("Processes")
        assert "The scheduler is 8 s behind." in text
        assert "The follower has not started." in text
        assert "The gateway has not started." in text

    def test_shows_the_state_of_each_process(self, sign_in, beat):
        browser = sign_in("admin")
        beat("worker", ago_s=95)
        beat("scheduler", lag_ms=8200)
        text = look(browser)
        for badge in ('badge-act">Silent', 'badge-warn">Behind', 'badge-act">Not started'):
            assert badge in text

    def test_counts_the_fleet_by_status(self, sign_in):
        text = look(sign_in("admin"))
        assert "2 vehicles" in text
        assert "Onboarding" in text

    def test_counts_refused_points_by_rule_and_links_to_them(self, sign_in, database, fleet):
        with database.transaction() as session:
            point = Point(ts=clock.now(), lat=0.0, lon=0.0)
            reading = Reading(index=0, vehicle_id=fleet.vehicle_id, point=point, raw="#D#0;0")
            telemetry.ingest(session, actor=PRODUCT, at=clock.now(), source="wialon_ips", readings=[reading])
        browser = sign_in("admin")
        text = look(browser)
        assert "last 24 h: 1" in text
        assert "Coordinates null island" in text
        assert 'href="/admin/telemetry/refusals"' in text

    def test_tells_consequences_given_up_from_those_tried_again(self, sign_in, beat, consequence):
        browser = sign_in("admin")
        for process in health.PROCESSES:
            beat(process)
        consequence(fact="access.job_ordered", job="access.deliver", dead_at=clock.now(), last_error="no answer")
        consequence(fact="access.job_changed", job="access.watch", last_error="lock timeout")
        text = look(browser)
        assert "1 consequence was given up" in text
        assert "1 given up, 1 tried again" in text
        assert text.index("no answer") < text.index("lock timeout")

    def test_renews_itself_by_its_own_fragment(self, sign_in):
        browser = sign_in("admin")
        assert 'hx-get="/admin/" hx-trigger="every 5s"' in look(browser)
        fragment = browser.get("/admin/", headers={"HX-Request": "true", "HX-Target": "div#health"})
        check_fragment(fragment.text)
        assert fragment.text.lstrip().startswith('<div id="health"')

    def test_says_how_old_it_is(self, sign_in):
        before = clock.now().timestamp() * 1000
        checked = look(sign_in("admin")).split("Checked ")[1]
        assert before - 1 <= int(checked.split('data-age="')[1].split('"')[0]) <= clock.now().timestamp() * 1000
