"""Every read about people and API clients."""

from __future__ import annotations

from core.identity.models import TicketKind
from core.identity.queries.clients import Client, find_client, list_clients
from core.identity.queries.factors import Factors, PasskeyRecord, TotpSetup, find_factors, get_factors, get_totp_setup
from core.identity.queries.letters import TicketHolder, find_ticket_holder, list_letters
from core.identity.queries.people import get_user, has_users, list_grants, list_users
from core.identity.queries.sessions import SignedIn, find_signed_in, list_sessions

__all__ = [
    "Client",
    "Factors",
    "PasskeyRecord",
    "SignedIn",
    "TicketHolder",
    "TicketKind",
    "TotpSetup",
    "find_client",
    "find_factors",
    "find_signed_in",
    "find_ticket_holder",
    "get_factors",
    "get_totp_setup",
    "get_user",
    "has_users",
    "list_clients",
    "list_grants",
    "list_letters",
    "list_sessions",
    "list_users",
]
