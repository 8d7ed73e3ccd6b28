"""What drivers owe, told by the accounting system."""

from datetime import timedelta

DEBT = {"owed_minor": 12_000, "currency": "USD", "plan": "weekly"}


class TestADebt:
    def test_told_late_is_answered_with_what_is_known(self, api, fleet, at):
        client = api("access:note_debt")
        address = f"/api/v1/access/drivers/{fleet.driver_id}/debt"
        paid = {
            "owed_minor": 0,
            "currency": "USD",
            "plan": "weekly",
            "overdue_since": None,
            "as_of": at.isoformat(),
        }
        assert client.put(address, json=paid).json["owed_minor"] == 0
        since, as_of = at - timedelta(days=9), at - timedelta(hours=1)
        late = DEBT | {"overdue_since": since.isoformat(), "as_of": as_of.isoformat()}
        assert client.put(address, json=late).json["owed_minor"] == 0
        assert api("access:read").get(address).json["as_of"].startswith(at.isoformat()[:19])

    def test_nobody_has_told_is_not_there(self, api, fleet):
        assert api("access:read").get(f"/api/v1/access/drivers/{fleet.driver_id}/debt").status_code == 404

    def test_with_a_naive_time_or_a_foreign_park_is_refused(self, api, fleet, at):
        address = f"/api/v1/access/drivers/{fleet.driver_id}/debt"
        told = DEBT | {"overdue_since": "2026-11-01T00:00:00", "as_of": at.isoformat()}
        assert api("access:note_debt").put(address, json=told).status_code == 422
        told["overdue_since"] = (at - timedelta(days=9)).isoformat()
        foreign = api("access:note_debt", park_ids=[fleet.other_park_id])
        assert foreign.put(address, json=told).status_code == 404
