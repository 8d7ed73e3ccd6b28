"""Run the proofs: all of them, or those named.

make prove        or        .venv/bin/python -m infra.proofs taxis oddities
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from infra.errors import CannotStart
from infra.proofs import oddities, taxis
from infra.proofs.deaths import rounds

# Each prints what it found and returns whether it held.
PROOFS: Mapping[str, Callable[[], bool]] = {
    "taxis": taxis.prove,
    "oddities": oddities.prove,
    "deaths": rounds.prove,
}


def main() -> None:
    """Exit status 1 when a proof does not hold."""
    wanted = sys.argv[1:] or list(PROOFS)
    if unknown := set(wanted) - set(PROOFS):
        sys.exit(f"There is no proof {min(unknown)}; there are {', '.join(PROOFS)}.")
    try:
        failed = [name for name in wanted if not PROOFS[name]()]
    except CannotStart as refusal:
        sys.exit(f"prove: {refusal}")
    if failed:
        sys.exit(f"Did not hold: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
