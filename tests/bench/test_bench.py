"""The bench does not rot: every group runs, small, and reports; the soak finds whoever was missed or sent twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.bench.soak import judged

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("beat", "burst", "path", "sustain", "send", "limits", "hear", "ready")


def test_every_group_runs_and_reports() -> None:
    """What they measure in so short a time means nothing; that they measure is what counts."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--inside", *GROUPS],
        cwd=ROOT,
        env={**os.environ, "QUICK": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    groups = json.loads(done.stdout)
    for group in GROUPS:
        assert any(row["who"].startswith("recipro") and row.get("runs") for row in groups[group]), group
    rows = [row for group in GROUPS for row in groups[group]]
    assert all(row["met"] is None for row in rows if "goal" in row), "a quick run claims nothing"


def test_the_soak_tells_who_was_missed_and_who_was_sent_twice() -> None:
    told = {
        1: [("sent", 1)],
        2: [("sent", 1)],
        3: [("unknown", 2)],
        4: [("sent", 2)],
        5: [("sent", 1)],
        6: [],
        7: [("dropped", 0)],
        8: [("waiting", 0)],
    }
    verdict = judged(told, Counter({1: 1, 4: 2, 5: 2}))
    assert verdict["missed"] == 3, "2 was called sent and got nothing, 6 was forgotten, 8 still waits"
    assert verdict["twice, on record as uncertain"] == 1
    assert verdict["twice without a record"] == 1
    assert verdict["of these nothing came to"] == 1
    assert judged({1: [("sent", 2)]}, Counter({1: 3}))["three times"] == 1
