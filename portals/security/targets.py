"""Where a person is sent on to, as a link or a form says it: never to another site (CWE-601)."""

from __future__ import annotations

import re

# Browsers drop tabs and line ends from addresses and read \ as /, so none of them may be there. Two slashes at the
# beginning would be followed by a host (WHATWG URL, section 4.4).
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def own_path(target: str) -> str | None:
    """`target` if it is a path of ours, with its query; else None."""
    return target if _PATH.fullmatch(target) else None
