"""Signed notes: text that anybody can check, in the format of checkpoints of transparency logs.

Source: C2SP signed-note and tlog-checkpoint (github.com/C2SP/C2SP). A note is text that ends in a line end, an empty
line, and lines `— name base64(key id + Ed25519 signature of the text)`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The signed text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Signer:
    """Signs notes with one Ed25519 key. The name is made from the key, so that nobody can sign under another's."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()
        self.name = f"equinomix-{hashlib.sha256(self._public).hexdigest()[:12]}"
        self.key_id = _key_id(self.name, self._public)

    @property
    def verifier_key(self) -> str:
        """The public key as one line: `name+key id in hex+base64(type and key)`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self._public).decode()}"

    def sign(self, checkpoint: Checkpoint) -> str:
        """The note."""
        signature = self._key.sign(checkpoint.text.encode())
        return f"{checkpoint.text}\n\u2014 {self.name} {base64.b64encode(self.key_id + signature).decode()}\n"


def open_checkpoint(note: str, verifier_key: str) -> Checkpoint | None:
    """The checkpoint of a note that this key has signed; None when it has not, or it is none."""
    text, found, signatures = note.rpartition("\n\n")
    if not found:
        return None
    text += "\n"
    name, _, rest = verifier_key.partition("+")
    public = base64.b64decode(rest.partition("+")[2])[1:]
    start = f"\u2014 {name} "
    signed = [line.removeprefix(start) for line in signatures.splitlines() if line.startswith(start)]
    if not any(_is_signed(text.encode(), name, public, one) for one in signed):
        return None
    origin, size, root = text.splitlines()[:3]
    return Checkpoint(origin, int(size), base64.b64decode(root)) if origin == name else None


def _is_signed(text: bytes, name: str, public: bytes, signature: str) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text)
    except (InvalidSignature, ValueError):
        return False
    return raw[:4] == _key_id(name, public)


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
