"""An operator's browser and a worker's hands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from core.db import Database
from tests.portals.operator.worker import Worker


@pytest.fixture
def operator(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """The browser of an operator who may immobilize."""
    return sign_in("operator")


@pytest.fixture
def dispatcher(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """The browser of an operator who may not."""
    return sign_in("dispatcher")


@pytest.fixture
def worker(database: Database) -> Worker:
    """A worker that takes one step when it is told."""
    return Worker(database)
