"""Whom an item can be given to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.db import Reader
from core.identity import queries as identity
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may handle items."""

    id: int
    name: str


def list_colleagues(reader: Reader, *, viewer: Actor, at: datetime) -> list[Colleague]:
    """The people who may handle items of a park that the viewer sees, by name. Needs inbox:handle."""
    viewer.require("inbox:handle")
    found = identity.list_holders(reader, viewer=viewer, at=at, permission="inbox:handle")
    ids = [one.id for one in found if one.id is not None]
    names = identity.name_users(reader, user_ids=ids)
    return [Colleague(id_, names[id_]) for id_ in ids]
