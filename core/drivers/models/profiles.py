"""Tables of who a driver is: the person, the licence, and which parts of that were changed when."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Profile(Base):
    """What is known of the person. All that names or finds them is sealed under their key.

    Which licence it is stays open to be judged and searched by: country (ISO 3166-1), region where the country leaves
    licences to its states (ISO 3166-2 without the country), classes, last day. `licence_blind` is a keyed hash of
    country, region and number: of one licence there is one driver.
    """

    __tablename__ = "drivers_profiles"

    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), primary_key=True)
    email_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    birth_date_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    address_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    emergency_name_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    emergency_phone_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    licence_number_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    licence_blind: Mapped[bytes | None] = mapped_column(sa.LargeBinary, unique=True)
    licence_country: Mapped[str | None] = mapped_column(sa.Text)
    licence_region: Mapped[str | None] = mapped_column(sa.Text)
    licence_categories: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    licence_valid_until: Mapped[date | None] = mapped_column(sa.Date, index=True)
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class ProfileChange(Base):
    """Which parts of a driver's record somebody changed. Append-only, and without what stood or stands there."""

    __tablename__ = "drivers_profile_changes"
    __table_args__ = (sa.Index("ix_drivers_profile_changes_driver", "driver_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    fields: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    actor_kind: Mapped[str] = mapped_column(sa.Text)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
