"""Every write about people and API clients."""

from __future__ import annotations

from core.identity.service.accounts import (
    close_user,
    end_session_of,
    end_sessions_of,
    invite_again,
    reopen_user,
    send_reset,
)
from core.identity.service.authorization_codes import TakenCode, take_code
from core.identity.service.authorizations import Asked, authorize_app, give_consent, withdraw_app
from core.identity.service.ceremonies import (
    Challenge,
    Offer,
    PasskeyAnswer,
    RelyingParty,
    offer_authentication,
    offer_registration,
)
from core.identity.service.clients import (
    NewClient,
    change_client,
    close_client,
    create_client,
    reopen_client,
    rotate_client_secret,
    use_client,
)
from core.identity.service.confirmation import confirm_session, prove_second_factor, sign_in_with_passkey
from core.identity.service.erasure import erase_user
from core.identity.service.external import (
    ExternalAccount,
    confirm_externally,
    sign_in_externally,
    unlink_external_login,
)
from core.identity.service.factors import reset_factors
from core.identity.service.families import Family
from core.identity.service.grants import give_grant, take_grant
from core.identity.service.keys import rotate_signing_key
from core.identity.service.letters import (
    Claimed,
    answer_reset_request,
    drop_old_letters,
    open_mailer,
    send,
    settle_letter,
    take_letter,
)
from core.identity.service.mailing import LetterFate, find_letter_fate, write_letter
from core.identity.service.own import change_own_password, change_own_profile
from core.identity.service.passkeys import add_passkey, remove_passkey, rename_passkey
from core.identity.service.people import Invited, change_user, create_user, invite_driver, invite_user
from core.identity.service.posting import Post, letter_key, open_post
from core.identity.service.proofs import Code, Password, Proof
from core.identity.service.recovery import renew_recovery_codes
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
from core.identity.service.tickets import Redeemed, ask_for_reset, redeem_ticket
from core.identity.service.token_revocation import revoke_access_token, revoke_refresh_token
from core.identity.service.totp import begin_totp, confirm_totp, remove_totp
from core.identity.service.upkeep import clear_finished
from core.identity.service.views import MOST_VIEWS, remove_view, save_view

__all__ = [
    "MOST_VIEWS",
    "Asked",
    "Challenge",
    "Claimed",
    "Code",
    "ExternalAccount",
    "Family",
    "Invited",
    "LetterFate",
    "NewClient",
    "Offer",
    "PasskeyAnswer",
    "Password",
    "Post",
    "Proof",
    "Redeemed",
    "RelyingParty",
    "TakenCode",
    "add_passkey",
    "answer_reset_request",
    "ask_for_reset",
    "authorize_app",
    "begin_totp",
    "change_client",
    "change_own_password",
    "change_own_profile",
    "change_user",
    "clear_finished",
    "close_client",
    "close_user",
    "confirm_externally",
    "confirm_session",
    "confirm_totp",
    "count_attempt",
    "create_client",
    "create_user",
    "drop_old_counts",
    "drop_old_letters",
    "drop_old_sessions",
    "end_own_other_sessions",
    "end_own_session",
    "end_session",
    "end_session_of",
    "end_sessions_of",
    "erase_user",
    "find_letter_fate",
    "give_consent",
    "give_grant",
    "give_refresh_token",
    "hold_refresh_token",
    "invite_again",
    "invite_driver",
    "invite_user",
    "letter_key",
    "note_seen",
    "offer_authentication",
    "offer_registration",
    "open_mailer",
    "open_post",
    "prove_second_factor",
    "redeem_ticket",
    "remove_passkey",
    "remove_totp",
    "remove_view",
    "rename_passkey",
    "renew_recovery_codes",
    "reopen_client",
    "reopen_user",
    "reset_factors",
    "revoke_access_token",
    "revoke_refresh_token",
    "rotate_client_secret",
    "rotate_signing_key",
    "save_view",
    "send",
    "send_reset",
    "settle_letter",
    "sign_in",
    "sign_in_externally",
    "sign_in_with_passkey",
    "start_session",
    "take_code",
    "take_grant",
    "take_letter",
    "unlink_external_login",
    "use_client",
    "use_refresh_token",
    "withdraw_app",
    "write_letter",
]
