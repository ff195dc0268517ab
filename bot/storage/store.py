"""The door to the database: opens it, brings its schema up to date, runs units of work.

A unit of work is a plain function that gets a connection inside one transaction and runs in a worker thread, so no
await, and with it no message to Telegram, can ever happen inside a transaction. SQLite has one writer thread.
"""

from __future__ import annotations

import asyncio
import logging
import select
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, TypeVarTuple

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InternalError,
    InvalidatePoolError,
    OperationalError,
)
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from bot import __version__
from bot.storage import columns, notes
from bot.storage.migrations import HEAD, KNOWN

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")

POSTGRES_CONNECTIONS = 8
READERS = 4
TOGETHER = 20
"""Most units of work that share a transaction."""
READING = {"recipro_reads": True, "postgresql_readonly": True}
"""Of a connection in whose transaction nothing can be written: by a pragma on SQLite, by how it begins on PostgreSQL."""
RESTED = 1.0
"""Seconds after which a silent connection of PostgreSQL's is asked whether it is still one. Each time was a round trip a turn."""
PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 20, "keepalives_interval": 5}
"""Of PostgreSQL's connections: a server that has gone without a word is noticed in seconds, not in the system's hours."""
MIGRATION_LOCK = 0x52656369
"""Advisory lock of PostgreSQL under which the schema is changed ("Reci")."""

NO_RIGHT = "42501"
"""PostgreSQL's code for a right that was taken away."""


class StoreError(RuntimeError):
    """The database cannot be used; the message is one sentence for the operator."""


class SchemaError(StoreError):
    """The database was written by a newer version of this program."""


class AwayError(StoreError):
    """The database cannot be reached or written now; it may come back by itself."""


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """A unit of work that only adds *rows*: those with the same *add* that share a transaction are one call of it."""

    add: Callable[[Connection, Sequence[R]], None]
    rows: Sequence[R]

    def __call__(self, db: Connection) -> None:
        """The work of one alone."""
        self.add(db, self.rows)


