"""The shapes of assignments."""

from __future__ import annotations

import msgspec

from core.drivers.models import AssignmentKind


class NewAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vehicle a driver gets, on what terms. `ends_at` is local time as a browser writes it: 2026-11-23T14:05."""

    vehicle_id: int
    kind: AssignmentKind
    ends_at: str = ""
