"""A device with passkeys, in software: what a browser would answer (Web Authentication, Level 3, sections 6 and 7)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One passkey. What it answers can be bent: where it is, whether it knows who holds it, how often it was used."""

    origin: str
    host: str
    handle: bytes = b""
    counter: int = 0
    is_verified: bool = True
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def register(self, options_json: str) -> str:
        """A new passkey, as `navigator.credentials.create` answers."""
        options = json.loads(options_json)
        self.handle = _bytes(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        named = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + public
        attested = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + named}
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", options["challenge"]),
            attestationObject=encode_cbor(attested),
        )

    def prove(self, options_json: str) -> str:
        """The passkey, as `navigator.credentials.get` answers."""
        self.counter += 1
        client_data = self._client_data("webauthn.get", json.loads(options_json)["challenge"])
        data = self._data(0)
        signed = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=client_data, authenticatorData=data, signature=signed, userHandle=self.handle
        )

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.is_verified else 0)
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        name = bytes_to_base64url(self.credential_id)
        answer: dict[str, Any] = {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}
        answer["response"] = {part: bytes_to_base64url(value) for part, value in response.items()}
        return json.dumps(answer)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
