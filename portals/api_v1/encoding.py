"""Answers made smaller on their way (RFC 9110 section 12.5.3): what is read by GET from the API, and static text.

Never a page: it holds secrets of the person (tokens against forged forms) beside what an attacker may have put into its
address, and its length would tell them apart (BREACH, https://www.breachattack.com/). Answers to unsafe methods are
left alone for the same reason: those are where secrets are shown once. What is written while it is sent is compressed
while it is sent.
"""

from __future__ import annotations

from flask import Response, request
from flask_compress import Compress

from portals.doors import ErpApp, erp

# In the order in which they are preferred where the client does not care: measured in docs/subsystems/api-manners.md.
CODINGS = ("zstd", "br", "gzip")
SMALL_BYTES = 1000
_TYPES = frozenset(
    {
        "application/geo+json",
        "application/gpx+xml",
        "application/javascript",
        "application/json",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/javascript",
    }
)


def install(app: ErpApp) -> None:
    """Compress what may be compressed, for clients that take it."""
    app.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_MIMETYPES=sorted(_TYPES),
        COMPRESS_ALGORITHM=CODINGS,
        COMPRESS_ALGORITHM_STREAMING=CODINGS,
        COMPRESS_MIN_SIZE=0,  # decided here, for a client may refuse what is plain
        COMPRESS_BR_LEVEL=4,
        COMPRESS_ZSTD_LEVEL=3,
        COMPRESS_LEVEL=5,
    )
    app.extensions["compress"] = Compress(app)
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if request.blueprint != "api_v1" and request.endpoint != "static":
        return response
    if request.method not in {"GET", "HEAD"} or response.status_code not in {200, 304}:
        return response
    response.headers.add("Vary", "Accept-Encoding")
    wishes = "Accept-Encoding" in request.headers
    if not wishes or response.status_code == 304 or response.mimetype not in _TYPES:
        return response
    coding = _choose(response)
    if coding is None:
        return response
    # Flask-Compress chooses once more, and would take "gzip;q=0" for a wish: it is asked for the chosen one alone.
    request.environ["HTTP_ACCEPT_ENCODING"] = coding
    compressed: Response = erp().extensions["compress"].after_request(response)
    return compressed


def _choose(response: Response) -> str | None:
    """The coding that the client likes best, ours first among those it likes alike; None for none at all.

    What is small is left plain, unless that is what the client refuses.
    """
    liked = request.accept_encodings
    best = max(CODINGS, key=liked.quality)
    plain = liked.quality("identity") if liked.find("identity") >= 0 else None
    if liked.quality(best) == 0 or (plain is not None and plain > liked.quality(best)):
        return None
    is_small = not response.is_streamed and (response.content_length or 0) < SMALL_BYTES
    return None if is_small and plain != 0 else best
