"""A PostgreSQL server of the test's own, that can be stopped and started while others use it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

IN_CI = os.environ.get("CI") == "true"


def binaries() -> Path | None:
    """Where this machine keeps initdb and pg_ctl; the newest, if there are several."""
    found = shutil.which("initdb")
    folders = (
        [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent)
    )
    return folders[-1] if folders else None


needed = pytest.mark.skipif(binaries() is None and not IN_CI, reason="PostgreSQL's server is not installed")
"""Marks a test that cuts a server of its own; with CI=true its absence is a failure."""


class Cluster:
    """One server in a folder of its own. PostgreSQL refuses to run as root, so root lends it another user."""

    def __init__(self, folder: Path) -> None:
        found = binaries()
        assert found is not None, "PostgreSQL's server is not installed"
        self._binaries, self._data = found, folder / "data"
        self._user = "postgres" if os.name == "posix" and os.getuid() == 0 else None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        if self._user is not None:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")

    @property
    def url(self) -> str:
        """The address of its one database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-o", options, "-l", str(self._data / "log"), "start")

    def stop(self) -> None:
        """Stop as a power cut does: every connection breaks, nothing is said. Nothing if it does not run."""
        if not (self._data / "postmaster.pid").exists():
            return
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,  # pg_ctl's server keeps a pipe open
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server that runs until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="recipro-pg-"))
    try:
        whole = Cluster(folder)
        whole.start()
        try:
            yield whole
        finally:
            whole.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
