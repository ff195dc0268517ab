"""Known vulnerabilities of everything that is pinned, where a source can be asked: part of `make check`.

A source counts only if it knows of one old release that is vulnerable for certain: an index mirror that has the files and not
the reports would find everything in order. Where none answers, that is said in one line and nothing fails.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
KNOWN_BAD = ("flask", "0.12")
"""CVE-2018-1000656."""
ACCEPTED: dict[str, str] = {}
"""Reports, by id, that do not touch us, each with the reason; they go when there is a release without them."""
TRY_SECONDS, ASK_SECONDS = 15, 180
"""How long a source may take to be found, and to answer for everything."""
_PIN = re.compile(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
Pin = tuple[str, str]


def pins(root: Path = ROOT) -> set[Pin]:
    """Every name and version that any lock names, for whatever system."""
    return {(name, version) for lock in LOCKS for name, version in _PIN.findall((root / lock).read_text())}


def sources() -> list[list[str]]:
    """What is asked, in this order, as options of pip-audit; OSV_URL names another service that speaks like osv.dev."""
    if url := os.environ.get("OSV_URL"):
        return [["--vulnerability-service", "osv", "--osv-url", url]]
    return [["--vulnerability-service", "pypi"], ["--vulnerability-service", "osv"]]


def main() -> int:
    """0 when nothing is known or nobody can be asked, 1 when something is known."""
    asked = next((source for source in sources() if _vulnerable(_report(source, [KNOWN_BAD], TRY_SECONDS))), None)
    if asked is None:
        print("audit: no source of vulnerabilities can be reached; nothing was looked up")
        return 0
    everything = pins()
    reports = [_report(asked, some, ASK_SECONDS) for some in _each_name_once(everything)]
    found = sorted(line for report in reports for line in _vulnerable(report))
    unknown = sum("skip_reason" in each for report in reports for each in report or [])
    for line in found:
        print(line)
    if None in reports:
        print("audit: the source did not answer to the end; not everything was looked up")
    print(f"audit: {len(everything)} pins, {unknown} unknown to the source; known vulnerabilities: {len(found)}")
    return 1 if found else 0


def _each_name_once(everything: Iterable[Pin]) -> list[list[Pin]]:
    """*everything* in as few lists as hold no name twice: locks differ, and pip-audit takes one version of a name."""
    versions: defaultdict[str, list[Pin]] = defaultdict(list)
    for pin in sorted(everything):
        versions[pin[0]].append(pin)
    return [[pin for pin in some if pin is not None] for some in zip_longest(*versions.values())]


def _report(source: Sequence[str], some: Iterable[Pin], seconds: float) -> list[dict[str, object]] | None:
    """What pip-audit finds about *some*; None when the source does not answer, or not in time."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pins.txt"
        listed.write_text("".join(f"{name}=={version}\n" for name, version in some))
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--progress-spinner", "off"]
        command += ["--format", "json", "--timeout", "5", *source, "--requirement", str(listed)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
            report: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            return None
    return report


def _vulnerable(report: list[dict[str, object]] | None) -> list[str]:
    """A line for each known vulnerability that is not accepted."""
    lines = []
    for each in report or []:
        for known in each.get("vulns", []):  # type: ignore[attr-defined]
            if not {known["id"], *known["aliases"]} & ACCEPTED.keys():
                better = ", ".join(known["fix_versions"]) or "no release yet"
                lines.append(f"{each['name']} {each['version']}: {known['id']} (mended in: {better})")
    return lines


if __name__ == "__main__":
    sys.exit(main())
