"""AES-256-GCM under the product's own secret, a file that only its owner may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.config import Config
from core.errors import ConfigurationError


def load_secret(config: Config) -> bytes:
    """The product's secret: `ERP_SECRET_KEY` (64 hex digits) or the file `secret.key` in its home, made once."""
    text = config.secret_key or _file_secret(config.home)
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise ConfigurationError("ERP_SECRET_KEY (or secret.key in ERP_HOME) must be 64 hexadecimal digits.")
    return secret


def derive(secret: bytes, purpose: str) -> bytes:
    """A 256-bit key for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def seal(key: bytes, plain: bytes, *, about: str) -> bytes:
    """Nonce and ciphertext; `about` is bound to it, so a sealed value cannot be moved to another record."""
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def unseal(key: bytes, sealed: bytes, *, about: str) -> bytes:
    """What `seal` sealed. Raises cryptography's InvalidTag when key, text or `about` differ."""
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], about.encode())


def _file_secret(home: Path) -> str:
    path = home / "secret.key"
    home.mkdir(parents=True, exist_ok=True)
    try:
        # Exclusive creation: of several processes starting at once, one writes and the others read.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text().strip()
