"""Wrong codes that somebody tried before they were forgotten, under a keyed hash, until they are of no use."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "wrong_code_gone",
        sa.Column("id", Id, nullable=False),
        sa.Column("chat_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_code_gone")),
    )
    op.create_index("ix_wrong_code_gone_chat_hash_at", "wrong_code_gone", ["chat_hash", "at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("the way back is a backup")
