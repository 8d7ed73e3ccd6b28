"""What a browser calls itself, in words for the list of sessions. A courtesy to people: nothing is decided by it."""

from __future__ import annotations

import re

# The first that is found counts: every browser also names those it wants to be taken for.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"(?:Headless)?Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Version/[\d.]+ .*Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux|X11"),
)


def device(agent: str) -> str:
    """`agent` (a User-Agent header, RFC 9110 section 10.1.5) in words: Firefox on Windows."""
    browser, system = _first(_BROWSERS, agent), _first(_SYSTEMS, agent)
    if browser is None and system is None:
        return f"A program: {agent[:60]}" if agent else "A browser that does not say what it is"
    return f"{browser or 'A browser'} on {system}" if system else str(browser)


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for name, sign in names if re.search(sign, agent)), None)
