"""What counts as the vehicle's own word about its relay."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.access.gateway import Relay
from core.access.models import OrderKind
from core.access.rules import Job, VehicleNow
from core.access.service import Claim, own_readings
from core.vehicles.models import RelayGateway

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def claim(kind: OrderKind, *, relay_ts: datetime | None, relay_received_at: datetime | None) -> Claim:
    vehicle = VehicleNow(ts=NOW, received_at=NOW, relay_on=True, relay_ts=relay_ts, relay_received_at=relay_received_at)
    job = Job(kind, NOW, NOW, NOW + timedelta(minutes=5), None, None)
    relay = Relay("uid", output=1, inverted=False)
    return Claim(uuid.uuid4(), 1, RelayGateway.VIALON_RELAY, relay, None, job, vehicle, None)


class TestTheVehiclesOwnWord:
    def test_is_as_old_as_its_last_mention_of_the_relay_however_fresh_the_report(self) -> None:
        old = NOW - timedelta(minutes=3)
        (reading,) = own_readings(claim(OrderKind.RELEASE, relay_ts=old, relay_received_at=old))
        assert reading.received_at == old

    def test_is_as_old_as_the_device_says_when_it_was_buffered_on_the_way(self) -> None:
        old = NOW - timedelta(minutes=3)
        (reading,) = own_readings(claim(OrderKind.RELEASE, relay_ts=old, relay_received_at=NOW))
        assert reading.received_at == old

    def test_is_never_from_the_future_of_a_device_whose_clock_is_ahead(self) -> None:
        ahead = NOW + timedelta(minutes=2)
        (reading,) = own_readings(claim(OrderKind.IMMOBILIZE, relay_ts=ahead, relay_received_at=NOW))
        assert reading.received_at == NOW

    @pytest.mark.parametrize("kind", list(OrderKind))
    def test_is_nothing_when_it_never_mentioned_the_relay(self, kind: OrderKind) -> None:
        silent = claim(kind, relay_ts=None, relay_received_at=None)
        assert own_readings(replace(silent, vehicle=VehicleNow(ts=NOW, received_at=NOW))) == []
