"""Who signs the audit log of this installation, and where its signed states are kept beside the database."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from core.config import Config
from core.identity import sealing
from core.notes import Checkpoint, Signer, open_checkpoint

# One signed state is some 200 bytes; the last one is looked for in so many at the end of the file.
TAIL = 8192
BETWEEN = "\n\n"
END = b"\n\n\n"


def make_signer(config: Config) -> Signer:
    """The signer of this installation: its key is derived from the product's secret, and stands in no table."""
    return Signer(sealing.derive(sealing.load_secret(config), "audit log 1"))


def witness_file(config: Config) -> Path:
    """Where the signed states are appended, one after another, to be copied elsewhere."""
    return config.home / "witness" / "checkpoints.txt"


def read_witness(path: Path, signer: Signer) -> dict[int, str]:
    """The signed states in the witness file, by size."""
    return _open(path.read_text(errors="replace"), signer) if path.exists() else {}


def find_witnessed(path: Path, signer: Signer) -> Checkpoint | None:
    """The last signed state in the witness file; only its end is read."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        notes = _open(file.read().decode(errors="replace"), signer)
    return open_checkpoint(notes[max(notes)], signer.verifier_key) if notes else None


def append_witness(path: Path, notes: Iterable[str]) -> None:
    """Append signed states; they are on the disk when this returns. Nothing that stands there is ever taken away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(END)))
        # What a crash left half written stays, as a part of its own that nobody reads.
        start = "" if file.read() in {b"", END} else END.decode()
        file.write((start + "".join(note + BETWEEN for note in notes)).encode())
        file.flush()
        os.fsync(file.fileno())


def _open(text: str, signer: Signer) -> dict[int, str]:
    found = {}
    for part in text.split(END.decode()):
        note = part.strip("\n") + "\n"
        checkpoint = open_checkpoint(note, signer.verifier_key)
        if checkpoint is not None:
            found[checkpoint.size] = note
    return found
