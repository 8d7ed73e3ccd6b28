"""Files that people send: taken only when name, declared type and content agree, and no larger than their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from werkzeug.datastructures import FileStorage

from core.errors import Invalid

# What a browser declares when it does not know a name's ending.
_UNDECLARED = {"", "application/octet-stream"}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its name in words, the endings and types it goes by, what its content must look like."""

    words: str
    endings: frozenset[str]
    types: frozenset[str]
    most_bytes: int
    is_like: Callable[[bytes], bool]


def _is_json_object(content: bytes) -> bool:
    """Whether it begins as a JSON object in UTF-8 does; whether it is one is for the parser (RFC 8259)."""
    return content.removeprefix(_BOM).lstrip(b" \t\r\n").startswith(b"{") and b"\0" not in content


GEOJSON = Kind(
    words="a GeoJSON file",
    endings=frozenset({".geojson", ".json"}),
    types=frozenset({"application/geo+json", "application/json", "text/json", "text/plain"}),
    most_bytes=8 * 1024 * 1024,
    is_like=_is_json_object,
)


def read_text(file: FileStorage, kind: Kind, *, field: str) -> str:
    """The text of an uploaded file of `kind`, without its byte order mark. Raises Invalid beside `field`."""
    content = file.stream.read(kind.most_bytes + 1)
    if problem := _problem(file, content, kind):
        raise Invalid("The file was not taken.", fields={field: problem})
    try:
        return content.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        raise Invalid("The file was not taken.", fields={field: "The file is not text in UTF-8."}) from None


def _problem(file: FileStorage, content: bytes, kind: Kind) -> str | None:
    """What speaks against the file, in words."""
    if PurePath(file.filename or "").suffix.lower() not in kind.endings:
        return f"The name of {kind.words} ends in {' or '.join(sorted(kind.endings))}."
    if file.mimetype not in kind.types | _UNDECLARED:
        return f"The file says that it is {file.mimetype[:60]}, not {kind.words}."
    if len(content) > kind.most_bytes:
        return f"The file is larger than {kind.most_bytes // (1024 * 1024)} MB. Send it in several parts."
    if not kind.is_like(content):
        return f"What is in the file is not {kind.words}, whatever its name says."
    return None
