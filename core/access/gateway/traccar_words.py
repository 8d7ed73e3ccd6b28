"""Traccar's words: how a command is put to it, what its refusals mean, how its positions tell of an output."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from core.access.gateway.road import Command, Relay
from core.access.models import OrderKind

_ENGINE = {OrderKind.IMMOBILIZE: "engineStop", OrderKind.RELEASE: "engineResume"}
# The first version that knows noQueue; those before it queue whatever they cannot deliver (traccar issue 5521).
_KNOWS_NO_QUEUE = (6, 7)
_MEANINGS = (
    ("Failed to send command", "the device has no live connection, and nothing was queued"),
    ("is not supported", "the device's protocol does not know this command"),
    ("Device access denied", "its account may not see this device"),
    ("SecurityException", "its account may not do this"),
)
_STATUSES = {
    401: "the token is not valid; check ERP_TRACCAR_TOKEN",
    403: "the account may not do this",
    404: "there is no such address; check ERP_TRACCAR_URL",
}


class NotPossible(Exception):
    """A command that must not or cannot be given, and why."""


def require_no_queue(version: object) -> None:
    """Raise NotPossible unless this is a version that can be told not to queue."""
    found = re.match(r"(\d+)\.(\d+)", version) if isinstance(version, str) else None
    if found is None:
        raise NotPossible("this Traccar does not tell its version, so nobody knows whether it would queue the lock.")
    if (int(found[1]), int(found[2])) < _KNOWS_NO_QUEUE:
        raise NotPossible(
            f"Traccar {found[0]} queues what it cannot deliver and cannot be told not to, so a lock could come through "
            "days later. Update it to 6.7 or newer."
        )


def word_command(command: Command, types: Collection[str | None]) -> dict[str, Any]:
    """Type and attributes, of those that the device's protocol can carry; raises NotPossible when none fits.

    The model's own engine stop switches its first output on and is what most protocols have. Any other output, and one
    that releases while it is on, needs outputControl. `custom` is never used: its text is the language of one model,
    and Traccar hands it to any.
    """
    relay, engine = command.relay, _ENGINE[command.kind]
    if relay.output == 1 and not relay.inverted and engine in types:
        return {"type": engine, "attributes": {"noQueue": True}}
    if "outputControl" in types:
        is_on = (command.kind is OrderKind.IMMOBILIZE) is not relay.inverted
        return {
            "type": "outputControl",
            "attributes": {"index": relay.output, "data": str(int(is_on)), "noQueue": True},
        }
    wired = f"output {relay.output}{', which releases while it is on' if relay.inverted else ''}"
    raise NotPossible(f"Traccar has no command that switches {wired}, with this model of device.")


def explain_refusal(status: int, body: str) -> str:
    """What a refusal means, in our words: its body is a stack trace of Traccar's."""
    meaning = _STATUSES.get(status) or next((ours for theirs, ours in _MEANINGS if theirs in body), None)
    return f"Traccar refused (HTTP {status}): {meaning or 'for a reason of its own, which stands in its log'}."


def read_output(attributes: Mapping[str, Any], relay: Relay) -> bool | None:
    """Whether the relay's output is on; None when that was not told, or told in two ways that contradict each other.

    `out1` is one output, `output` the mask of all, `blocked` the engine stop of models that have one.
    """
    told = set()
    single = attributes.get(f"out{relay.output}")
    if isinstance(single, bool | int):
        told.add(bool(single))
    mask = attributes.get("output")
    if isinstance(mask, int) and not isinstance(mask, bool):
        told.add(bool(mask >> (relay.output - 1) & 1))
    blocked = attributes.get("blocked")
    if isinstance(blocked, bool) and relay.output == 1:
        told.add(blocked is not relay.inverted)
    return told.pop() if len(told) == 1 else None
