"""Who is asking: a session of a person, or the bearer token of a machine."""

from __future__ import annotations

from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from flask import Blueprint, Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from core.errors import Forbidden, Unauthenticated
from core.identity import queries, service
from core.identity.queries import Client, SignedIn
from core.identity.tokens import actor_of, list_public_keys
from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, STAFF, Actor
from portals.doors import ErpApp, at, erp, read, write

bp = Blueprint("auth", __name__)

# Where each role is at home, in the order in which a person with several roles is sent.
HOMES = {
    OPERATOR: "operator.board",
    STAFF: "operator.board",
    ADMIN: "admin.health",
    DRIVER: "driver.today",
    INVESTOR: "investor.assets",
}


TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class Session(UserMixin):  # type: ignore[misc]
    """A signed-in person, as Flask-Login and the templates know them."""

    def __init__(self, person: SignedIn) -> None:
        self.person = person
        self.name = person.name
        self.email = person.email
        self.time_zone = person.time_zone
        self.actor = person.actor

    def get_id(self) -> str:
        """What the cookie holds: the account and its session key, so that changing the key ends every session."""
        return f"{self.person.user_id}:{self.person.session_key}"


def load_session(cookie: str) -> Session | None:
    """The person behind a cookie, with their rights as they are now, or None."""
    user_id, _, key = cookie.partition(":")
    if not user_id.isdecimal():
        return None
    person = queries.find_signed_in(read(), user_id=int(user_id))
    return Session(person) if person is not None and person.session_key == key else None


def gate(*roles: str) -> None:
    """Let in who is signed in with one of `roles`; the others are told what to do."""
    if not current_user.is_authenticated:
        raise Unauthenticated("Sign in to open this page.")
    person: Actor = current_user.actor
    if person.roles.isdisjoint(roles):
        raise Forbidden(f"This part is for the role {' or '.join(roles)}. You are signed in as {person.name}.")
    g.actor = person


def bearer() -> None:
    """Let in who shows a good access token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send an access token: Authorization: Bearer …. Get one from POST /oauth/token.")
    g.actor = actor_of(erp().tokens.check(token.strip(), at=at()))


def machine() -> None:
    """Let in an API client that shows an access token or, where a sender can only send fixed headers, its secret."""
    shown = request.authorization
    if shown is None or shown.type != "basic":
        return bearer()
    client = queries.find_client(read(), client_id=(shown.username or "").replace("\0", ""))
    if client is None or not client.check_secret(shown.password or ""):
        raise Unauthenticated("The client id or its secret is wrong. Look them up, or add an API client.")
    g.actor = Actor("client", None, client.name, grants=client.scopes, parks=client.park_ids)
    return None


@bp.get("/")
def home() -> ResponseReturnValue:
    """Send people where they belong."""
    return redirect(_home_url() if current_user.is_authenticated else url_for("auth.show_sign_in"))


@bp.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    if current_user.is_authenticated:
        return redirect(_home_url())
    return render_template("sign_in.html", email="", problem=None, next=request.args.get("next", ""))


@bp.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Sign a person in with e-mail and password."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    result = service.sign_in(write(), at=at(), email=email, password=password)
    if isinstance(result, Unauthenticated):
        page = render_template("sign_in.html", email=email, problem=result.detail, next=request.form.get("next", ""))
        return page, 422
    person = queries.find_signed_in(write().connection(), user_id=result)
    assert person is not None
    login_user(Session(person))
    return redirect(_safe_next(request.form.get("next", "")) or _home_url(person.actor))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("auth.show_sign_in"))


@bp.post("/oauth/token")
def issue_token() -> Response:
    """RFC 6749 section 3.2: an access token for client credentials."""
    server: AuthorizationServer = erp().extensions["oauth"]
    response: Response = server.create_token_response()
    return response


@bp.get("/oauth/jwks.json")
def public_keys() -> Response:
    """RFC 7517: the keys that access tokens are signed with."""
    response = jsonify(keys=list_public_keys(read()))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def install(app: ErpApp) -> None:
    """Give the application its sessions and its token endpoint."""
    manager = LoginManager(app)
    manager.user_loader(load_session)
    manager.session_protection = None  # a phone changes its address; the cookie is signed and bound to a key
    server = AuthorizationServer(app, query_client=_find_client, save_token=_keep_nothing)
    server.register_grant(ClientCredentials)
    server.register_token_generator("default", _generate_token)
    app.extensions["oauth"] = server
    app.register_blueprint(bp)


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials by HTTP Basic or in the form (RFC 6749 section 2.3.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = TOKEN_ENDPOINT_AUTH_METHODS


class OAuthClient(ClientMixin):  # type: ignore[misc]
    """Our API client in the shape Authlib asks for."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """The client's public name."""
        return self.client.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        """Those of the asked scopes that the client may have; asking for none means all of them."""
        asked = set(scope.split()) if scope else set(self.client.scopes)
        return " ".join(sorted(asked & self.client.scopes))

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the secret is right."""
        return self.client.check_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Both ways of showing the secret are taken."""
        return method in TOKEN_ENDPOINT_AUTH_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Machines use client credentials."""
        return grant_type == "client_credentials"


def _find_client(client_id: str) -> OAuthClient | None:
    client = queries.find_client(read(), client_id=client_id)
    return None if client is None else OAuthClient(client)


def _generate_token(
    grant_type: str,
    client: OAuthClient,
    user: object = None,
    scope: str | None = None,
    expires_in: int | None = None,
    include_refresh_token: bool = False,
) -> dict[str, Any]:
    return erp().tokens.issue(
        client_id=client.client.client_id,
        name=client.client.name,
        scope=client.get_allowed_scope(scope),
        park_ids=client.client.park_ids,
        at=at(),
    )


def _keep_nothing(token: dict[str, Any], oauth_request: object) -> None:
    """Access tokens are signed, short-lived and not stored."""


def _home_url(person: Actor | None = None) -> str:
    roles = (person or current_user.actor).roles
    for role, endpoint in HOMES.items():
        if role in roles:
            return url_for(endpoint)
    raise Forbidden("Your account has no role yet. Ask an administrator to give you one.")


def _safe_next(target: str) -> str | None:
    """A path of ours, or None: never another host's."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if plain and not any(ord(letter) < 33 for letter in target) else None
