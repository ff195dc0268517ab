"""`python -m bot backup` and `restore`: a whole copy of the database, taken while the bot runs, and the way back.

The copy is one file that nobody else can read, checked before it gets its name. It holds no key: what people wrote stays
sealed, and the keys have a backup of their own. Restoring never overwrites: what was there is moved aside, or has to be
empty. After a restore nothing is sent that was due before it, and nobody who was forgotten comes back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from bot.apart import Apart
from bot.storage import columns, outlook
from bot.storage.columns import Seal
from bot.storage.migrations import KNOWN
from bot.storage.recovery import Tombstone, settle_in
from bot.storage.schema import gesture, person
from bot.storage.store import StoreError, look_into, open_store

PREFIX = "recipro-"
STAMP = "%Y-%m-%dT%H-%M-%SZ"


def backup(database_url: str, folder: Path, *, keep: int, now: datetime | None = None) -> Path:
    """Copy the database into *folder* and return the file; older copies than the newest *keep* are deleted.

    Raises StoreError with a sentence for the operator; then no file has been left.
    """
    url = _parse(database_url)
    sqlite = url.get_backend_name() == "sqlite"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{PREFIX}{(now or datetime.now(UTC)).strftime(STAMP)}{'.db' if sqlite else '.dump'}"
    half = path.with_suffix(path.suffix + ".half")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.close(descriptor)
    try:
        if sqlite:
            _copy_sqlite(Path(url.database or ""), half)
        else:
            _pg("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", f"--file={half}"])
            _pg("pg_restore", None, ["--list", str(half)])
        _to_disk(half)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    for old in sorted(folder.glob(f"{PREFIX}*{path.suffix}"))[: -max(1, keep)]:
        old.unlink()
    return path


def restore(
    database_url: str, source: Path, *, seal: Seal, stones: Sequence[Tombstone] = (), now: datetime | None = None
) -> dict[str, int]:
    """Put the copy *source* where *database_url* points; how many people, notes and deliveries that concerns.

    What is there is moved aside (SQLite) or must be empty (PostgreSQL). Raises StoreError and changes nothing when the
    copy is damaged or of a newer version. Nothing that was due before *now* is sent any more, and whoever was forgotten
    in the database that is moved aside, or by *stones*, is forgotten in the restored one too.
    """
    url = _parse(database_url)
    at = now or datetime.now(UTC)
    if not source.is_file():
        raise StoreError(f"There is no file {source}.")
    tombstones = list(stones)
    if url.get_backend_name() == "sqlite":
        tombstones += _tombstones(Path(url.database or ""))
        _put_sqlite(source, Path(url.database or ""), at)
    else:
        if _holds_something(database_url):
            raise StoreError("The database is not empty. Make an empty one (createdb) and point DATABASE_URL at it.")
        _pg(
            "pg_restore", url, ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(source)]
        )
    store = open_store(database_url, seal=seal)
    try:
        return store.write_now(lambda db: _settle_in(db, tombstones, at))
    finally:
        store.engine.dispose()


def main_backup(database_url: str, folder: str, keep: int) -> int:
    """The command line's `backup`."""
    path = backup(database_url, Path(folder), keep=keep)
    sys.stdout.write(f"{path} ({path.stat().st_size:,} bytes). The keys are not in it: back them up elsewhere.\n")
    return 0


def main_restore(database_url: str, source: str, keys: Sequence[str], apart: Apart) -> int:
    """The command line's `restore`."""
    found = restore(database_url, Path(source), seal=Seal(keys), stones=apart.stones())
    sys.stdout.write("Restored: " + ", ".join(f"{n:,} {what}" for what, n in found.items()) + ". Start the bot.\n")
    return 0


def _settle_in(db: Connection, tombstones: Sequence[Tombstone], at: datetime) -> dict[str, int]:
    """Make a copy of the past fit to go on from *at*, and say what is in it."""
    settled = settle_in(db, tombstones, at)
    return {
        "people": int(db.execute(select(func.count()).select_from(person)).scalar_one()),
        "notes": int(db.execute(select(func.count()).select_from(gesture)).scalar_one()),
        "not sent any more": settled.dropped,
        "forgotten again": settled.forgotten,
    }


def _tombstones(path: Path) -> list[Tombstone]:
    """Who has been forgotten in the database that is about to be moved aside, if it can still be read."""
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)) as old:
            rows = old.execute("SELECT chat_hash, at FROM forgotten").fetchall()
            return [(bytes(chat_hash), columns.moment(at)) for chat_hash, at in rows]
    except sqlite3.Error:
        sys.stderr.write(
            "recipro: the database that is replaced cannot be read: who was forgotten there is not known.\n"
        )
        return []


def _parse(database_url: str) -> URL:
    try:
        return make_url(database_url)
    except ArgumentError:
        raise StoreError("DATABASE_URL is not a database address; use sqlite:///path or postgresql://…") from None


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online backup, in one read transaction: what is written meanwhile is not in it, and nothing waits."""
    if not source.is_file():
        raise StoreError(f"There is no database at {source}.")
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, timeout=30)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")
            _check(copy)
    except sqlite3.Error as error:
        raise StoreError(f"The database could not be copied: {error}.") from None


def _check(copy: sqlite3.Connection) -> None:
    if (said := copy.execute("PRAGMA integrity_check(1)").fetchone()) != ("ok",):
        raise StoreError(f"The copy would be damaged ({said[0]}); the database itself is. Restore an older backup.")
    if copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise StoreError("The copy would hold broken references. Restore an older backup.")


def _put_sqlite(source: Path, target: Path, at: datetime) -> None:
    half = target.with_name(f"{target.name}.half")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, half)
        half.chmod(0o600)
        with closing(sqlite3.connect(half)) as copy:
            _check(copy)
            row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None or row[0] not in KNOWN:
            raise StoreError(f"{source} was written by a newer Recipro; restore it with that version.")
        _to_disk(half)
        _move_aside(target, at)
        half.replace(target)
    except sqlite3.Error:
        raise StoreError(f"{source} is no backup of Recipro, or it is damaged. Nothing was changed.") from None
    finally:
        half.unlink(missing_ok=True)


def _move_aside(target: Path, at: datetime) -> None:
    """The database that was there, with what SQLite keeps beside it; all three belong together."""
    for suffix in ("", "-wal", "-shm"):
        beside = target.with_name(target.name + suffix)
        if beside.exists():
            beside.rename(target.with_name(f"{target.name}.before-{at.strftime(STAMP)}{suffix}"))


def _holds_something(database_url: str) -> bool:
    store = look_into(database_url, any_schema=True)
    try:
        return store.read_now(outlook.version) is not None
    finally:
        store.engine.dispose()


def _pg(program: str, url: URL | None, arguments: Sequence[str]) -> None:
    """One of PostgreSQL's own programs; the password goes by its environment, where no process list shows it."""
    environment: Mapping[str, str] = os.environ
    where: list[str] = []
    if url is not None:
        plain = url.set(drivername="postgresql", password=None)
        where = [f"--dbname={plain.render_as_string(hide_password=False)}"]
        if url.password is not None:
            environment = {**os.environ, "PGPASSWORD": str(url.password)}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and an address that the settings have checked
            [program, *where, *arguments], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise StoreError(f"{program} is not installed here; PostgreSQL's client programs bring it.") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StoreError(f"{program} failed: {last}.")


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
