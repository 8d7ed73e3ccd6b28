"""A fleet for tests that only look: one for all of a file, since nobody changes it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import psycopg
import pytest

from core.db import Database
from tests.conftest import WITH_FLEET

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def looked_at(postgres_dsn: str) -> Iterator[Database]:
    """A database with the fleet of `fleet`, in which nothing is written."""
    name = f"erp_test_looked_at_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {WITH_FLEET} STRATEGY FILE_COPY")
        opened = Database(f"{postgres_dsn.rpartition('/')[0]}/{name}")
        yield opened
        opened.close()
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
