"""The two statements that SQLite and PostgreSQL spell in dialects of SQLAlchemy: insert once, insert or update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert
_COUNTED = {"preserve_rowcount": True}  # PostgreSQL: SQLAlchemy forgets it where it adds RETURNING


def insert(db: Connection, table: Table) -> Insert:
    """INSERT in the dialect of *db*, which knows ON CONFLICT."""
    return insert_for(db.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Insert:
    """The same for a statement that is built once and kept."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def insert_once(db: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert *row* unless a UNIQUE says it is there; whether it was inserted."""
    return db.execute(insert(db, table).on_conflict_do_nothing(), dict(row), execution_options=_COUNTED).rowcount == 1


def upsert(db: Connection, table: Table, row: Mapping[str, Any], *, key: str) -> None:
    """Insert *row*, or update the one with the same *key*."""
    statement = insert(db, table)
    changes = {name: statement.excluded[name] for name in row if name != key}
    db.execute(statement.on_conflict_do_update(index_elements=[key], set_=changes), dict(row))
