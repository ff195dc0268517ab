"""The wheel, installed into an empty environment, runs the sandbox too."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

from bot.speech.pictures.letters import NAMES

ROOT = Path(__file__).resolve().parent.parent


def test_the_wheel_carries_content_and_compiled_catalogs_and_runs(tmp_path: Path) -> None:
    """Its dependencies are lent by this environment; that they suffice is the lock file's business."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "bot/_data/content/prompts/hi-IN/checkin.toml" in names
    assert "bot/_data/locales/ar/LC_MESSAGES/bot.mo" in names
    assert "bot/sandbox/page/page.js" in names
    for face in NAMES:
        assert f"bot/speech/pictures/fonts/{face}.ttf" in names
        assert f"bot/speech/pictures/fonts/{face}.OFL.txt" in names, "a typeface travels with its licence"
    assert any(name.startswith("bot/storage/migrations/versions/0001") for name in names)

    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    here = subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    there = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    zipfile.ZipFile(wheel).extractall(there)
    (Path(there) / "lent.pth").write_text(here)
    drawing = (
        "import asyncio, bot\n"
        "from bot.courier.easel import Easel\n"
        "from bot.speech.pictures.invite import InvitePicture\n"
        "async def main():\n"
        "    easel = Easel(1)\n"
        "    one = InvitePicture(link='https://t.me/x?start=K7MPQ2XW', code='K7MPQ2XW', label='दो', title='لا', how='a', rtl=False)\n"
        "    png = await easel.draw(one, lane=0)\n"
        "    await easel.close()\n"
        "    print(bot.__file__, png[1:4].decode())\n"
        "asyncio.run(main())\n"
    )
    drawn = subprocess.run([python, "-c", drawing], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert str(home) in drawn, "the installed copy, not this checkout"
    assert drawn.strip().endswith("PNG")
    with subprocess.Popen(
        [python, "-m", "bot", "sandbox", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0
    checked = subprocess.run(
        [python, "-m", "bot", "check-content"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
