"""A release in one command: `make release VERSION=1.2.3` sets the version, dates the changelog, builds the wheel, tags.

Refuses a tree with changes, a version that is not newer, and a changelog that has nothing to say. Until the wheel is built
nothing is committed, and what was changed is put back when something fails. It pushes nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNRELEASED = "## Unreleased"
IMAGES = ("deploy/kubernetes/deployment.yaml", "deploy/kubernetes/backup.yaml")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_IN_CODE = re.compile(r'(?m)^__version__ = "([^"]+)"$')
_IMAGE = re.compile(r"(image: registry\.example/recipro(?:-tools)?):\S+")


class Refusal(Exception):  # noqa: N818 - a refusal is what it is
    """The release cannot be made; the message says why."""


def release(version: str, root: Path = ROOT) -> Path:
    """Make release *version* of the checkout at *root*; the wheel. Raises Refusal, and then nothing has changed."""
    current = _found(_IN_CODE, (root / "bot" / "__init__.py").read_text(), "bot/__init__.py names no version")
    changelog = (root / "CHANGELOG.md").read_text()
    if _VERSION.fullmatch(version) is None:
        raise Refusal(f"{version or 'nothing'} is no version: make release VERSION=1.2.3")
    _check_order(version, current, changelog)
    if _git(root, "status", "--porcelain"):
        raise Refusal("there are changes that are not committed")
    if _git(root, "tag", "--list", f"v{version}"):
        raise Refusal(f"v{version} has been released")
    if not _news(changelog):
        raise Refusal("CHANGELOG.md has nothing under Unreleased")
    try:
        changed = _write(root, version, changelog)
        wheel = _build(root, version)
    except BaseException:
        _git(root, "checkout", "--", ".")
        raise
    _git(root, "add", *changed)
    _git(root, "commit", "--quiet", "--message", f"Release {version}")
    message = f"Recipro {version}\n\n{_news(changelog)}"
    _git(
        root, "tag", "--annotate", f"v{version}", "--cleanup", "whitespace", "--message", message
    )  # keeps its ### lines
    return wheel


def _check_order(version: str, current: str, changelog: str) -> None:
    """The first release may have the version that the code has had all along; every other is newer."""
    first = re.search(r"(?m)^## \d", changelog) is None
    order = [tuple(map(int, each.split("."))) for each in (version, current)]
    if order[0] < order[1] or (order[0] == order[1] and not first):
        raise Refusal(f"{version} is not newer than {current}")


def _news(changelog: str) -> str:
    """What stands under Unreleased, without headings that have nothing under them."""
    _, _, rest = changelog.partition(f"{UNRELEASED}\n")
    said = re.split(r"(?m)^## ", rest, maxsplit=1)[0]
    return said.strip() if re.search(r"(?m)^- \S", said) else ""


def _write(root: Path, version: str, changelog: str) -> list[str]:
    today = datetime.now(UTC).date().isoformat()
    texts = {
        "bot/__init__.py": _IN_CODE.sub(f'__version__ = "{version}"', (root / "bot" / "__init__.py").read_text()),
        "CHANGELOG.md": changelog.replace(f"{UNRELEASED}\n", f"{UNRELEASED}\n\n## {version} - {today}\n", 1),
    }
    for name in IMAGES:
        texts[name] = _IMAGE.sub(rf"\1:{version}", (root / name).read_text())
    for name, text in texts.items():
        (root / name).write_text(text)
    return list(texts)


def _build(root: Path, version: str) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    wheel = root / "dist" / f"recipro-{version}-py3-none-any.whl"
    if done.returncode != 0 or not wheel.is_file():
        raise Refusal(f"the wheel could not be built: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    if (bad := zipfile.ZipFile(wheel).testzip()) is not None:
        raise Refusal(f"the wheel is damaged at {bad}")
    return wheel


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode != 0:
        raise Refusal(f"git {arguments[0]}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return done.stdout.strip()


def _found(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise Refusal(otherwise)
    return match[1]


if __name__ == "__main__":
    try:
        made = release(sys.argv[1] if len(sys.argv) > 1 else "")
    except Refusal as refusal:
        sys.exit(f"No release: {refusal}.")
    print(f"{made.relative_to(ROOT)} is built, the commit and its tag are made. To publish: git push --follow-tags")
