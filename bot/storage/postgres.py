"""psycopg's cursor, told apart in one thing; imported only where a database is PostgreSQL."""

from __future__ import annotations

from typing import Any

from psycopg import Cursor

REST = (None,) * 5
"""Of a column as DBAPI describes it: sizes, precision, scale, nullability, which nobody reads."""


class Described(Cursor[Any]):
    """psycopg makes an object with its type's record of each column of each answer; SQLAlchemy reads a name and a type's number."""

    @property
    def description(self) -> list[Any] | None:
        """Name and type of each column; None where there is no answer to read."""
        found = self.pgresult
        if not found or not found.nfields:
            return super().description
        return [((found.fname(n) or b"").decode(), found.ftype(n), *REST) for n in range(found.nfields)]
