"""Refused points, with the words in which they came."""

from core import clock
from core.permissions import system
from core.telemetry import service
from core.telemetry.rules.filters import FILTERS
from core.telemetry.schemas import Point, Reading
from portals.admin import telemetry
from portals.admin.advice import ADVICE
from tests.portals.page import check_page


def refuse(database, vehicle_id, raw, **measured):
    point = Point(ts=clock.now(), **(measured or {"lat": 0.0, "lon": 0.0}))
    reading = Reading(index=0, vehicle_id=vehicle_id, point=point, raw=raw)
    with database.transaction() as session:
        report = service.ingest(
            session, actor=system("gateway"), at=clock.now(), source="wialon_ips", readings=[reading]
        )
    assert len(report.refused) == 1


class TestRefusedPoints:
    def test_are_shown_as_they_came_newest_first(self, sign_in, database, fleet):
        refuse(database, fleet.vehicle_id, "#D#first")
        refuse(database, fleet.vehicle_id, "#D#<b>second</b>")
        answer = sign_in("admin").get("/admin/telemetry/refusals")
        check_page(answer.text)
        assert "#D#&lt;b&gt;second" in answer.text
        assert answer.text.index("second") < answer.text.index("#D#first")
        assert "what a receiver says without a fix" in answer.text

    def test_can_be_those_of_one_vehicle(self, sign_in, database, fleet):
        refuse(database, fleet.vehicle_id, "mine")
        refuse(database, fleet.other_vehicle_id, "of the other")
        text = sign_in("admin").get(f"/admin/telemetry/refusals?vehicle_id={fleet.vehicle_id}").text
        assert "mine" in text
        assert "of the other" not in text

    def test_say_so_when_there_are_none(self, sign_in):
        answer = sign_in("admin").get("/admin/telemetry/refusals")
        check_page(answer.text)
        assert "No refused points" in answer.text

    def test_of_a_vehicle_that_does_not_exist_are_not_found(self, sign_in):
        browser = sign_in("admin")
        for wrong in ("x", "9" * 30, "4711"):
            assert browser.get(f"/admin/telemetry/refusals?vehicle_id={wrong}").status_code == 404

    def test_can_be_those_of_one_rule_source_device_or_span(self, sign_in, database, fleet):
        refuse(database, fleet.vehicle_id, "at the island")
        refuse(database, fleet.vehicle_id, "too fast", speed_kmh=300.0)
        browser = sign_in("admin")
        text = browser.get("/admin/telemetry/refusals?rule=speed_impossible&hours=1").text
        check_page(text)
        assert "too fast" in text
        assert "at the island" not in text
        for unmet in ("source=osmand", "device_uid=x", "rule=%00"):
            assert ("No refused points" in browser.get(f"/admin/telemetry/refusals?{unmet}").text) == (
                unmet != "rule=%00"
            ), unmet

    def test_are_shown_a_page_at_a_time(self, sign_in, database, fleet, monkeypatch):
        monkeypatch.setattr(telemetry, "PAGE", 2)
        for n in range(3):
            refuse(database, fleet.vehicle_id, f"number {n}")
        browser = sign_in("admin")
        first = browser.get("/admin/telemetry/refusals").text
        assert "number 2" in first
        assert "number 0" not in first
        address = first.rpartition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        second = browser.get(address).text
        check_page(second)
        assert "number 0" in second
        assert "number 1" not in second
        for broken in ("x", "x~1", "2026-11-24T10:00:00~1", "2026-11-24T10:00:00+00:00~x"):
            answer = browser.get("/admin/telemetry/refusals", query_string={"before": broken})
            assert answer.status_code == 404, broken

    def test_say_what_to_do_whatever_rule_refused_them(self):
        assert set(ADVICE) == {*FILTERS, "malformed", "unknown_vehicle"}


class TestAPointStoredWithoutAValue:
    def test_is_told_apart_in_words_in_counts_and_list_and_is_nothing_to_replay(self, sign_in, database, fleet):
        point = Point(ts=clock.now(), lat=37.76, lon=-122.42, rpm=16_383.0)
        with database.transaction() as session:
            report = service.ingest(
                session,
                actor=system("gateway"),
                at=clock.now(),
                source="teltonika",
                readings=[Reading(index=0, vehicle_id=fleet.vehicle_id, point=point, raw="16383 rpm")],
            )
        assert (report.stored, report.refused) == (1, ())
        browser = sign_in("admin")
        page = browser.get("/admin/telemetry/refusals").text
        check_page(page)
        assert "Value left out: rpm; the point was stored" in page
        assert "Replay this" not in page and "Cannot be replayed" not in page
        assert page.count('<td class="num">1</td><td class="num">1</td><td class="num">0</td>') == 3
        assert "Nothing to replay" in browser.get("/admin/telemetry/refusals/replay").text
        health = browser.get("/admin/").text
        check_page(health)
        assert "last 24 h: 0; stored without a value: 1" in health
        assert "Value left out: rpm; the point was stored" in health
        assert 'href="/admin/telemetry/refusals?rule=rpm_impossible&amp;source=teltonika"' in health
        assert 'href="/admin/devices"' in health


class TestAReplay:
    def test_is_a_deliberate_second_step_and_tells_its_result(self, sign_in, database, fleet, app):
        refuse(database, fleet.vehicle_id, "fast", speed_kmh=300.0)
        browser = sign_in("admin")
        assert "Replay this one…" in browser.get("/admin/telemetry/refusals").text
        second = browser.get("/admin/telemetry/refusals/replay?rule=speed_impossible")
        check_page(second.text)
        assert "Replay 1 point" in second.text
        answer = browser.post("/admin/telemetry/refusals/replay", data={"rule": "speed_impossible", "hours": "24"})
        assert answer.status_code == 303
        page = browser.get(answer.headers["Location"]).text
        check_page(page)
        assert "refused again: 1 by speed_impossible" in page
        assert "Refused again: Speed impossible" in page

    def test_of_nothing_says_so(self, sign_in):
        browser = sign_in("admin")
        page = browser.get("/admin/telemetry/refusals/replay").text
        check_page(page)
        assert "Nothing to replay" in page
        answer = browser.post("/admin/telemetry/refusals/replay", data={}, follow_redirects=True)
        assert "nothing to judge anew" in answer.text

    def test_of_a_span_that_is_not_offered_is_refused(self, sign_in):
        answer = sign_in("admin").post("/admin/telemetry/refusals/replay", data={"hours": "999999999"})
        assert answer.status_code == 422
