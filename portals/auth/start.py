"""Starting a session once somebody has proved who they are, and where they go then."""

from __future__ import annotations

from flask import request, session, url_for
from flask_login import current_user, login_user

from core.errors import Forbidden
from core.identity import queries, service
from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, STAFF, Actor
from portals.auth import half
from portals.auth.gates import Session
from portals.auth.known import remember
from portals.doors import at, write

# Where each role is at home, in the order in which a person with several roles is sent.
HOMES = {
    OPERATOR: "operator.board",
    STAFF: "operator.board",
    ADMIN: "admin.health",
    DRIVER: "driver.today",
    INVESTOR: "investor.assets",
}


def start_session(user_id: int, *, method: str) -> Session:
    """Sign a person in, in this browser. `method` says how they proved who they are, in the words of RFC 8176."""
    if current_user.is_authenticated:
        service.end_session(write(), at=at(), session_id=current_user.person.session_id, why="signed in anew")
    session.clear()  # nothing that was put there before they proved who they are is kept
    cookie = service.start_session(
        write(),
        at=at(),
        user_id=user_id,
        method=method,
        address=request.remote_addr or "",
        agent=request.user_agent.string,
    )
    person = queries.find_signed_in(write().connection(), cookie=cookie, at=at())
    assert person is not None
    signed_in = Session(person, cookie)
    half.forget()
    login_user(signed_in)
    remember(user_id)
    return signed_in


def home_url(person: Actor | None = None) -> str:
    """Where a person belongs; whoever is signed in unless told."""
    roles = (person or current_user.actor).roles
    for role, endpoint in HOMES.items():
        if role in roles:
            return url_for(endpoint)
    raise Forbidden("Your account has no role yet. Ask an administrator to give you one.")
