"""The wheel, installed into an empty environment, runs the sandbox too."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Server
from bot.sandbox.telegram import TOKEN, Telegram
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
    python, recipro = home / "bin" / "python", home / "bin" / "recipro"
    told = [
        subprocess.run(
            [each, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for each in (sys.executable, python)
    ]
    install = ["-m", "uv", "pip", "install", "-q", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    (Path(told[1]) / "lent.pth").write_text(told[0])
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
        [recipro, "sandbox", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0
    checked = subprocess.run(
        [python, "-m", "bot", "check-content"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    _runs(recipro, tmp_path)


def _runs(recipro: Path, folder: Path) -> None:
    """`recipro run` against the sandbox's Telegram, from nothing to ready to a clean end; doctor and status beside it."""
    (folder / "home").mkdir()
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM", "RECIPRO", "PYTHONPATH"))
    }

    def said(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [recipro, *arguments],
            cwd=folder / "home",
            env={**clean, **given},
            capture_output=True,
            text=True,
            check=False,
        )

    refused = said("run")
    assert refused.returncode == 2
    assert "@BotFather" in refused.stderr
    assert "locale files  9 locales" in said("doctor").stdout
    assert list((folder / "home").iterdir()) == [], "nothing has been made yet"

    async def whole() -> None:
        clock = SandboxClock()
        server = Server(Telegram(clock.now), clock, "127.0.0.1", 0)
        await server.start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        given = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "HTTP_PORT": port}
        bot = await asyncio.create_subprocess_exec(recipro, "run", cwd=folder / "home", env={**clean, **given})
        try:
            async with asyncio.timeout(60), aiohttp.ClientSession() as client:
                while bot.returncode is None:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                            if answer.status == 200:
                                break
                    await asyncio.sleep(0.05)
            doctor = await asyncio.to_thread(lambda: said("doctor", **given))
            assert (doctor.returncode, "MEND" in doctor.stdout) == (0, False), doctor.stdout
            status = await asyncio.to_thread(lambda: said("status", **given))
            assert (status.returncode, "beat" in status.stdout) == (0, True), status.stdout
        finally:
            bot.terminate()
            assert await asyncio.wait_for(bot.wait(), 20) == 0
            await server.stop()

    asyncio.run(whole())
