"""How values are shown: times in the viewer's zone, numbers with their units, always with their age."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask
from flask_login import current_user

from portals.agents import device
from portals.doors import at

NOTHING = "–"
SOURCES = {"http": "API", "wialon_ips": "Wialon IPS", "osmand": "OsmAnd"}


def when(moment: datetime | None) -> str:
    """A moment in the viewer's zone, to the second: 23 Nov 2026, 14:05:09."""
    return NOTHING if moment is None else f"{moment.astimezone(zone()):%-d %b %Y, %H:%M:%S}"


def describe_span(starts_at: datetime, ends_at: datetime | None, time_zone: str) -> str:
    """From when until when by the clock of a park: Tue 24 Nov 08:00 to 16:00."""
    zone = ZoneInfo(time_zone)
    start = starts_at.astimezone(zone)
    if ends_at is None:
        return f"from {start:%a %-d %b %H:%M}, until further notice"
    end = ends_at.astimezone(zone)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %-d %b %H:%M}"
    return f"{start:%a %-d %b %H:%M} to {last}"


def moment(text: str) -> datetime:
    """A moment out of a record in which it stands as text."""
    return datetime.fromisoformat(text)


def age(moment: datetime | None) -> str:
    """How long ago, in the largest unit that says something: 12 s, 5 min, 3 h, 2 days."""
    if moment is None:
        return "never"
    seconds = max((at() - moment).total_seconds(), 0)
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min ago"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} h ago"
    return f"{seconds / 86_400:.0f} days ago"


def number(value: float | None, unit: str = "", digits: int = 0) -> str:
    """A number with thousands set apart and its unit: 12 345 km."""
    if value is None:
        return NOTHING
    text = f"{value:,.{digits}f}".replace(",", "\u202f")
    return f"{text}\u00a0{unit}" if unit else text


def kilometres(metres: float | None) -> str:
    """Metres as kilometres."""
    return number(None if metres is None else metres / 1000, "km")


def size(count: float | None) -> str:
    """Bytes in the largest unit that leaves a whole number before the point: 812 MB."""
    if count is None:
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return number(count, unit, 0 if unit in {"B", "kB"} or count >= 100 else 1)
        count /= 1000
    return number(count, "TB", 1)


def words(code: str | None) -> str:
    """A code as words: in_repair is In repair."""
    return NOTHING if not code else code.replace("_", " ").capitalize()


def source(code: str | None) -> str:
    """How points came in, by the name its makers use; a new one as words."""
    return SOURCES.get(code or "", words(code))


def install(app: Flask) -> None:
    """Make them known to the templates."""
    for show in (when, moment, age, number, kilometres, size, words, source, device):
        app.jinja_env.filters[show.__name__] = show


def zone() -> ZoneInfo:
    """The zone of whoever looks; UTC of who is not known."""
    name = current_user.time_zone if current_user.is_authenticated else "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
