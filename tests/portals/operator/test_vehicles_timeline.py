"""The line of time of a vehicle: one order of everything, without gaps and without an end."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest

from core.events.models import Detection
from core.telemetry import service as telemetry
from core.vehicles import service
from core.vehicles.models import VehicleStatusChange
from core.vehicles.schemas import VehicleStatus
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page


@pytest.fixture
def line(fleet):
    return f"/operator/vehicles/{fleet.vehicle_id}/timeline"


@pytest.fixture
def happen(database, fleet, at):
    """Lets things happen to the first vehicle, so many minutes ago."""

    def happened(*, statuses=(), events=(), readings=()):
        with database.transaction() as session:
            session.add_all(
                VehicleStatusChange(
                    vehicle_id=fleet.vehicle_id,
                    status=VehicleStatus.AVAILABLE,
                    at=at - timedelta(minutes=minutes),
                    actor_name="Tests",
                    reason=f"s{minutes}.",
                )
                for minutes in statuses
            )
            session.add_all(
                Detection(
                    vehicle_id=fleet.vehicle_id,
                    id=uuid.uuid4(),
                    kind="idling",
                    subject="",
                    started_at=at - timedelta(minutes=minutes),
                    value=60.0,
                    detail={},
                    detected_at=at,
                    changed_at=at,
                )
                for minutes in events
            )
            for minutes in readings:
                telemetry.record_mileage_reading(
                    session,
                    actor=ROOT,
                    at=at,
                    vehicle_id=fleet.vehicle_id,
                    read_at=at - timedelta(minutes=minutes),
                    odometer_m=80_000_000 - minutes,
                    reason="Inspection",
                    raw_retention_days=30,
                )

    return happened


def moments(page):
    """When what happened: (kind, moment) in the order of the page."""
    return re.findall(r'data-kind="(\w+)".*?datetime="([^"]+)"', page, re.DOTALL)


def walk(browser, address):
    """Everything, stretch by stretch, as one who scrolls gets it; and in how many stretches."""
    page, found, stretches = browser.get(address).text, [], 0
    while True:
        found += moments(page)
        stretches += 1
        older = re.search(r'id="older"[^>]*hx-get="([^"]+)"', page)
        if older is None:
            return found, stretches
        headers = {"HX-Request": "true", "HX-Target": "li#older"}
        page = browser.get(older.group(1).replace("&amp;", "&"), headers=headers).text
        check_fragment(page)


class TestTimeline:
    def test_puts_all_kinds_into_one_order_newest_first(self, operator, line, happen):
        happen(statuses=(50, 10), events=(40, 20), readings=(30,))

        page = operator.get(line).text

        check_page(page)
        told = moments(page)
        assert [kind for kind, _ in told if kind in {"event", "mileage"}] == ["event", "mileage", "event"]
        assert [moment for _, moment in told] == sorted((moment for _, moment in told), reverse=True)
        assert {"status", "driver"} <= {kind for kind, _ in told}
        assert "Ana Lopez has it" in page and "Odometer read" in page

    def test_goes_on_to_the_end_and_leaves_nothing_out(self, operator, line, happen, monkeypatch):
        monkeypatch.setattr("portals.operator.vehicles_timeline.MOST", 4)
        # Thick and thin stretches of each kind, and moments at which both happened.
        happen(statuses=range(100, 130), events=[*range(90, 103), *range(300, 310)])

        told, stretches = walk(operator, line)

        assert stretches > 5
        assert [moment for _, moment in told] == sorted((moment for _, moment in told), reverse=True)
        assert len(told) == len(set(told))
        kinds = [kind for kind, _ in told]
        # The registration itself is a change of status too.
        assert (kinds.count("status"), kinds.count("event")) == (31, 23)

    def test_keeps_together_what_happened_at_one_moment(self, operator, line, happen, monkeypatch):
        monkeypatch.setattr("portals.operator.vehicles_timeline.MOST", 4)
        happen(statuses=[minute for minute in range(1, 6) for _ in range(3)])

        told, _ = walk(operator, f"{line}?kind=status")

        assert len(told) == 16  # the registration is one too

    def test_shows_the_kinds_that_are_chosen(self, operator, line, happen):
        happen(events=(5,), readings=(3,))

        page = operator.get(f"{line}?kind=event&kind=nonsense").text

        assert {kind for kind, _ in moments(page)} == {"event"}
        assert 'name="kind" value="event" checked' in page
        assert {kind for kind, _ in moments(operator.get(f"{line}?kind=mileage&kind=event").text)} == {
            "mileage",
            "event",
        }

    def test_names_a_day_once(self, operator, line, happen, monkeypatch):
        monkeypatch.setattr("portals.operator.vehicles_timeline.MOST", 4)
        happen(events=range(1, 12))

        address, days = f"{line}?kind=event", []
        while address:
            page = operator.get(address, headers={"HX-Request": "true", "HX-Target": "li#older"}).text
            days += re.findall(r"<h3>([^<]+)</h3>", page)
            older = re.search(r'hx-get="([^"]+)"', page)
            address = older and older.group(1).replace("&amp;", "&")
        assert len(days) == len(set(days))

    @pytest.mark.parametrize("before", ["yesterday", "2026-01-01", "9999-12-31T23:59:59+00:00"])
    def test_begins_anew_before_a_moment_that_is_none(self, operator, line, before):
        assert moments(operator.get(line, query_string={"before": before}).text)

    def test_asks_each_kind_once_however_much_there_is(self, operator, line, happen, count_statements):
        operator.get(line)  # opens the key of the driver's name, which is kept then
        few = count_statements(lambda: operator.get(line))
        happen(statuses=range(1, 40), events=range(1, 40))
        assert count_statements(lambda: operator.get(line)) == few

    def test_is_part_of_the_card(self, operator, fleet, happen):
        happen(events=(5,))

        page = operator.get(f"/operator/vehicles/{fleet.vehicle_id}").text

        check_page(page)
        assert {"event", "status"} <= {kind for kind, _ in moments(page)}

    def test_of_another_park_does_not_exist(self, operator, fleet):
        assert operator.get(f"/operator/vehicles/{fleet.other_vehicle_id}/timeline").status_code == 404

    def test_tells_of_no_kind_that_one_may_not_read(self, staff, line, happen):
        answer = staff.get(f"{line}?kind=lock")

        assert answer.status_code == 200
        page = answer.text
        assert 'value="lock"' not in page
        assert "lock" not in {kind for kind, _ in moments(page)}

    def test_tells_of_a_change_with_its_reason(self, operator, line, database, fleet, at):
        with database.transaction() as session:
            service.change_status(
                session,
                actor=ROOT,
                at=at,
                vehicle_id=fleet.vehicle_id,
                status=VehicleStatus.IN_REPAIR,
                reason="Brake pads",
            )
        page = operator.get(line).text
        assert "Status: In repair" in page and "Brake pads" in page
