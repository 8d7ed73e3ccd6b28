"""The shapes of drivers, shared by the API and the forms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.drivers.models import AssignmentKind


class NewAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vehicle a driver gets, on what terms. `ends_at` is local time as a browser writes it: 2026-11-23T14:05."""

    vehicle_id: int
    kind: AssignmentKind
    ends_at: str = ""


class NewDriver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed to add a driver. `phone` is in international form."""

    name: Annotated[str, Meta(min_length=2, max_length=120)]
    phone: Annotated[str, Meta(pattern=r"^\+[0-9]{7,15}$")]
    park_id: int
