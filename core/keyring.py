"""The master keys under which the keys of people and vehicles are wrapped, and the key of blind indexes.

They live outside the database, so that a copy of the database alone opens nothing: in `ERP_MASTER_KEYS`, or in
`master.keys` in the product's home, made once and readable by its owner only. A line for each: number, colon,
64 hexadecimal digits. Number 0 is the key of blind indexes and never changes; the highest number wraps new keys.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from core import config
from core.config import Config
from core.errors import ConfigurationError

_SIZE = 32
_FILE = "master.keys"


@dataclass
class Keyring:
    """The master keys of one installation. A number that is not known yet is looked for in the file once more:
    somebody may have rotated.
    """

    settings: Config
    _masters: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def newest(self) -> int:
        """The number of the master key that wraps from now on."""
        return max(self._known())

    @property
    def blind(self) -> bytes:
        """The key of blind indexes."""
        return self.master(0)

    def master(self, number: int) -> bytes:
        """The master key of that number. Raises ConfigurationError where it is missing."""
        key = self._known().get(number) or self._read().get(number)
        if key is None:
            raise ConfigurationError(
                f"Master key {number} is missing. Put it back into {_FILE} in ERP_HOME, or into ERP_MASTER_KEYS."
            )
        return key

    def rotate(self) -> int:
        """Add a master key; returns its number. Raises ConfigurationError where the keys are in the environment."""
        if self.settings.master_keys is not None:
            raise ConfigurationError(
                "The master keys come from ERP_MASTER_KEYS. Add one there, the number one higher, and start again."
            )
        number = max(self._read()) + 1
        self._write({**self._masters, number: secrets.token_bytes(_SIZE)})
        return number

    def retire(self, number: int) -> None:
        """Forget a master key that wraps nothing any more. Raises ConfigurationError as `rotate` does."""
        if self.settings.master_keys is not None:
            raise ConfigurationError(f"Take master key {number} out of ERP_MASTER_KEYS, and start again.")
        self._write({known: key for known, key in self._read().items() if known != number})

    def _known(self) -> Mapping[int, bytes]:
        return self._masters or self._read()

    def _read(self) -> Mapping[int, bytes]:
        with self._lock:
            self._masters = _parse(self.settings.master_keys or _read_file(self.settings.home / _FILE))
            return self._masters

    def _write(self, masters: Mapping[int, bytes]) -> None:
        """Whole or not at all: a half-written file would lock everybody's data away."""
        path = self.settings.home / _FILE
        new = path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(_format(masters))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        self._read()


@cache
def current() -> Keyring:
    """The keyring of this process."""
    return Keyring(config.current())


def draw_keys() -> str:
    """The first two keys of an installation, as they are written down."""
    return _format({number: secrets.token_bytes(_SIZE) for number in (0, 1)})


def _read_file(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place: of several processes starting at once, one makes it and all read the same, whole.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    if not path.exists():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(draw_keys())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


def _format(masters: Mapping[int, bytes]) -> str:
    return "".join(f"{number}:{key.hex()}\n" for number, key in sorted(masters.items()))


def _parse(text: str) -> Mapping[int, bytes]:
    try:
        pairs = [entry.split(":") for entry in text.replace(",", " ").split()]
        masters = {int(number): bytes.fromhex(key) for number, key in pairs}
    except ValueError:
        masters = {}
    if 0 not in masters or len(masters) < 2 or any(len(key) != _SIZE for key in masters.values()):
        raise ConfigurationError(_FORM)
    return masters


_FORM = (
    f"ERP_MASTER_KEYS (or {_FILE} in ERP_HOME) must name key 0 and at least one more, each as number:64 hexadecimal "
    "digits. Put the file of the backup back; without its keys nobody's data can be opened."
)
