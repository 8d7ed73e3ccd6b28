"""The fleet table of a company that has grown forty times."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

MANY = 20_000


@pytest.fixture
def large(database):
    """Twenty thousand vehicles, nine of ten with a tracker, half of which have ever reported; papers and groups."""
    with database.transaction() as session:
        session.execute(
            sa.text(
                "INSERT INTO vehicles_vehicles (park_id, vin, plate, name, model, vehicle_class, status, created_at) "
                "SELECT 1, 'WVWZZZ1JZ3W' || to_char(n, 'FM000000'), 'P' || n, 'Cab ' || n, 'Golf ' || n % 7, 'car', "
                "(ARRAY['available', 'rented', 'in_repair'])[1 + n % 3], now() FROM generate_series(1, :many) n"
            ),
            {"many": MANY},
        )
        session.execute(
            sa.text(
                "INSERT INTO vehicles_trackers (vehicle_id, device_uid) "
                "SELECT id, 'device-' || id FROM vehicles_vehicles WHERE id % 10 > 0 AND id > 2"
            )
        )
        session.execute(
            sa.text(
                "INSERT INTO telemetry_states (vehicle_id, ts, received_at) "
                "SELECT id, now() - id * interval '1 s', now() FROM vehicles_vehicles "
                "WHERE id % 2 = 0 ON CONFLICT (vehicle_id) DO NOTHING"
            )
        )
        session.execute(
            sa.text(
                "INSERT INTO vehicles_documents (vehicle_id, kind, valid_until, added_at, added_by) "
                "SELECT id, kind, current_date + (id % 90)::int - 20, now(), 'Tests' "
                "FROM vehicles_vehicles, unnest(ARRAY['insurance', 'registration', 'insurance']) kind WHERE id % 3 > 0"
            )
        )
        session.execute(
            sa.text(
                "INSERT INTO vehicles_groups (park_id, name, made_at) SELECT 1, 'Group ' || n, now() "
                "FROM generate_series(1, 20) n"
            )
        )
        session.execute(
            sa.text(
                "INSERT INTO vehicles_group_members (vehicle_id, group_id) SELECT vehicle.id, own.id "
                "FROM vehicles_vehicles vehicle JOIN vehicles_groups own ON (vehicle.id + own.id) % 10 = 0"
            )
        )
        session.execute(sa.text("ANALYZE"))  # as the server does by itself a minute later


class TestTable:
    @pytest.mark.proof  # seconds to make them all; that nothing grows with their number is told of thirty, too
    def test_finds_sorts_and_counts_twenty_thousand_by_the_same_statements(self, operator, large, count_statements):
        pages = {}
        for asked in (
            "",
            "?group=Group+3&papers=soon&sort=papers",
            "?sort=-report&page=40",
            "?q=golf+3&status=rented&tracker=silent&sort=plate",
        ):
            page = operator.get(f"/operator/vehicles{asked}").text
            pages[asked] = page
            assert count_statements(lambda asked=asked: operator.get(f"/operator/vehicles{asked}")) < 20
        assert "20\u202f001" in pages[""]
        assert len(re.findall(r"data-pick>", pages["?sort=-report&page=40"])) == 100
        assert "Golf 3" in pages["?q=golf+3&status=rented&tracker=silent&sort=plate"]