class Store:
    """One open database. Use open_store(); close it at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.failed: Callable[[], None] = lambda: None
        """Hears of each unit of work that failed because the database was away; called from worker threads."""
        self.monotonic: Callable[[], float] = time.monotonic
        if self.dialect != "sqlite":
            event.listen(engine, "checkin", self._rests)
            event.listen(engine, "checkout", self._wakes)
        self._by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._waiting: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []
        self._together: asyncio.Task[None] | None = None
        writers = 1 if self.dialect == "sqlite" else POSTGRES_CONNECTIONS
        self._writers = ThreadPoolExecutor(writers, thread_name_prefix="store-write")
        self._readers = (
            ThreadPoolExecutor(READERS, thread_name_prefix="store-read") if self.dialect == "sqlite" else self._writers
        )

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in one transaction, in a worker thread. Raises AwayError when the database is not there."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, partial(self.write_now, work))

    async def write_together(self, work: Callable[[Connection], T]) -> T:
        """write_soon() on SQLite, whose writer is alone: to begin and to commit costs it as much as three statements.

        On PostgreSQL write(): turns that shared a transaction would wait for each other's locks, and for each other.
        """
        return await (self.write_soon(work) if self.dialect == "sqlite" else self.write(work))

    async def write_soon(self, work: Callable[[Connection], T]) -> T:
        """write() for something short that may be run twice, in one transaction with others that wait at the same moment."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._together is None:
            self._together = asyncio.ensure_future(self._write_waiting())
        return await done

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                works = [work for work, _ in some]
                try:
                    results = await self.write(partial(_each, works))
                except AwayError as error:
                    for _, done in some:
                        _fail(done, error)
                except Exception:  # one of them broke, and took the others with it: each on its own, then
                    log.debug("a unit of work broke a transaction that it shared")
                    for work, done in some:
                        await self._write_alone(work, done)
                else:
                    for (_, done), result in zip(some, results, strict=True):
                        if not done.done():
                            done.set_result(result)
        finally:
            self._together = None

    async def _write_alone(self, work: Callable[[Connection], Any], done: asyncio.Future[Any]) -> None:
        try:
            result = await self.write(work)
        except Exception as error:
            _fail(done, error)
        else:
            if not done.done():
                done.set_result(result)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Like write(), without the right to write."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, partial(self.read_now, work))

    async def ask(self, question: Select[*Ts], **given: int) -> Sequence[Row[*Ts]]:
        """The rows that *question* asks for, with what it is *given*. A question is a transaction by itself: one round trip to PostgreSQL, not three."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, partial(self._ask_now, question, given))

    def _ask_now(self, question: Select[*Ts], given: dict[str, int]) -> Sequence[Row[*Ts]]:
        if self.dialect == "sqlite":
            return self.read_now(lambda db: db.execute(question, given).all())
        with self._telling_away(), self._by_itself.connect() as db:
            return db.execute(question, given).all()

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """write() for a caller that is in a thread of its own already."""
        with self._telling_away(), self.engine.begin() as db:
            return work(db)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """read() for a caller that is in a thread of its own already."""
        with self._telling_away(), self.engine.connect() as db, db.execution_options(**READING).begin():
            return work(db)

    async def scrub(self) -> None:
        """Let nothing of what was deleted lie in SQLite's journal; its own pages are overwritten at once (secure_delete).

        PostgreSQL keeps the bytes of dead rows until an operator has its tables written anew (deploy/README.md).
        """
        if self.dialect == "sqlite":
            await asyncio.get_running_loop().run_in_executor(self._writers, self._empty_journal)

    def _empty_journal(self) -> None:
        with self._telling_away(), self.engine.connect() as db:
            raw = db.connection.dbapi_connection
            if raw is not None:  # outside any transaction; a reader in its way leaves the rest to the next time
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    async def close(self) -> None:
        """Let running work end, then close every connection."""
        await asyncio.to_thread(self._writers.shutdown, wait=True)
        await asyncio.to_thread(self._readers.shutdown, wait=True)
        self.engine.dispose()

    def _rests(self, _raw: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = self.monotonic()

    def _wakes(self, raw: Any, record: ConnectionPoolEntry, _fairy: Any) -> None:
        """A server that was restarted while nobody asked is noticed by nobody: the pool connects anew."""
        since = record.info.pop("rests_since", None)
        if since is None or (self.monotonic() - since < RESTED and not _spoken_on(raw)):
            return
        try:
            self.engine.dialect.do_ping(raw)
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    @contextmanager
    def _telling_away(self) -> Iterator[None]:
        """Turns what means that the database is not there into AwayError."""
        try:
            yield
        except DBAPIError as error:
            if means_away(error):
                self.failed()
                raise AwayError(_reason(error)) from error
            raise


def _spoken_on(raw: Any) -> bool:
    """Whether PostgreSQL has said something unasked on this connection, as it does when it ends one: no round trip."""
    if not hasattr(select, "poll"):  # Windows: it has to be asked, then
        return True
    line = select.poll()
    line.register(raw.fileno(), select.POLLIN)
    return bool(line.poll(0))


def _each(works: Sequence[Callable[[Connection], Any]], db: Connection) -> list[Any]:
    """The result of each. What only adds rows comes last, in one statement for all of it (Rows)."""
    results = [None if isinstance(work, Rows) else work(db) for work in works]
    added: dict[Callable[[Connection, Sequence[Any]], None], list[Any]] = {}
    for work in works:
        if isinstance(work, Rows):
            added.setdefault(work.add, []).extend(work.rows)
    for add, rows in added.items():
        add(db, rows)
    return results


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


def means_away(error: DBAPIError) -> bool:
    """Whether the database is to blame and may come back, rather than what was asked of it.

    A plain DatabaseError is SQLite's word for a damaged file; an InternalError, PostgreSQL's for one and for a server
    that has become a read-only standby.
    """
    refused = getattr(error.orig, "sqlstate", None) == NO_RIGHT
    return (
        isinstance(error, OperationalError | InternalError)
        or type(error) is DatabaseError
        or error.connection_invalidated
        or refused
    )


def open_store(url: str, *, seal: columns.Seal) -> Store:
    """Open the database at *url*, migrate it, check that *seal* opens what is in it.

    Raises StoreError with a sentence for the operator: unreachable, unwritable, newer schema, wrong key.
    """
    columns.use(seal)
    parsed = _parse(url)
    _make_folder(parsed)
    store: Store | None = None
    try:
        migrate(parsed)
        store = Store(_engine(parsed))
        store.write_now(notes.check_keys)
        store.write_now(lambda db: notes.sign_in(db, __version__))
    except BaseException as error:
        if store is not None:
            store.engine.dispose()
        if (sentence := _told(error, parsed)) is None:
            raise
        raise StoreError(sentence) from error
    return store


def look_into(url: str, *, any_schema: bool = False) -> Store:
    """Open the database to read what needs no key; migrates nothing and makes nothing.

    Raises StoreError, also for an older or newer schema unless *any_schema*.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StoreError(f"There is no database at {_shown(parsed)}. Has the bot run here, from this folder?")
    store = Store(_engine(parsed))
    try:
        found = store.read_now(_version)
    except (DBAPIError, AwayError) as error:
        store.engine.dispose()
        raise StoreError(_told(error, parsed) or "") from error
    if found != HEAD and not any_schema:
        store.engine.dispose()
        what = "holds nothing of Recipro" if found is None else f"has schema {found}, and this version needs {HEAD}"
        raise StoreError(f"The database at {_shown(parsed)} {what}.")
    return store


