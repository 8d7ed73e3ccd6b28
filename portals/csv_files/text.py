"""The text of a file whose encoding nobody has told: the byte order mark, then UTF-8, then what Windows writes.

UTF-16 without its mark is known by every second byte being nothing. What is no valid UTF-8 is Windows-1252, which
Excel writes as plain “CSV” in western languages; five of its bytes stand for nothing (WHATWG Encoding, windows-1252,
maps them to control characters), and whoever has those has another kind of file.
"""

from __future__ import annotations

from contextlib import suppress

from core.errors import Invalid

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}
# How files begin that are often taken for CSV.
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
)
_SAMPLE = 2_000
_SAVE_AS = "In your spreadsheet choose “Save as” and “CSV UTF-8”, and take that file."


def decode(content: bytes) -> tuple[str, str]:
    """The text of `content` and the name of its encoding. Raises Invalid beside the field `file`."""
    for beginning, what in _OTHERS:
        if content.startswith(beginning):
            raise _refusal(f"This is {what}, not a CSV file. {_SAVE_AS}")
    marked = next(((mark, codec) for mark, codec in _MARKS if content.startswith(mark)), None)
    if marked is not None:
        mark, codec = marked
        return _decoded(content[len(mark) :], codec), NAMES[codec]
    for guess in (_guessed_utf16(content), "utf-8"):
        with suppress(UnicodeDecodeError):
            if guess is not None:
                return _without_nothing(content.decode(guess)), NAMES[guess]
    return _decoded(content, "cp1252"), NAMES["cp1252"]


def _decoded(content: bytes, codec: str) -> str:
    try:
        return _without_nothing(content.decode(codec))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal(f"Line {line} is not text in {NAMES[codec]}. {_SAVE_AS}") from None


def _guessed_utf16(content: bytes) -> str | None:
    sample = content[:_SAMPLE]
    if len(sample) < 4:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < len(sample) / 5:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _without_nothing(text: str) -> str:
    """The text, in which no NUL may stand: no text has one, and none can be stored."""
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise _refusal(f"Line {line} holds characters that are no text. {_SAVE_AS}")
    return text


def _refusal(words: str) -> Invalid:
    return Invalid("The file cannot be read.", fields={"file": words})
