"""Locks and releases do not hang on the keys under which names are sealed."""

from __future__ import annotations

from datetime import datetime

import pytest

from core import keyring, vault
from core.access import service
from core.config import AccessTiming
from core.db import Database
from core.errors import ConfigurationError
from core.permissions import system
from tests.conftest import ROOT, Fleet
from tests.orders import order_lock

WORKER = system("tests", "access:deliver")


def no_keys() -> None:
    raise ConfigurationError("the master keys are gone")


class TestOrders:
    def test_are_taken_and_releases_too_when_no_name_can_be_opened(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vault._opened.clear()
        monkeypatch.setattr(keyring, "current", no_keys)
        with database.transaction() as session:
            order_lock(session, actor=ROOT, vehicle_id=fleet.vehicle_id, at=at)
        with database.transaction() as session:
            claims = service.claim_open_jobs(session, actor=WORKER, at=at, worker="tests", timing=AccessTiming())
            assert len(claims) == 1
        with database.transaction() as session:
            service.release(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, timing=AccessTiming())
