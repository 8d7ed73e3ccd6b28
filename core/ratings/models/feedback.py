"""What drivers of one park think of each other."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Feedback(Base):
    """One piece that waits to be shown. It is deleted when its batch is: then nothing tells who gave what.

    The words are sealed under the key of the driver they are about.
    """

    __tablename__ = "ratings_feedback"
    __table_args__ = (
        sa.UniqueConstraint("rater_id", "driver_id", "period"),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name="score_range"),
        sa.CheckConstraint("rater_id <> driver_id", name="of_another"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    rater_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"), index=True)
    period: Mapped[date] = mapped_column(sa.Date)
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    words_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class FeedbackBatch(Base):
    """What is shown of at least five raters: the mean, and their words in an order that tells nothing."""

    __tablename__ = "ratings_feedback_batches"
    __table_args__ = (
        sa.UniqueConstraint("driver_id", "before"),
        sa.CheckConstraint("raters >= 5", name="enough_raters"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    driver_id: Mapped[int] = mapped_column(sa.ForeignKey("drivers_drivers.id"))
    # What was given for periods before this one.
    before: Mapped[date] = mapped_column(sa.Date)
    raters: Mapped[int] = mapped_column(sa.Integer)
    mean: Mapped[float] = mapped_column(sa.Double)
    words_sealed: Mapped[list[bytes]] = mapped_column(ARRAY(sa.LargeBinary))
