"""Ctrl-C, and the second start."""

from __future__ import annotations

import os

import psutil
import pytest

from tests.e2e.product import is_alive

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

# 15 s is the promise on a quiet machine; tests share theirs with other tests.
SECOND_START_S = 30.0


class TestInterruptedProduct:
    def test_leaves_no_process_and_is_soon_back_with_everything_it_knew(self, product, api):
        intake, vehicles = api.intake(), api.vehicles()
        family = product.family()

        status = product.interrupt()

        assert status == 0
        assert [process for process in family if is_alive(process)] == []
        assert _processes_of(product.home) == []

        product.start()

        assert product.ready_after_s < SECOND_START_S
        assert api.vehicles() == vehicles
        now = api.intake()
        assert all(now[known]["stored_count"] >= counts["stored_count"] for known, counts in intake.items())


def _processes_of(home: os.PathLike[str]) -> list[psutil.Process]:
    """Whoever still works in that home."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if process.pid != os.getpid()
        and is_alive(process)
        and (
            str(home) in " ".join(process.info["cmdline"] or ())
            or (process.info["environ"] or {}).get("ERP_HOME") == str(home)
        )
    ]
