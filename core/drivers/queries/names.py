"""What drivers are called: opened from what is sealed, for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import Driver

NAME, PHONE = "drivers.name", "drivers.phone"


def name_drivers(reader: Reader, driver_ids: Iterable[int]) -> dict[int, str]:
    """What each of these drivers is called, in two queries. For who may see that they are involved: no viewer."""
    query = sa.select(Driver.id, Driver.name_sealed).where(Driver.id.in_(set(driver_ids)))
    rows = reader.execute(query).all()
    names = vault.open_texts(reader, [row.name_sealed for row in rows], field=NAME)
    return {row.id: say_name(row.id, name) for row, name in zip(rows, names, strict=True)}


def open_names(reader: Reader, driver_ids: Sequence[int | None], sealed: Sequence[bytes | None]) -> list[str | None]:
    """What drivers are called whose sealed names were read beside their ids; None where there is no driver."""
    names = vault.open_texts(reader, sealed, field=NAME)
    return [None if id_ is None else say_name(id_, name) for id_, name in zip(driver_ids, names, strict=True)]


def say_name(driver_id: int, name: str | None) -> str:
    """The name, or what stands for that of somebody who was erased."""
    return name if name is not None else f"Erased person {driver_id}"


def open_people(reader: Reader, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows with `name_sealed` and `phone_sealed` as dicts with `name` and `phone` in their place."""
    names = vault.open_texts(reader, [row.name_sealed for row in rows], field=NAME)
    phones = vault.open_texts(reader, [row.phone_sealed for row in rows], field=PHONE)
    return [
        {
            **{str(key): value for key, value in row._mapping.items() if key not in {"name_sealed", "phone_sealed"}},
            "name": say_name(row.id, name),
            "phone": phone or "",
        }
        for row, name, phone in zip(rows, names, phones, strict=True)
    ]
