"""``python -m tests.bench [group …]``: measure, and report to build/bench/report.json and report.md.

Each group is a module with ``rows() -> list[dict]`` and runs in a process of its own. A group that is measured alone takes
the place of its last figures in the report. QUICK=1 proves that everything runs, and reports to quick.*.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
import time
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from pathlib import Path
from subprocess import PIPE, run
from tempfile import mkdtemp

from tests.bench import town
from tests.bench.measure import QUICK, Row, load, machine, table, wait_for_quiet

GROUPS = ("beat", "burst", "path", "sustain", "send", "limits", "hear", "ready", "picture", "start", "page")
FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"
QUIET, PATIENCE = 0.7, 300.0
"""Load average at which a group begins, and seconds that are waited for it."""


def main() -> int:
    """Measure what the command line names, or everything."""
    parser = argparse.ArgumentParser("python -m tests.bench")
    parser.add_argument("groups", nargs="*", metavar="group", help=" ".join(GROUPS))
    parser.add_argument("--inside", action="store_true", help="measure in this process, and only print the rows")
    options = parser.parse_args()
    if strangers := set(options.groups) - set(GROUPS):
        parser.error(f"no group is called {', '.join(sorted(strangers))}; there are {', '.join(GROUPS)}")
    if options.inside:
        found = {name: importlib.import_module(f"tests.bench.{name}").rows() for name in options.groups}
        json.dump(found, sys.stdout)
        return 0
    larder = Path(mkdtemp(prefix="recipro-bench-"))
    os.environ[town.LARDER] = str(larder)
    try:
        parts = [part for name in options.groups or GROUPS if (part := measured(name)) is not None]
    finally:
        town.clear_larder(larder)
    report(parts)
    return 1 if any("failed" in part for part in parts) else 0


def measured(name: str) -> Row | None:
    """One group's part of the report; None where the group is not there."""
    if importlib.util.find_spec(f"tests.bench.{name}") is None:
        sys.stderr.write(f"{name}: not there\n")
        return None
    module = importlib.import_module(f"tests.bench.{name}")
    if iscoroutinefunction(module.rows):
        sys.stderr.write(f"{name}: run by hand, python -m tests.bench.{name}\n")
        return None
    if not QUICK:
        wait_for_quiet(QUIET, PATIENCE)
    before, began = load(), time.perf_counter()
    sys.stderr.write(f"{name} (load {before}) … ")
    sys.stderr.flush()
    child = run([sys.executable, "-m", "tests.bench", "--inside", name], stdout=PIPE, text=True, check=False)
    part: Row = {
        "group": name,
        "about": (module.__doc__ or name).partition("\n")[0],
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "seconds": round(time.perf_counter() - began),
        "load before": before,
        "load after": load(),
    }
    sys.stderr.write(f"{part['seconds']} s (load {part['load after']})\n")
    if child.returncode:
        return {**part, "failed": f"exit status {child.returncode}", "rows": []}
    return {**part, "rows": json.loads(child.stdout)[name]}


def report(parts: list[Row]) -> None:
    """Write *parts* down, beside what other runs have left of other groups."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / ("quick.json" if QUICK else "report.json")
    kept = json.loads(path.read_text())["groups"] if path.exists() else []
    every = {part["group"]: part for part in (*kept, *parts)}
    whole = {"machine": machine(), "groups": [every[name] for name in GROUPS if name in every]}
    path.write_text(json.dumps(whole, indent=1))
    text = written(whole)
    path.with_suffix(".md").write_text(text)
    print(text)


def written(whole: Row) -> str:
    """The report in Markdown."""
    goals = [
        {"what": row["what"], "goal": row["goal"], "reached": _reached(row), "met": row["met"]}
        for part in whole["groups"]
        for row in part["rows"]
        if "goal" in row
    ]
    lines = ["# Measured", "", ", ".join(f"{name} {value}" for name, value in whole["machine"].items()) + ".", ""]
    if goals:
        lines += ["## Goals", "", table(goals), ""]
    for part in whole["groups"]:
        loads = f"load {part['load before']} before, {part['load after']} after"
        lines += [f"## {part['group']}", "", f"{part['about']} ({part['at']}, {part['seconds']} s, {loads})", ""]
        lines += [f"Failed: {part['failed']}." if "failed" in part else table(part["rows"]), ""]
    return "\n".join(lines)


def _reached(row: Row) -> str:
    return f"{row['reached']}" if "reached" in row else f"{row['median']:g} {row['unit']}"


if __name__ == "__main__":
    sys.exit(main())
