"""Prompts that have come due wait in a narrow queue, and an index alone says which: ten thousand cost a beat too much.

A minute that was left half raised is begun again; who has had their prompt is not sent another.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "raised",
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("rhythm_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("pair_id", Id, nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
    )
    op.create_index("ix_raised_lane_due_at_rhythm_id", "raised", ["lane", "due_at", "rhythm_id"])
    op.add_column("zone_cursor", sa.Column("weekdays", sa.SmallInteger()))
    op.drop_index("ix_rhythm_due", "rhythm")
    op.create_index("ix_rhythm_due", "rhythm", ["zone", "minute", "weekdays", "id", "person_id", "pair_id", "kind"])


def downgrade() -> None:
    raise NotImplementedError("the way back is a backup")
