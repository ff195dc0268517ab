"""The index by which prompts are raised knows the weekdays: two rows of three were looked up only to be left."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_rhythm_zone_minute_id", "rhythm")
    op.create_index("ix_rhythm_due", "rhythm", ["zone", "minute", "id", "weekdays"])


def downgrade() -> None:
    raise NotImplementedError("the way back is a backup")
