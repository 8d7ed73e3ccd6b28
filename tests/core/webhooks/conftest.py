"""A receiver and a world around it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.db import Database
from tests.conftest import Fleet
from tests.core.webhooks.receiver import Receiver, receiving
from tests.core.webhooks.world import World


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def world(database: Database, receiver: Receiver, fleet: Fleet) -> Iterator[World]:
    made = World(database, receiver, fleet)
    yield made
    made.close()
