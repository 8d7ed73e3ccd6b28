"""Ratings with their inputs, feedback with its batches, and appeals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS = ("component", "incident", "document", "standing")
STATES = ("open", "escalated", "granted", "refused", "withdrawn")


def upgrade() -> None:
    """Go forward."""
    _create_ratings()
    _create_feedback()
    _create_appeals()


def _create_ratings() -> None:
    op.create_table(
        "ratings_ratings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        _of_driver("ratings_ratings", "driver_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings_ratings")),
        sa.UniqueConstraint("driver_id", "day", "revision", name=op.f("uq_ratings_ratings_driver_id_day_revision")),
    )
    op.execute(
        "CREATE TRIGGER ratings_ratings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ratings_ratings "
        "FOR EACH STATEMENT EXECUTE FUNCTION erp_refuse_change()"
    )
    op.execute("ALTER TABLE ratings_ratings ENABLE ALWAYS TRIGGER ratings_ratings_append_only")


def _create_feedback() -> None:
    op.create_table(
        "ratings_feedback",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("rater_id", sa.BigInteger(), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ratings_feedback_score_range")),
        sa.CheckConstraint("rater_id <> driver_id", name=op.f("ck_ratings_feedback_of_another")),
        _of_driver("ratings_feedback", "rater_id"),
        _of_driver("ratings_feedback", "driver_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings_feedback")),
        sa.UniqueConstraint(
            "rater_id", "driver_id", "period", name=op.f("uq_ratings_feedback_rater_id_driver_id_period")
        ),
    )
    op.create_index(op.f("ix_ratings_feedback_driver_id"), "ratings_feedback", ["driver_id"])
    op.create_table(
        "ratings_feedback_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Date(), nullable=False),
        sa.Column("raters", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("words_sealed", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        sa.CheckConstraint("raters >= 5", name=op.f("ck_ratings_feedback_batches_enough_raters")),
        _of_driver("ratings_feedback_batches", "driver_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings_feedback_batches")),
        sa.UniqueConstraint("driver_id", "before", name=op.f("uq_ratings_feedback_batches_driver_id_before")),
    )


def _create_appeals() -> None:
    op.create_table(
        "ratings_appeals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("driver_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="kind", native_enum=False, length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rating_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_first_at", MOMENT, nullable=False),
        sa.Column("decided_first_by", sa.Text(), nullable=True),
        sa.Column("state", sa.Enum(*STATES, name="state", native_enum=False, length=32), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("handed_in_at", MOMENT, nullable=False),
        sa.Column("answer_due_at", MOMENT, nullable=False),
        sa.Column("escalated_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(_among("kind", KINDS), name=op.f("ck_ratings_appeals_kind")),
        sa.CheckConstraint(_among("state", STATES), name=op.f("ck_ratings_appeals_state")),
        _of_driver("ratings_appeals", "driver_id"),
        sa.ForeignKeyConstraint(
            ["rating_id"], ["ratings_ratings.id"], name=op.f("fk_ratings_appeals_rating_id_ratings_ratings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings_appeals")),
        sa.UniqueConstraint(
            "driver_id",
            "kind",
            "subject",
            "decided_first_at",
            name=op.f("uq_ratings_appeals_driver_id_kind_subject_decided_first_at"),
        ),
    )
    op.create_index(op.f("ix_ratings_appeals_driver_id"), "ratings_appeals", ["driver_id"])
    op.create_index(
        "ix_ratings_appeals_due", "ratings_appeals", ["answer_due_at"], postgresql_where=sa.text("state = 'open'")
    )


def _of_driver(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["drivers_drivers.id"], name=op.f(f"fk_{table}_{column}_drivers_drivers"))


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"
