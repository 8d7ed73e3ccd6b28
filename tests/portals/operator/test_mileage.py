"""What a vehicle has driven in all: shown with how it was found, and put right by what people read off."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.telemetry.models import heads
from tests.portals.page import check_page


@pytest.fixture
def card(fleet):
    return f"/operator/vehicles/{fleet.vehicle_id}"


def follow(database, vehicle_id, at, **mileage):
    """The head of a vehicle, as the follower leaves it."""
    with database.transaction() as session:
        session.execute(
            sa.insert(heads).values(vehicle_id=vehicle_id, revision=1, point_count=1, detectors={}, ts=at, **mileage)
        )


class TestTheMileage:
    def test_is_shown_with_how_it_was_found_and_its_age(self, operator, card, database, fleet, at):
        assert "Not known yet" in operator.get(card).text
        follow(database, fleet.vehicle_id, at, mileage_m=80_123_400.0, mileage_ts=at, mileage_method="gps")
        page = operator.get(card).text
        check_page(page)
        assert "80\u202f123.4\xa0km" in page and "counted on by positions" in page
        assert f'datetime="{at.isoformat()}"' in page.partition('id="mileage-title"')[2].partition("</section>")[0]


class TestAReading:
    def test_is_recorded_with_its_reason_and_kept_in_sight(self, operator, card):
        typed = {"odometer_km": "80 123.4", "read_for": "Inspection"}
        answer = operator.post(f"{card}/mileage", data=typed)
        assert (answer.status_code, answer.location) == (303, card)
        page = operator.get(card).text
        check_page(page)
        assert "80\u202f123.4\xa0km recorded" in page
        assert "Inspection" in page.partition('aria-label="Readings, newest first"')[2].partition("</ol>")[0]

    def test_that_is_wrong_is_said_at_each_field_and_what_was_typed_stays(self, operator, card, at):
        wrong = {"odometer_km": "lots", "read_at": "yesterday", "read_for": "Why not"}
        answer = operator.post(f"{card}/mileage", data=wrong)
        assert answer.status_code == 422
        check_page(answer.text)
        assert answer.text.count('aria-invalid="true"') == 2
        for kept in wrong.values():
            assert f'value="{kept}"' in answer.text
        late = {"odometer_km": "-1", "read_at": f"{at + timedelta(days=2):%Y-%m-%dT%H:%M}", "read_for": ""}
        text = operator.post(f"{card}/mileage", data=late).text
        for words in ("in the future", "from 0 to 4,000,000 km", "why it was read"):
            assert words in text
        for unreadable in ("nan", "1e999999", "9" * 400):
            assert operator.post(f"{card}/mileage", data={"odometer_km": unreadable}).status_code == 422

    def test_of_a_moment_that_has_one_stays_as_it_was(self, operator, card, at):
        typed = {"odometer_km": "10", "read_at": f"{at - timedelta(days=1):%Y-%m-%dT%H:%M}", "read_for": "Inspection"}
        operator.post(f"{card}/mileage", data=typed)
        again = operator.post(f"{card}/mileage", data={**typed, "odometer_km": "11"})
        assert again.status_code == 409
        assert "a reading of that moment already" in again.text and 'value="11"' in again.text

    def test_of_a_vehicle_of_another_park_is_not_found(self, operator, fleet):
        for typed in ({"odometer_km": "10", "read_for": "Inspection"}, {"odometer_km": "x"}):
            answer = operator.post(f"/operator/vehicles/{fleet.other_vehicle_id}/mileage", data=typed)
            assert answer.status_code == 404
