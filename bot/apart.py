"""What is kept apart from the database, like its key: when it was last in use, and keyed hashes of who was forgotten.

So a start can see that its database is older than what was done with it (a backup was put back), and forget again whom
that backup still knows. Without a folder for it nothing is seen: after a restore by hand, use `python -m bot restore`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.storage.recovery import Tombstone

log = logging.getLogger(__name__)

OLDER = timedelta(minutes=5)
"""By how much a database must be behind to be a copy of the past: a power cut may cost its last seconds."""


@dataclass(slots=True)
class Apart:
    """Two small files in *folder*; None keeps nothing and knows nothing."""

    folder: Path | None
    since: datetime | None = None
    """From when on those who were forgotten may not be written down yet; None: nobody is."""
    _known: set[Tombstone] = field(default_factory=set)
    _said: bool = False

    def restored(self, beat: datetime | None) -> bool:
        """Whether a database last in use at *beat* (None: before it ever said so) is a copy of the past."""
        mine = self._beat()
        return mine is not None and (beat is None or mine - beat > OLDER)

    def stones(self) -> list[Tombstone]:
        """Everybody of whom it is written that they were forgotten."""
        found = [line.split() for line in self._read("forgotten").split("\n") if line.strip()]
        return [(bytes.fromhex(each), datetime.fromisoformat(at)) for each, at in found]

    def write(self, beat: datetime, stones: Iterable[Tombstone]) -> None:
        """Add *stones* and say that the database is in use at *beat*. What cannot be written is said once."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._add(stones)
            half = self._path("beat.half")
            half.write_text(f"{beat.astimezone(UTC).isoformat()}\n", encoding="ascii")
            half.replace(self._path("beat"))
            self.since, self._said = beat - OLDER, False
        except OSError as error:
            if not self._said:
                log.error(
                    "%s cannot be written (%s): a restored backup would not be noticed", self.folder, error.strerror
                )
            self._said = True

    def _add(self, stones: Iterable[Tombstone]) -> None:
        if self.since is None:
            self._known = set(self.stones())
        fresh = [stone for stone in stones if stone not in self._known]
        if fresh:
            with self._path("forgotten").open("a", encoding="ascii") as file:
                file.write("".join(f"{each.hex()} {at.isoformat()}\n" for each, at in fresh))
            self._known.update(fresh)

    def _beat(self) -> datetime | None:
        said = self._read("beat").strip()
        return datetime.fromisoformat(said) if said else None

    def _read(self, name: str) -> str:
        if self.folder is None or not self._path(name).is_file():
            return ""
        return self._path(name).read_text(encoding="ascii")

    def _path(self, name: str) -> Path:
        return (self.folder or Path()) / f"recipro.{name}"
