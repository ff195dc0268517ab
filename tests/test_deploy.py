"""What operators are given fits the bot they run: figures, settings, ports, commands and paths."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.__main__ import _COMMANDS
from bot.metrics import Metrics
from bot.settings import Settings

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}
TEXTS = {
    path.relative_to(DEPLOY).as_posix(): path.read_text()
    for path in sorted(DEPLOY.rglob("*"))
    if path.suffix in {".yaml", ".service", ".timer", ".md"} or path.name == "Dockerfile"
}


def figures() -> set[str]:
    """Every name on the metrics page."""
    page = Metrics(25).page().decode()
    families = re.findall(r"^# TYPE (\S+) (\w+)", page, re.MULTILINE)
    suffixes = {"histogram": ("_bucket", "_sum", "_count")}
    return {name + suffix for name, kind in families for suffix in ("", *suffixes.get(kind, ()))}


@pytest.mark.parametrize("name", ["grafana/recipro.json", "grafana/alerts.yaml"])
def test_dashboard_and_alerts_ask_only_for_figures_that_there_are(name: str) -> None:
    asked = set(re.findall(r"\b(?:recipro|process)_\w+", (DEPLOY / name).read_text()))
    assert len(asked) >= 5
    assert asked - figures() == set()


def test_the_dashboard_shows_every_figure() -> None:
    board = (DEPLOY / "grafana/recipro.json").read_text()
    ours = {name for name in figures() if name.startswith("recipro_") and not name.endswith(("_created", "_sum"))}
    bare = {re.sub(r"_(bucket|count)$", "", name) for name in ours}
    assert [name for name in sorted(bare) if name not in board] == []
    ids = [panel["id"] for panel in json.loads(board)["panels"]]
    assert len(ids) == len(set(ids)) >= 12


@pytest.mark.parametrize("name", [name for name in TEXTS if not name.endswith("README.md")])
def test_every_setting_is_one_that_the_bot_knows(name: str) -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}
    known |= {f"{each}_FILE" for each in known} | POSTGRES
    named = set(re.findall(r"\b(?:TELEGRAM|DATABASE|RECIPRO|WEBHOOK|HTTP|LOG|POSTGRES)_[A-Z_]+\b", TEXTS[name]))
    assert named - known == set()


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_is_one_that_there_is(name: str) -> None:
    said = re.findall(r"\brecipro (run|status|doctor|backup|restore|key|migrate|rekey|sandbox|[a-z-]+)\b", TEXTS[name])
    told = {each for each in said if f"recipro/bin/recipro {each}" in TEXTS[name] or f"`recipro {each}" in TEXTS[name]}
    assert told - set(_COMMANDS) == set()


def test_nobody_runs_as_root_or_writes_where_it_need_not() -> None:
    dockerfile = TEXTS["Dockerfile"]
    assert [line for line in dockerfile.splitlines() if line.startswith("USER")][-1] == "USER 10001:10001"
    assert "--require-hashes" in dockerfile
    for name, needs in {
        "compose.yaml": ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"),
        "kubernetes/deployment.yaml": ("readOnlyRootFilesystem: true", "runAsNonRoot: true", "drop: [ALL]"),
        "systemd/recipro.service": ("ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n"),
    }.items():
        assert [need for need in needs if need not in TEXTS[name]] == []


def test_ports_and_paths_are_those_of_the_bot() -> None:
    default = Settings.model_fields["http_port"].default
    for name in ("Dockerfile", "compose.yaml", "kubernetes/deployment.yaml", "kubernetes/network.yaml"):
        assert str(default) in TEXTS[name]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert path in TEXTS["kubernetes/deployment.yaml"]
    assert "path: /telegram" in TEXTS["kubernetes/ingress.yaml"]


def test_a_stop_is_given_more_time_than_it_takes() -> None:
    assert "TimeoutStopSec=15" in TEXTS["systemd/recipro.service"]
    assert "stop_grace_period: 15s" in TEXTS["compose.yaml"]
    grace = int(re.findall(r"terminationGracePeriodSeconds: (\d+)", TEXTS["kubernetes/deployment.yaml"])[0])
    pause = int(re.findall(r'command: \[sleep, "(\d+)"\]', TEXTS["kubernetes/deployment.yaml"])[0])
    assert grace - pause >= 15
