"""Every write about people and API clients."""

from __future__ import annotations

from core.identity.service.authorizations import Asked, authorize_app, give_consent, withdraw_app
from core.identity.service.clients import (
    NewClient,
    change_client,
    close_client,
    create_client,
    reopen_client,
    rotate_client_secret,
    use_client,
)
from core.identity.service.codes import TakenCode, take_code
from core.identity.service.families import Family
from core.identity.service.keys import rotate_signing_key
from core.identity.service.people import create_user
from core.identity.service.refresh_tokens import give_refresh_token, hold_refresh_token, use_refresh_token
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
from core.identity.service.token_revocation import revoke_access_token, revoke_refresh_token
from core.identity.service.upkeep import clear_finished

__all__ = [
    "Asked",
    "Family",
    "NewClient",
    "TakenCode",
    "authorize_app",
    "change_client",
    "clear_finished",
    "close_client",
    "count_attempt",
    "create_client",
    "create_user",
    "drop_old_counts",
    "drop_old_sessions",
    "end_own_other_sessions",
    "end_own_session",
    "end_session",
    "give_consent",
    "give_refresh_token",
    "hold_refresh_token",
    "note_seen",
    "reopen_client",
    "revoke_access_token",
    "revoke_refresh_token",
    "rotate_client_secret",
    "rotate_signing_key",
    "sign_in",
    "start_session",
    "take_code",
    "use_client",
    "use_refresh_token",
    "withdraw_app",
]
