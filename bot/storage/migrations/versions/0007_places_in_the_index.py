"""Rhythms lie in the order in which their prompts come: rows that came to the queue out of order cost twice as much.

A minute that was left half raised is begun again; who has had their prompt is not sent another.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite can add no column that is stored, PostgreSQL had no other before version 18
    stored = True if op.get_bind().dialect.name == "postgresql" else None
    place = sa.Computed("(coalesce(pair_id, person_id) & 2147483647) * 2654435761 & 4294967295", persisted=stored)
    op.add_column("rhythm", sa.Column("place", sa.BigInteger(), place))
    op.drop_index("ix_rhythm_due", "rhythm")
    op.create_index(
        "ix_rhythm_due", "rhythm", ["zone", "minute", "weekdays", "place", "id", "person_id", "pair_id", "kind"]
    )
    op.add_column("zone_cursor", sa.Column("place", sa.BigInteger()))
    op.add_column("zone_cursor", sa.Column("last_id", sa.BigInteger()))


def downgrade() -> None:
    raise NotImplementedError("the way back is a backup")
