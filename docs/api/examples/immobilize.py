"""Order the immobilization of a vehicle, and wait for the verdict.

    python immobilize.py 7 contract_ended
    python immobilize.py 7 theft --break-glass

A person approves it in the console, unless the glass is broken (theft and police alone). A vehicle that moves is not
locked before it stands. When you stop waiting the order goes on; run this again, and it finds the order that is open.
"""

from __future__ import annotations

import sys

from fleet_client import Conflict, Fleet, Order

WAIT_S = 900.0


def order_lock(fleet: Fleet, vehicle_id: int, reason: str, *, break_glass: bool) -> Order:
    """The order, or the one that is open already."""
    try:
        return fleet.immobilize(vehicle_id, reason, break_glass=break_glass)
    except Conflict as conflict:
        if "job_id" not in conflict.members:
            raise
        return fleet.order(vehicle_id, conflict.members["job_id"])


def main(vehicle_id: int, reason: str, *, break_glass: bool = False, within_s: float = WAIT_S) -> int:
    """Lock it; the exit status is 0 when the vehicle has confirmed that it is locked."""
    with Fleet.from_environment() as fleet:
        order = fleet.wait_for(order_lock(fleet, vehicle_id, reason, break_glass=break_glass), within_s=within_s)
    if not order.is_completed:
        print(f"Not yet: waiting for {order.waiting_for or 'the vehicle'}. The order {order.job_id} goes on.")
        return 2
    print(order.verdict)
    return 0 if order.result == "success" else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], break_glass="--break-glass" in sys.argv))
