"""The shapes in which endpoints are added and changed, and messages are sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Url = Annotated[str, Meta(min_length=1, max_length=2000, description="https, a public host, port 443 or 8443")]
Description = Annotated[str, Meta(max_length=200)]
Facts = Annotated[list[Annotated[str, Meta(max_length=80)]], Meta(min_length=1, max_length=100)]
Parks = Annotated[list[Annotated[int, Meta(ge=1, le=2**63 - 1)]], Meta(min_length=1, max_length=1000)]


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address to tell facts to. Without `facts` all but the batches of points; without `park_ids` all in view."""

    url: Url
    description: Description = ""
    facts: Facts | None = None
    park_ids: Parks | None = None


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of an endpoint; what is left out stays. `disabled` stops it, or lets it go on."""

    url: Url | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    facts: Facts | UnsetType | None = UNSET
    park_ids: Parks | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET


class SecretRotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the secrets before end at once, because they are known to others, instead of after 24 hours."""

    end_previous_now: bool = False


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages are sent again: the dead ones, or all that were finished; those made since a moment."""

    state: Literal["dead", "finished"] = "dead"
    since: Annotated[datetime, Meta(tz=True)]
