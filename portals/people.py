"""The names of people, in place of the pseudonyms under which records keep who did what."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Flask, g

from core.identity import queries
from portals.doors import actor, read

_PSEUDONYM = re.compile(r"\buser:([0-9]{1,18})\b")


def with_names(text: str, names: Mapping[int, str]) -> str:
    """The text with each pseudonym replaced by the name of that person, where it is among these."""
    return _PSEUDONYM.sub(lambda found: names.get(int(found[1]), f"person {found[1]}"), text)


def who(text: str | None) -> str | None:
    """The text with each pseudonym replaced by the name of that person, as far as the viewer may know it.

    Names are read once in a request, and only by a page that shows somebody.
    """
    if text is None or _PSEUDONYM.search(text) is None:
        return text
    if "names" not in g:
        g.names = queries.name_people(read(), viewer=actor())
    return with_names(text, g.names)


def install(app: Flask) -> None:
    """Make it known to the templates."""
    app.jinja_env.filters["who"] = who
