"""`make release`, in a clone: the version everywhere, the changelog dated, a wheel, a tag; or nothing at all."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from deploy.release import Refusal, release

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("bot/", "content/", "locales/", "deploy/", "pyproject", "README", "LICENSE", "CHANGELOG", ".gitignore")
IDENTITY = {f"GIT_{who}_{what}": "tests@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=clone, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own with what this checkout holds now."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    there = tmp_path / "clone"
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file() and name.startswith(NEEDED):
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, there / name)
    git(there, "init", "--quiet", "--initial-branch", "main")
    git(there, "add", "--all")
    git(there, "commit", "--quiet", "--message", "as it is")
    return there


def state(clone: Path) -> tuple[str, str, str]:
    return git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain"), git(clone, "tag")


def test_a_release_is_one_command(clone: Path) -> None:
    news = (clone / "CHANGELOG.md").read_text()
    wheel = release("0.9.0", clone)
    assert wheel.name == "recipro-0.9.0-py3-none-any.whl"
    assert '__version__ = "0.9.0"' in zipfile.ZipFile(wheel).read("bot/__init__.py").decode()
    said = (clone / "CHANGELOG.md").read_text()
    before, _, after = said.partition("## 0.9.0 - 2")
    assert before.rstrip().endswith("## Unreleased")
    assert news.partition("## Unreleased\n")[2].strip() in after
    assert "image: registry.example/recipro:0.9.0" in (clone / "deploy/kubernetes/deployment.yaml").read_text()
    assert git(clone, "log", "-1", "--format=%s") == "Release 0.9.0"
    assert git(clone, "describe", "--exact-match") == "v0.9.0"
    assert (
        git(clone, "tag", "--list", "--format", "%(contents:body)", "v0.9.0")
        == news.split("\n## ")[1].split("\n", 1)[1].strip()
    )
    assert git(clone, "status", "--porcelain") == ""
    for version, why in (("0.9.0", "not newer"), ("0.8.9", "not newer"), ("0.9.1", "nothing under Unreleased")):
        with pytest.raises(Refusal, match=why):
            release(version, clone)


def test_what_is_not_fit_is_refused_and_nothing_changes(clone: Path) -> None:
    was = state(clone)
    for version in ("", "1", "1.0", "v1.0.0", "1.0.0rc1", "latest"):
        with pytest.raises(Refusal, match="no version"):
            release(version, clone)
    assert state(clone) == was
    (clone / "stray").write_text("x")
    with pytest.raises(Refusal, match="not committed"):
        release("0.9.0", clone)
    (clone / "stray").unlink()
    assert state(clone) == was


def test_a_build_that_fails_leaves_no_trace(clone: Path) -> None:
    (clone / "pyproject.toml").write_text("[build-system\n")
    git(clone, "commit", "--quiet", "--all", "--message", "broken")
    was = state(clone)
    with pytest.raises(Refusal, match="could not be built"):
        release("0.9.0", clone)
    assert state(clone) == was
