"""Giving a stored file to a browser, so that nothing in it can act as a page of ours."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from core.files.queries import StoredFile


def answer_file(stored: StoredFile, *, is_download: bool = False) -> Response:
    """The file, shown in place or saved. Never cached by anybody between: whether it may be seen is asked each time.

    The name by RFC 6266 and RFC 8187. A sandbox without rights, so that a PDF runs no script.
    """
    answer = Response(stored.content, mimetype=stored.media_type)
    how = "attachment" if is_download else "inline"
    answer.headers["Content-Disposition"] = f"{how}; filename*=UTF-8''{quote(stored.name, safe='')}"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
