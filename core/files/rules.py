"""Pure decisions about files: what one is by its first bytes, and whether it is taken."""

from __future__ import annotations

MOST_BYTES = 15 * 1024 * 1024
_NAME_LENGTH = 120

# What is taken: media type -> how it may be named.
TAKEN: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif"),
    "application/pdf": ("pdf",),
}
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})


def find_media_type(content: bytes) -> str | None:
    """What the content is by its signature, or None for what is not taken.

    Sources: ISO/IEC 10918-1 (JPEG), ISO/IEC 15948 (PNG), RFC 9649 (WebP), ISO/IEC 14496-12 and 23008-12 (HEIF),
    ISO 32000-1 (PDF: the header stands within the first 1,024 bytes).
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return "image/heic"
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    return None


def find_problem(content: bytes) -> str | None:
    """Why the content is not taken, in words for whoever sent it; None when it is."""
    if not content:
        return "The file is empty. Choose it again, or take the photo again."
    if len(content) > MOST_BYTES:
        size = f"{len(content) / 1024 / 1024:.0f} MB"
        return f"The file has {size}; at most {MOST_BYTES // 1024 // 1024} MB are taken. Take a smaller photo."
    if find_media_type(content) is None:
        return "This is no photo (JPEG, PNG, WebP, HEIC) and no PDF. Take a photo of the document instead."
    return None


def safe_name(name: str, media_type: str) -> str:
    """The name under which the file is given out again: no folders, no control characters, the true extension."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c for c in bare if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, ending = clean.rpartition(".")
    endings = TAKEN[media_type]
    if not dot or ending.lower() not in endings:
        stem = clean
        ending = endings[0]
    return f"{stem[:_NAME_LENGTH] or 'file'}.{ending.lower()}"
