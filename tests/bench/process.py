"""Processes that are measured from outside: the real `python -m bot run`, and peers that are a module of this bench."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory

from tests.bench.measure import memory
from tests.bench.stand import TOKEN
from tests.bench.town import key
from tests.bench.whole import SECRET

ROOT = Path(__file__).resolve().parents[2]
OURS = ("TELEGRAM", "RECIPRO", "DATABASE", "WEBHOOK", "HTTP_", "LOG_")


@dataclass(frozen=True, slots=True)
class Running:
    """A process, the port it listens on, and how many seconds it took to be ready."""

    pid: int
    port: int
    took: float

    def memory(self, *, peak: bool = False) -> float:
        """Megabytes, now or at its most, with the processes that it has started."""
        return sum(memory(pid, peak=peak) for pid in (self.pid, *_children(self.pid)))

    def forget_the_peak(self) -> float:
        """From here on the most is what comes; megabytes now."""
        for pid in (self.pid, *_children(self.pid)):
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        return self.memory()


@contextmanager
def bot(database: str, telegram: str, *, rate: float = 1000, patience: float = 120) -> Iterator[Running]:
    """The bot, from the command line until GET /readyz says yes; ended afterwards."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | {
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram,
        "DATABASE_URL": database,
        "RECIPRO_KEYS": key(),
        "RECIPRO_RATE": str(rate),
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": SECRET,
        "HTTP_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    with TemporaryDirectory() as elsewhere:
        began = time.perf_counter()
        with Popen([sys.executable, "-m", "bot", "run"], env=environment, cwd=elsewhere, stdout=DEVNULL) as child:
            try:
                while not _is_ready(port):
                    if child.poll() is not None or time.perf_counter() - began > patience:
                        raise RuntimeError("the bot did not get ready")
                    time.sleep(0.01)
                yield Running(child.pid, port, time.perf_counter() - began)
            finally:
                child.terminate()
                child.wait(20)


@contextmanager
def peer(module: str, *arguments: str, port: int = 0) -> Iterator[Running]:
    """`python -m module`, ready when it has printed a line and, where it has a *port*, listens there; killed afterwards."""
    began = time.perf_counter()
    with Popen([sys.executable, "-m", module, *arguments], stdout=PIPE, text=True) as child:
        try:
            if child.stdout is None or not child.stdout.readline():
                raise RuntimeError(f"{module} did not get ready")
            while port and not _listens(port):
                time.sleep(0.01)
            yield Running(child.pid, port, time.perf_counter() - began)
        finally:
            child.kill()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
