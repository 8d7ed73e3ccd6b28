"""PKCE for every app, public or not, by S256 alone (RFC 7636; RFC 9700 section 2.1.1)."""

from __future__ import annotations

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge

from portals.oauth.grants import AuthorizationCode, Taken


class S256Only(CodeChallenge):  # type: ignore[misc]
    """`plain` shows its secret to whoever sees the first request; a challenge that is left out protects nobody."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCode, redirect_uri: str) -> None:
        """Raise invalid_request unless there is a challenge by S256."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send code_challenge, with code_challenge_method=S256 (RFC 7636).")
        super().validate_code_challenge(grant, redirect_uri)

    def get_authorization_code_challenge(self, authorization_code: Taken) -> str:
        """The challenge that came with the request for this code."""
        return authorization_code.code.challenge

    def get_authorization_code_challenge_method(self, authorization_code: Taken) -> str:
        """The one there is."""
        return "S256"
