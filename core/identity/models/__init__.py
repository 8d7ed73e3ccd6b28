"""Tables of people, their ways in, and the programs that act for them."""

from __future__ import annotations

from core.identity.models.clients import ApiClient, ClientKind, SigningKey
from core.identity.models.factors import Passkey, RecoveryCode, Totp
from core.identity.models.letters import Letter, ResetRequest, Ticket, TicketKind
from core.identity.models.oauth import (
    Authorization,
    AuthorizationCode,
    Consent,
    RefreshToken,
    Revocation,
    RevokedKind,
)
from core.identity.models.people import User, UserGrant, UserPark, UserRole
from core.identity.models.sessions import ExternalLogin, LoginSession, Throttle
from core.identity.models.views import SavedView

__all__ = [
    "ApiClient",
    "Authorization",
    "AuthorizationCode",
    "ClientKind",
    "Consent",
    "ExternalLogin",
    "Letter",
    "LoginSession",
    "Passkey",
    "RecoveryCode",
    "RefreshToken",
    "ResetRequest",
    "Revocation",
    "RevokedKind",
    "SavedView",
    "SigningKey",
    "Throttle",
    "Ticket",
    "TicketKind",
    "Totp",
    "User",
    "UserGrant",
    "UserPark",
    "UserRole",
]
