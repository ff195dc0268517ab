"""Indexes by which the database finds what refers to somebody: without them, forgetting one read everyone's rows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (
        ("rhythm", "pair_id"),
        ("delivery", "pair_id"),
        ("keepsake", "pair_id"),
        ("own_prompt", "pair_id"),
        ("reset", "caller_id"),
        ("shut_out", "other_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    for table, column in (("gesture", "about_gesture"), ("invite", "used_by"), ("reset", "asked_time_id")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_{table}_{column}", table, [column], unique=False, sqlite_where=there, postgresql_where=there
        )


def downgrade() -> None:
    raise NotImplementedError("the way back is a backup")
