"""Every read about people and API clients."""

from __future__ import annotations

from core.identity.queries.clients import Client, find_client, list_clients
from core.identity.queries.factors import Factors, PasskeyRecord, TotpSetup, find_factors, get_factors, get_totp_setup
from core.identity.queries.people import has_users, list_users
from core.identity.queries.sessions import SignedIn, find_signed_in, list_sessions

__all__ = [
    "Client",
    "Factors",
    "PasskeyRecord",
    "SignedIn",
    "TotpSetup",
    "find_client",
    "find_factors",
    "find_signed_in",
    "get_factors",
    "get_totp_setup",
    "has_users",
    "list_clients",
    "list_sessions",
    "list_users",
]
