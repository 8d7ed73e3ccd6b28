"""Photos and documents that come along with a form of the event log."""

from __future__ import annotations

from flask import request

from core.errors import Invalid
from core.events.service import Upload
from core.files.rules import MOST_BYTES


def read_uploads(field: str) -> list[Upload]:
    """The files of a form, none of which is more than the store takes. Raises Invalid beside the field."""
    found = []
    for sent in request.files.getlist(field):
        if not sent.filename:
            continue
        content = sent.stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            told = f"{sent.filename[:60]} is larger than {MOST_BYTES // 1024**2} MB. Send a smaller photo."
            raise Invalid("The file was not taken.", fields={field: told})
        found.append(Upload(sent.filename, content))
    return found
