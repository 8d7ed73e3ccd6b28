"""Who signs the audit log of this installation, and where its signed states are kept beside the database."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from core import sealing
from core.config import Config
from core.notes import Checkpoint, Signer, open_checkpoint

# One signed state is some 200 bytes; the last one is looked for in so many at the end of the file.
TAIL = 8192
BETWEEN = "\n\n"
END = b"\n\n\n"


def make_signer(config: Config) -> Signer:
    """The signer of this installation: its key is derived from the product's secret, and stands in no table.

    Another secret is another key; those that signed before are known from the file that `keep_key` keeps.
    """
    keys = _keys_file(witness_file(config))
    retired = keys.read_text().splitlines() if keys.exists() else []
    return Signer(sealing.derive(sealing.load_secret(config), "audit log 1"), retired=retired)


def witness_file(config: Config) -> Path:
    """Where the signed states are appended, one after another, to be copied elsewhere."""
    return config.home / "witness" / "checkpoints.txt"


def keep_key(witness: Path, signer: Signer) -> None:
    """Keep the public key beside the witness file, for the day on which another one signs."""
    path = _keys_file(witness)
    if path.exists() and signer.verifier_key in path.read_text().splitlines():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{signer.verifier_key}\n")
        file.flush()
        os.fsync(file.fileno())


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
    return open_checkpoint(notes[max(notes)], signer.verifier_keys) if notes else None


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


def _keys_file(witness: Path) -> Path:
    return witness.with_name("keys.txt")


def _open(text: str, signer: Signer) -> dict[int, str]:
    found = {}
    for part in text.split(END.decode()):
        note = part.strip("\n") + "\n"
        checkpoint = open_checkpoint(note, signer.verifier_keys)
        if checkpoint is not None:
            found[checkpoint.size] = note
    return found