def _told(error: BaseException, url: URL) -> str | None:
    """What to say where the database is to blame; None for anything else."""
    if not isinstance(error, DBAPIError | AwayError):
        return None
    reason = _reason(error) if isinstance(error, DBAPIError) else str(error)
    return f"The database at {_shown(url)} cannot be used: {reason}."


def migrate(url: URL) -> None:
    """Bring the schema to what this program knows, in one transaction under a lock. Raises SchemaError."""
    engine = _engine(url, migrating=True)
    try:
        with engine.begin() as db:
            if db.dialect.name == "postgresql":
                db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            version = _version(db)
            if version is not None and version not in KNOWN:
                raise SchemaError(
                    f"The database at {_shown(url)} was written by a newer Recipro (schema {version}); "
                    "start that version, or restore a backup made before the upgrade."
                )
            if version == HEAD:
                return
            if version is not None:
                notes.keys_open(db)
            log.info("migrating the database from %s to %s", version or "nothing", HEAD)
            _upgrade(db)
            if db.dialect.name == "sqlite" and db.execute(text("PRAGMA foreign_key_check")).first() is not None:
                raise StoreError("The migration would have broken references, so nothing was changed.")
    finally:
        engine.dispose()


def _upgrade(db: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = db
    command.upgrade(config, "head")


def _version(db: Connection) -> str | None:
    if not inspect(db).has_table("alembic_version"):
        return None
    found = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("DATABASE_URL is not a database address; use sqlite:///path or postgresql://…") from None
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"DATABASE_URL names {parsed.get_backend_name()}; use sqlite:///path or postgresql://…")


def _make_folder(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {folder} for the database cannot be made: {error.strerror}.") from error


def _engine(url: URL, *, migrating: bool = False) -> Engine:
    if url.get_backend_name() != "sqlite":
        pool: dict[str, Any] = {"poolclass": NullPool} if migrating else {"pool_size": POSTGRES_CONNECTIONS}
        from bot.storage.postgres import Described

        given: dict[str, Any] = {name: value for name, value in PATIENCE.items() if name not in url.query}
        return create_engine(url, hide_parameters=True, connect_args=given | {"cursor_factory": Described}, **pool)
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 5},
        **({"poolclass": NullPool} if migrating else {"pool_size": READERS + 2}),
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # transactions are begun below, not guessed by the driver
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"foreign_keys={'OFF' if migrating else 'ON'}",
            "busy_timeout=5000",
            "secure_delete=ON",
            "cache_size=-8000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        # Two read-modify-writes at once lose one without an error unless the write lock is taken first.
        reads = db.get_execution_options().get("recipro_reads", False)
        raw: Any = db.connection.dbapi_connection
        raw.execute("PRAGMA query_only=ON" if reads else "PRAGMA query_only=OFF").close()
        db.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _reason(error: DBAPIError) -> str:
    """The driver's own words, which never hold a parameter."""
    return str(error.orig).strip().splitlines()[0] if error.orig is not None else type(error).__name__
