"""GPX 1.1 (https://www.topografix.com/GPX/1/1/), which maps and navigators read.

GPX 1.1 has no place for speed and course; they stand in Garmin's TrackPointExtension v2
(https://www8.garmin.com/xmlschemas/TrackPointExtensionv2.xsd), speed in metres per second. Where nothing was reported
for some minutes a new segment begins, so that no program draws a straight line across. Points without a place are left
out: GPX cannot say them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from core.telemetry import queries
from core.telemetry.rules.simplify import GAP_S
from portals.telemetry_files.pieces import Source
from portals.telemetry_files.sheets import utc

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Equinomix ERP" xmlns="http://www.topografix.com/GPX/1/1" \
xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">
<metadata><name>{name}</name><time>{time}</time></metadata>
<trk><name>{name}</name><trkseg>
"""
_TAIL = "</trkseg></trk>\n</gpx>\n"
_BREAK = "</trkseg><trkseg>\n"
_GAP = timedelta(seconds=GAP_S)
_TS, _LAT, _LON, _ALTITUDE, _SPEED, _COURSE, _SATELLITES, _HDOP = (
    queries.POINT_COLUMNS.index(name)
    for name in ("ts", "lat", "lon", "altitude_m", "speed_kmh", "course_deg", "satellites", "hdop")
)


def write_gpx(source: Source) -> Iterator[str]:
    """The way of a vehicle over a range."""
    yield _HEAD.format(name=escape(_legible(source.subject.name)), time=utc(source.range.since))
    last: datetime | None = None
    for rows in source.points():
        written = []
        for row in rows:
            if row[_LAT] is None or row[_LON] is None:
                continue
            if last is not None and row[_TS] - last > _GAP:
                written.append(_BREAK)
            written.append(_point(row))
            last = row[_TS]
        yield "".join(written)
    yield _TAIL


def _point(row: tuple[Any, ...]) -> str:
    said = [f'<trkpt lat="{row[_LAT]}" lon="{row[_LON]}">']
    if row[_ALTITUDE] is not None:
        said.append(f"<ele>{row[_ALTITUDE]}</ele>")
    said.append(f"<time>{utc(row[_TS])}</time>")
    if row[_SATELLITES] is not None:
        said.append(f"<sat>{row[_SATELLITES]}</sat>")
    if row[_HDOP] is not None:
        said.append(f"<hdop>{row[_HDOP]}</hdop>")
    said.append(_extension(row[_SPEED], row[_COURSE]))
    said.append("</trkpt>\n")
    return "".join(said)


def _extension(speed_kmh: float | None, course_deg: float | None) -> str:
    if speed_kmh is None and course_deg is None:
        return ""
    speed = "" if speed_kmh is None else f"<gpxtpx:speed>{speed_kmh / 3.6:.3f}</gpxtpx:speed>"
    course = "" if course_deg is None else f"<gpxtpx:course>{course_deg}</gpxtpx:course>"
    return f"<extensions><gpxtpx:TrackPointExtension>{speed}{course}</gpxtpx:TrackPointExtension></extensions>"


def _legible(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(letter for letter in text if letter.isprintable())
