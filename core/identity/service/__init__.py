"""Every write about people and API clients."""

from __future__ import annotations

from core.identity.service.clients import NewClient, create_client
from core.identity.service.keys import rotate_signing_key
from core.identity.service.people import create_user
from core.identity.service.sessions import end_session, start_session
from core.identity.service.sign_in import sign_in

__all__ = [
    "NewClient",
    "create_client",
    "create_user",
    "end_session",
    "rotate_signing_key",
    "sign_in",
    "start_session",
]
