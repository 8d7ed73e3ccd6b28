"""The verbs about one's own account."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

from core import audit
from core.db import Writer
from core.errors import Invalid, Unauthenticated
from core.identity import passwords
from core.identity.service.endings import end_all_sessions
from core.identity.service.lockout import count_wrong, find_wait
from core.identity.service.persons import lock_user, password_problem, set_password
from core.identity.service.posting import Post, kill_links, tell_password_changed
from core.permissions import Actor, needs


@needs("identity:manage_own")
def change_own_profile(session: Writer, *, actor: Actor, at: datetime, name: str, time_zone: str) -> None:
    """Change one's own name and time zone. Raises Invalid with the fields."""
    fields = {}
    if not name.strip():
        fields["name"] = "Enter your name."
    if time_zone not in available_timezones():
        fields["time_zone"] = "Choose a time zone of the list."
    if fields:
        raise Invalid("Nothing was changed.", fields=fields)
    user = lock_user(session, actor.id)
    before = {"name": user.name, "time_zone": user.time_zone}
    after = {"name": name.strip(), "time_zone": time_zone}
    if before == after:
        return
    user.name, user.time_zone = after["name"], time_zone
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.profile_changed",
        subject=("user", user.id),
        changed=[key for key, value in before.items() if value != after[key]],
    )


@needs("identity:manage_own")
def change_own_password(
    session: Writer, *, actor: Actor, at: datetime, old: str, new: str, keep_id: int, post: Post
) -> Unauthenticated | None:
    """Change one's own password; all sessions but `keep_id` end. Raises Invalid for a new one that will not do.

    A wrong old password is returned, not raised: it is counted like one at sign-in, so that whoever finds a browser
    signed in cannot try them all.
    """
    user = lock_user(session, actor.id)
    if (wait := find_wait(user, at=at)) is not None:
        return wait
    if not passwords.is_password(old, user.password_hash):
        count_wrong(user, at=at)
        return Unauthenticated("That is not your password. Enter the one you signed in with.")
    problem = password_problem(new, email=user.email, name=user.name)
    if new == old:
        problem = "This is the password you have. Choose another one."
    if problem:
        raise Invalid("The password was not changed.", fields={"new": problem})
    set_password(user, new)
    kill_links(session, at=at, user_id=user.id)
    ended = end_all_sessions(session, at=at, user_id=user.id, keep_id=keep_id, why="password changed")
    tell_password_changed(session, at=at, user=user, post=post)
    audit.record(
        session, actor=actor, at=at, action="identity.password_changed", subject=("user", user.id), ended=ended
    )
    return None
