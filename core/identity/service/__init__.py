"""Every write about people and API clients."""

from __future__ import annotations

from core.identity.service.clients import NewClient, create_client
from core.identity.service.external import (
    ExternalAccount,
    confirm_externally,
    sign_in_externally,
    unlink_external_login,
)
from core.identity.service.keys import rotate_signing_key
from core.identity.service.people import create_user
from core.identity.service.sessions import (
    drop_old_sessions,
    end_own_other_sessions,
    end_own_session,
    end_session,
    note_seen,
    start_session,
)
from core.identity.service.sign_in import sign_in
from core.identity.service.throttles import count_attempt, drop_old_counts

__all__ = [
    "ExternalAccount",
    "NewClient",
    "confirm_externally",
    "count_attempt",
    "create_client",
    "create_user",
    "drop_old_counts",
    "drop_old_sessions",
    "end_own_other_sessions",
    "end_own_session",
    "end_session",
    "note_seen",
    "rotate_signing_key",
    "sign_in",
    "sign_in_externally",
    "start_session",
    "unlink_external_login",
]
