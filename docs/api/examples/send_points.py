"""Send what a file of JSON lines says: one point a line, as `{"device_uid": "…", "ts": "…", "lat": …, "lon": …}`.

    python send_points.py points.jsonl

Run it again whenever you like: what is there already is a duplicate, and nothing more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from fleet_client import Fleet, NewPoint


def read(path: Path) -> Iterator[NewPoint]:
    """The points of a file, one at a time, however long it is."""
    with path.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield msgspec.json.decode(line, type=NewPoint)


def main(path: Path) -> int:
    """Send them all; the exit status is 1 when one was refused."""
    with Fleet.from_environment() as fleet:
        report = fleet.send_points(read(path))
    print(f"{report.received} sent: {report.stored} stored, {report.duplicates} known before.")
    for refused in report.refused:
        print(f"  line {refused.index + 1} was refused ({refused.rule}): {refused.detail}")
    return 1 if report.refused else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
