"""What stays with the other when somebody is forgotten, and what keeps an ending from being seen."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "keepsake",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("pair_id", Id, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("earlier", sa.Boolean(), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("medium", sa.String(length=12), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("passed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_keepsake_pair_id_pair"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_keepsake_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keepsake")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_keepsake_person_id", "keepsake", ["person_id"], unique=False)
    op.create_table(
        "shut_out_gone",
        sa.Column("person_id", Id, nullable=False),
        sa.Column("chat_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_shut_out_gone_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "chat_hash", name=op.f("pk_shut_out_gone")),
    )
    op.add_column("member", sa.Column("called", sa.LargeBinary(), nullable=True))
    op.add_column("gesture", sa.Column("passed_file", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("the way back is a backup")
