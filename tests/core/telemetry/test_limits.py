"""Limits and thresholds by class of vehicle, and what an installation says of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import load
from core.errors import ConfigurationError
from core.telemetry.rules.limits import CLASSES, limits_for, thresholds_for
from core.vehicles.models import VehicleClass


class TestLimits:
    def test_are_there_for_every_class_of_vehicle(self) -> None:
        assert set(CLASSES) == {kind.value for kind in VehicleClass}
        assert set(limits_for(7)) == set(thresholds_for()) == set(CLASSES)

    def test_believe_a_speed_of_a_car_that_no_truck_reaches(self) -> None:
        limits = limits_for(7)
        assert limits["truck"].speed_kmh < 200 < limits["car"].speed_kmh

    def test_never_take_what_is_older_than_what_is_kept(self) -> None:
        assert limits_for(2)["car"].past_s == 2 * 86_400


class TestALimitsFile:
    def test_speaks_for_every_class_and_then_for_one(self, tmp_path: Path) -> None:
        file = tmp_path / "limits.toml"
        file.write_text(
            "[limits.default]\nspeed_kmh = 220\n[limits.van]\nspeed_kmh = 180\n[thresholds.bus]\nmoving_kmh = 3\n"
        )
        said = load({"ERP_LIMITS_FILE": str(file)}).limits
        limits = limits_for(7, said)
        assert (limits["car"].speed_kmh, limits["van"].speed_kmh) == (220, 180)
        assert thresholds_for(said)["bus"].moving_kmh == 3

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("[limits.lorry]\nspeed_kmh = 90", "limits.lorry"),
            ("[limits.van]\nspede_kmh = 90", "spede_kmh"),
            ('[limits.van]\nspeed_kmh = "fast"', "limits.van"),
        ],
    )
    def test_with_a_word_nobody_knows_is_refused_by_that_word(self, tmp_path: Path, text: str, names: str) -> None:
        file = tmp_path / "limits.toml"
        file.write_text(text)
        with pytest.raises(ConfigurationError, match=names):
            limits_for(7, load({"ERP_LIMITS_FILE": str(file)}).limits)

    def test_that_is_not_there_is_named(self) -> None:
        with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
            load({"ERP_LIMITS_FILE": "nowhere.toml"})
