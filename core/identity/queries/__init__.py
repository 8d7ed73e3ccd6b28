"""Every read about people and API clients."""

from __future__ import annotations

from core.identity.models import TicketKind
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
from core.identity.queries.letters import TicketHolder, find_ticket_holder, list_letters
from core.identity.queries.people import (
    get_user,
    has_users,
    list_grants,
    list_holders,
    list_users,
    name_people,
    name_users,
)
from core.identity.queries.sessions import SignedIn, find_signed_in, list_sessions
from core.identity.queries.views import ViewRecord, list_saved_views

__all__ = [
    "Client",
    "Factors",
    "LivingToken",
    "PasskeyRecord",
    "Person",
    "SignedIn",
    "TicketHolder",
    "TicketKind",
    "TotpSetup",
    "ViewRecord",
    "find_client",
    "find_consent",
    "find_factors",
    "find_person",
    "find_refresh_token",
    "find_signed_in",
    "find_ticket_holder",
    "get_client",
    "get_factors",
    "get_totp_setup",
    "get_user",
    "has_users",
    "list_clients",
    "list_external_logins",
    "list_grants",
    "list_holders",
    "list_letters",
    "list_own_apps",
    "list_saved_views",
    "list_sessions",
    "list_users",
    "name_people",
    "name_users",
]
