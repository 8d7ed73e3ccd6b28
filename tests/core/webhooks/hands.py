"""A worker as a process of its own, to be killed: `python -m tests.core.webhooks.hands DSN HOST:PORT BEGAN SPEED NAME`.

Its time runs from BEGAN, SPEED times as fast as ours, so that what a dead worker held is not waited for long.
"""

from __future__ import annotations

import sys
from datetime import datetime

from core import clock
from core.db import Database
from core.webhooks.delivery import Delivery
from core.webhooks.gateway import HttpSender
from core.webhooks.rules.addresses import Allowed
from tests.core.webhooks.world import KEY


def main(dsn: str, allowed: str, began: str, speed: str, name: str) -> None:
    start = datetime.fromisoformat(began)
    sender = HttpSender(Allowed.parse([allowed]))
    delivery = Delivery(Database(dsn), sender, lambda: start + (clock.now() - start) * float(speed), KEY, name)
    delivery.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
