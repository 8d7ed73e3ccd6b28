"""Refused points, with the words in which they came."""

from core import clock
from core.permissions import system
from core.telemetry import service
from core.telemetry.schemas import Point, Reading
from tests.portals.page import check_page


def refuse(database, vehicle_id, raw):
    reading = Reading(index=0, vehicle_id=vehicle_id, point=Point(ts=clock.now(), lat=0.0, lon=0.0), raw=raw)
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
