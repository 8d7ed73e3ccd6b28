"""How long everything of the authorization server is good."""

from __future__ import annotations

from datetime import timedelta

# An access token and an identity token. What is revoked need not be remembered for longer.
LIFETIME = timedelta(minutes=15)
# A code that an app exchanges for tokens; RFC 6749 section 4.1.2 allows ten minutes, an app needs a second.
CODE_LIFETIME = timedelta(seconds=60)
# A refresh token dies when nobody uses it for so long,
IDLE_LIFETIME = timedelta(days=14)
# and its family whatever was used: then the person signs in to the app again.
AUTHORIZATION_LIFETIME = timedelta(days=30)

# A process reads the signing keys again after so long, and whoever reads them from us may keep them for as long as
# the second one.
KEYS_READ_EVERY = timedelta(seconds=60)
KEYS_KEPT_ELSEWHERE = timedelta(seconds=300)
# A new key signs when everybody must have read it: later than both of them together, with room for clocks.
SIGNS_AFTER = timedelta(minutes=10)
# An old key is published until its last token has died, with the same room.
KEPT_AFTER_SIGNING = LIFETIME + timedelta(minutes=5)
