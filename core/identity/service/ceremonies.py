"""The two ceremonies of WebAuthn (Web Authentication, Level 3, section 7): registering a passkey, and proving one.

Nothing here reads or writes: what is asked of a browser, and whether its answer is good.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

CHALLENGE_GOOD_FOR = timedelta(minutes=5)
# The browser's own dialogue closes after it; a person with a phone in another room needs some time.
DIALOGUE_MS = 180_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks for a passkey: the host and the origin people open. A passkey is good for that host alone."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser must sign, and since when it may."""

    value: bytes
    given_at: datetime

    def is_good(self, at: datetime) -> bool:
        """Whether it is not too old."""
        return self.given_at <= at <= self.given_at + CHALLENGE_GOOD_FOR


@dataclass(frozen=True, slots=True)
class Offer:
    """What the browser is asked (JSON for `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`)."""

    options_json: str
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What the browser answered (JSON of the credential), to which challenge, at whose address."""

    text: str = field(repr=False)
    challenge: Challenge
    party: RelyingParty


class Known(Protocol):
    """A passkey that somebody has already."""

    @property
    def credential_id(self) -> bytes:
        """Its name, given by the device."""

    @property
    def transports(self) -> Sequence[str]:
        """How the device is reached."""


def offer_registration(
    *, at: datetime, party: RelyingParty, handle: uuid.UUID, email: str, name: str, known: Sequence[Known]
) -> Offer:
    """Ask for a new passkey of a person: one that the device finds by itself and that verifies who holds it."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name="Equinomix",
        user_id=handle.bytes,
        user_name=email,
        user_display_name=name,
        timeout=DIALOGUE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_describe(passkey) for passkey in known],
    )
    return Offer(options_to_json(options), Challenge(options.challenge, at))


def offer_authentication(*, at: datetime, party: RelyingParty, known: Sequence[Known] = ()) -> Offer:
    """Ask for a passkey: one of `known`, or, when nobody is known yet, whichever the device has for this address."""
    options = generate_authentication_options(
        rp_id=party.id,
        timeout=DIALOGUE_MS,
        allow_credentials=[_describe(passkey) for passkey in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Offer(options_to_json(options), Challenge(options.challenge, at))


def read_registration(answer: PasskeyAnswer) -> tuple[RegistrationCredential, VerifiedRegistration] | None:
    """A new passkey out of a browser's answer, or None when the answer is not good."""

    def verify() -> tuple[RegistrationCredential, VerifiedRegistration]:
        credential = parse_registration_credential_json(answer.text)
        return credential, verify_registration_response(
            credential=credential,
            expected_challenge=answer.challenge.value,
            expected_rp_id=answer.party.id,
            expected_origin=answer.party.origin,
            require_user_verification=True,
        )

    return _attempt(verify)


def read_credential(text: str) -> AuthenticationCredential | None:
    """A browser's answer as it says of itself, not verified yet; None when it is none."""
    return _attempt(lambda: parse_authentication_credential_json(text))


def verify_passkey(
    credential: AuthenticationCredential, *, answer: PasskeyAnswer, public_key: bytes
) -> VerifiedAuthentication | None:
    """The answer verified with the passkey's public half, or None. The counter is for the caller to compare, who can
    say what it means when it went backwards.
    """

    def verify() -> VerifiedAuthentication:
        return verify_authentication_response(
            credential=credential,
            expected_challenge=answer.challenge.value,
            expected_rp_id=answer.party.id,
            expected_origin=answer.party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )

    return _attempt(verify)


def _attempt(verify: Callable[[], T]) -> T | None:
    """What `verify` returns; None for an answer that is not good.

    The answer is whatever somebody posted. The library says so in its own exceptions, and lets those of the parsers
    below it through (CBOR, ASN.1, keys), which have no common base but Exception.
    """
    try:
        return verify()
    except Exception:
        return None


def _describe(passkey: Known) -> PublicKeyCredentialDescriptor:
    ways = {way.value for way in AuthenticatorTransport}
    transports = [AuthenticatorTransport(way) for way in passkey.transports if way in ways]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)
