"""Tables of the inbox."""

from __future__ import annotations

from core.inbox.models.items import Item, Step, StepAct
from core.inbox.models.tellings import Telling

__all__ = ["Item", "Step", "StepAct", "Telling"]
