"""The proofs on real recordings, bounded to a few vehicles. All of them: make prove."""

from __future__ import annotations

import pytest

from infra.errors import CannotStart
from infra.proofs import oddities, recordings, taxis

needs_recordings = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not (recordings.folder() / "fleet_sample.csv.gz").exists(),
        reason="the real recordings are not beside the repository, nor where ERP_RECORDINGS says",
    ),
]


class TestTheRecordings:
    def test_are_asked_for_by_name_when_they_are_away(self, monkeypatch, tmp_path) -> None:
        monkeypatch.setenv("ERP_RECORDINGS", str(tmp_path))
        with pytest.raises(CannotStart, match="ERP_RECORDINGS"):
            next(recordings.read_rows("fleet_sample.csv.gz"))


class TestThreeTaxisOfSanFrancisco:
    pytestmark = needs_recordings

    def test_drive_their_passengers_in_trips_that_were_found(self) -> None:
        tally = taxis.compare(lambda name: name.startswith("SF-abd") or name in ("SF-appsri", "SF-alsheth"))
        assert taxis.holds(tally), "\n".join(taxis.describe(tally))
        assert tally.taxis >= 3
        assert tally.fate["in one trip"] / tally.runs > 0.9


class TestTheOddities:
    pytestmark = needs_recordings

    @pytest.mark.parametrize(
        ("source", "vehicles", "refused"),
        [
            ("capmetro", ("ATX-9302", "ATX-5016"), {"speed_impossible": 3, "coordinates_null_island": 2}),
            ("ndsbr", ("BR-",), {"coordinates_incomplete": 1}),
        ],
    )
    def test_become_what_the_report_says(self, source: str, vehicles: tuple[str, ...], refused: dict[str, int]) -> None:
        became, odd = oddities.judge_source(source, lambda line: line.split(",", 2)[1].startswith(vehicles))
        assert became.pop("stored") > 50
        assert dict(became) == refused
        assert list(oddities.find_wrong(odd)) == []
