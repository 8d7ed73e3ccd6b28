"""The table of what people keep of a list: its filters, its order, its columns."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.identity.models.people import User


class SavedView(Base):
    """A list as a person wants to see it again. `page` is which list, `query` its state as it stands in the address.

    A shared one is offered to everybody who has that page; what they see in it is still cut by their own parks.
    """

    __tablename__ = "identity_saved_views"
    __table_args__ = (sa.UniqueConstraint("user_id", "page", "name"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(User.id))
    page: Mapped[str] = mapped_column(sa.Text, index=True)
    name: Mapped[str] = mapped_column(sa.Text)
    query: Mapped[str] = mapped_column(sa.Text)
    is_shared: Mapped[bool]
    saved_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
