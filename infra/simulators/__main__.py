"""`python -m infra.simulators`."""

from __future__ import annotations

import asyncio
import logging
import sys

from infra.simulators.program import run
from infra.simulators.settings import from_environment


def main() -> None:
    """Run the simulators; a wrong setting or a taken port ends them with one line that says so."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s simulators  %(message)s")
    try:
        asyncio.run(run(from_environment()))
    except (ValueError, OSError) as error:
        sys.exit(f"The simulators cannot start: {error}")


if __name__ == "__main__":
    main()
