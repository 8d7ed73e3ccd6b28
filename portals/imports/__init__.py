"""Fleets out of CSV files: looked at first, carried out in batches, and the bad lines handed back.

kinds.py: what can be imported; vehicle_columns.py: what its columns are called. looking.py: a file and what each of
its lines is. carrying_out.py: the good ones into the records, a transaction for each batch.
"""

from __future__ import annotations

from portals.imports.carrying_out import carry_out
from portals.imports.kinds import KINDS, Kind
from portals.imports.looking import Look, look

__all__ = ["KINDS", "Kind", "Look", "carry_out", "look"]
