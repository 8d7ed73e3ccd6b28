"""Every read about people and API clients."""

from __future__ import annotations

from core.identity.queries.authorizations import (
    LivingToken,
    Person,
    find_consent,
    find_person,
    find_refresh_token,
    list_own_apps,
)
from core.identity.queries.clients import Client, find_client, get_client, list_clients
from core.identity.queries.external import list_external_logins
from core.identity.queries.factors import Factors, PasskeyRecord, TotpSetup, find_factors, get_factors, get_totp_setup
from core.identity.queries.people import has_users, list_users
from core.identity.queries.sessions import SignedIn, find_signed_in, list_sessions

__all__ = [
    "Client",
    "Factors",
    "LivingToken",
    "PasskeyRecord",
    "Person",
    "SignedIn",
    "TotpSetup",
    "find_client",
    "find_consent",
    "find_factors",
    "find_person",
    "find_refresh_token",
    "find_signed_in",
    "get_client",
    "get_factors",
    "get_totp_setup",
    "has_users",
    "list_clients",
    "list_external_logins",
    "list_own_apps",
    "list_sessions",
    "list_users",
]
