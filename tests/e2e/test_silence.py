"""A device that says half a word and then nothing."""

from __future__ import annotations

import time

import pytest

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

LOGIN_WITHIN_S = 30.0


class TestHalfALogin:
    def test_is_hung_up_on(self, half_a_login):
        tracker, since = half_a_login

        assert tracker.is_hung_up_on(within_s=max(1.0, LOGIN_WITHIN_S + 10 - (time.monotonic() - since)))
