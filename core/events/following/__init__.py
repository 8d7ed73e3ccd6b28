"""Following the points of all vehicles: whatever is derived from them, worked out and kept up to date.

The second place in core that is handed the door to the database instead of a session (docs/decisions/0010): it reads
and computes outside of any transaction, and writes in many short ones.
"""

from core.events.following.contexts import Contexts, FencesOf
from core.events.following.course import Kinds
from core.events.following.loop import Follower, Pass, make_follower

__all__ = ["Contexts", "FencesOf", "Follower", "Kinds", "Pass", "make_follower"]
