"""The shapes of people who drive."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.drivers.schemas.profiles import Personal


class NewDriver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed to add a driver, and what else is known of them. `phone` is in international form."""

    name: Annotated[str, Meta(min_length=2, max_length=120)]
    phone: Annotated[str, Meta(pattern=r"^\+[0-9]{7,15}$")]
    park_id: int
    personal: Personal = Personal()
