"""`deploy/audit.py`: what is known about the pins fails the check; a source that knows nothing is none, and nothing hangs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy import audit

Asked = set[tuple[str, str]]


class Source:
    """A service that speaks like osv.dev, and knows what it is told to know."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {}
        self.asked: Asked = set()
        self.fails_for: Asked = set()
        self.silent = threading.Event()
        self.let_go = threading.Event()
        source = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name, version = body["package"]["name"], body["version"]
                source.asked.add((name, version))
                if source.silent.is_set():
                    source.let_go.wait(30)
                answer = source.answer(name, version)
                self.send_response(500 if (name, version) in source.fails_for else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/query"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, name: str, version: str) -> bytes:
        if (known := self.known.get((name, version))) is None:
            return b"{}"
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}]
        affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
        return json.dumps({"vulns": [{"id": known, "summary": "bad", "affected": affected}]}).encode()


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    there = Source()
    there.known[audit.KNOWN_BAD] = "PYSEC-0"
    monkeypatch.setenv("OSV_URL", there.url)
    yield there
    there.let_go.set()
    there.server.shutdown()
    there.server.server_close()


def test_every_pin_of_every_lock_is_looked_up(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main() == 0
    assert {"python-telegram-bot", "pip-audit", "aiogram", "uvloop"} <= {name for name, _ in audit.pins()}
    assert source.asked - {audit.KNOWN_BAD} == audit.pins()
    counted = f"audit: {len(audit.pins())} pins, 0 unknown to the source; known vulnerabilities: 0\n"
    assert capsys.readouterr().out == counted


def test_a_known_vulnerability_fails_and_says_what_mends_it(
    source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, version = next(pin for pin in audit.pins() if pin[0] == "aiohttp")
    source.known[name, version] = "PYSEC-2099-1"
    assert audit.main() == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{name} {version}: PYSEC-2099-1 (mended in: 99.1)"
    assert said[1].endswith("known vulnerabilities: 1")
    monkeypatch.setitem(audit.ACCEPTED, "PYSEC-2099-1", "it is about a server that we do not run")
    assert audit.main() == 0


def test_a_source_that_knows_nothing_is_no_source(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    """As a mirror answers that has the files and not the reports."""
    source.known.clear()
    assert audit.main() == 0
    assert capsys.readouterr().out == "audit: no source of vulnerabilities can be reached; nothing was looked up\n"
    assert source.asked == {audit.KNOWN_BAD}


def test_nobody_there_and_nobody_answering_end_in_one_line(
    source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "TRY_SECONDS", 2)
    source.silent.set()
    assert audit.main() == 0
    monkeypatch.setenv("OSV_URL", "http://127.0.0.1:9/v1/query")
    assert audit.main() == 0
    assert capsys.readouterr().out == "audit: no source of vulnerabilities can be reached; nothing was looked up\n" * 2


def test_a_source_that_breaks_off_is_named_and_what_was_found_still_fails(
    source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "pins", lambda: {("one", "1"), ("one", "2")})
    source.known["one", "1"] = "PYSEC-2099-2"
    source.fails_for = {("one", "2")}
    assert audit.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "one 1: PYSEC-2099-2 (mended in: 99.1)",
        "audit: the source did not answer to the end; not everything was looked up",
        "audit: 2 pins, 0 unknown to the source; known vulnerabilities: 1",
    ]
