"""Which process beats the pulse: whoever holds an advisory lock of PostgreSQL. With SQLite there is only one process.

The lock belongs to a connection of its own. PostgreSQL frees it the moment that connection ends, so a process that is
killed is followed at the next look, and one whose machine has vanished when the server's keepalive notices. Two at once
for a moment do no harm: claims and cursors are conditional. Not through a pooler that hands one connection to several
clients (PgBouncer's transaction mode): point DATABASE_URL at the server itself.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from bot.storage.store import AwayError, Store

LOCK = 0x52656370
"""The advisory lock of the one that beats ("Recp"); migrations use another."""
_KEEPALIVE = "SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3"
"""Seconds, and unanswered probes, after which the server gives up a client whose machine is gone."""


class Lead:
    """The lead, held or not. Its methods block: call them in a thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._line: Connection | None = None
        self._raw: DBAPIConnection | None = None
        """The driver's own connection, which SQLAlchemy forgets to close once it is detached and broken."""
        self._held = store.dialect == "sqlite"

    def take(self) -> bool:
        """Take the lead if nobody has it, or see that it is still ours. Raises AwayError when the database is not there."""
        if self._store.dialect == "sqlite":
            return True
        try:
            if self._line is None:
                self._line = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._raw = self._line.connection.dbapi_connection
                self._line.detach()  # not the pool's any more: it ends with us
                self._line.execute(text(_KEEPALIVE))
            if self._held:
                self._line.execute(text("SELECT 1"))
            else:
                self._held = bool(self._line.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())
        except DBAPIError as error:
            self.let_go()
            raise AwayError("the line that holds the lead is broken") from error
        return self._held

    def let_go(self) -> None:
        """Give the lead up: the next process takes it at its next look."""
        line, self._line = self._line, None
        self._held = self._store.dialect == "sqlite"
        if line is not None:
            line.invalidate()
            line.close()
        if self._raw is not None:
            self._raw.close()
            self._raw = None
