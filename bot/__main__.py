"""The command line: ``python -m bot run | sandbox | migrate | status | rekey | doctor | backup | restore | check-content | key``, installed as ``recipro``.

Whatever stops a start is said in one sentence on standard error, with exit status 2.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from bot import log, loop, processor
from bot.settings import Settings, SettingsError, keys, read

USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser("recipro", description="A Telegram bot that helps two people keep caring.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="the bot itself; needs TELEGRAM_BOT_TOKEN")
    sandbox = commands.add_parser("sandbox", help="two phones in a browser, no token needed")
    sandbox.add_argument("--port", type=int, default=None)
    commands.add_parser("migrate", help="bring the database's schema up to date")
    status = commands.add_parser("status", help="what is due, sent and late; exit status 1 when something alarms")
    status.add_argument("--json", action="store_true", help="for programs")
    backup = commands.add_parser("backup", help="copy the database while the bot runs")
    backup.add_argument("folder")
    backup.add_argument("--keep", type=int, default=14, help="how many copies stay (14)")
    restore = commands.add_parser("restore", help="put a copy back; what was there is moved aside")
    restore.add_argument("file")
    commands.add_parser("rekey", help="seal everything with the newest key, while the bot runs")
    commands.add_parser("doctor", help="look at everything a start needs, and say what to do")
    commands.add_parser("check-content", help="check every prompt and catalog")
    gallery = commands.add_parser("gallery", help="draw every picture in every language into a folder, to look at")
    gallery.add_argument("folder")
    commands.add_parser("key", help="print a new key for RECIPRO_KEYS")
    options = parser.parse_args(arguments)
    try:
        return int(_COMMANDS[options.command](options))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if (sentence := _sentence(error)) is None:
            raise
        sys.stderr.write(f"recipro: {sentence}\n")
        return USAGE


def _sentence(error: Exception) -> str | None:
    """What to say about an error that an operator can mend; None for a fault of ours."""
    from bot.app import StartError
    from bot.speech.library import ContentError
    from bot.storage.columns import WrongKeyError
    from bot.storage.store import StoreError

    if isinstance(error, WrongKeyError):
        return (
            "RECIPRO_KEYS (or the key file) does not open this database. Put the right key back; nothing was changed."
        )
    if isinstance(error, StartError | StoreError | SettingsError | ContentError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.strerror or error}. Is another program using the port? Choose another with HTTP_PORT or SANDBOX_PORT."
    return None


def _settings() -> Settings:
    settings = read()
    log.set_up(settings.log_level, settings.log_format)
    return settings


def _run(_options: argparse.Namespace) -> int:
    from bot.app import App

    settings = _settings()

    async def whole() -> int:
        app = App(settings)
        _stop_on_signals(app.stopping)
        try:
            await app.start()
            staying = asyncio.create_task(processor.keep_to_one())
            status = await app.run()
            staying.cancel()
            return status
        finally:
            await app.stop()

    return loop.run(whole())


def _sandbox(options: argparse.Namespace) -> int:
    from bot.sandbox.play import play

    settings = read()
    log.set_up("WARNING" if settings.log_level == "INFO" else settings.log_level, settings.log_format)
    port = options.port if options.port is not None else settings.sandbox_port
    return asyncio.run(play(settings, port=port))


def _migrate(_options: argparse.Namespace) -> int:
    from bot.storage.columns import Seal
    from bot.storage.store import open_store

    settings = _settings()
    open_store(settings.database_url.get_secret_value(), seal=Seal(keys(settings)))
    sys.stdout.write("The database is up to date.\n")
    return 0


def _status(options: argparse.Namespace) -> int:
    from bot.status import main as status

    return status(_settings(), as_json=options.json)


def _backup(options: argparse.Namespace) -> int:
    from bot.backup import main_backup

    return main_backup(_settings().database_url.get_secret_value(), options.folder, options.keep)


def _restore(options: argparse.Namespace) -> int:
    from bot.apart import Apart
    from bot.backup import main_restore
    from bot.status import running

    settings = _settings()
    if running(settings) is not None:
        raise SettingsError("The bot is running; stop it first, so that it does not write into what is moved aside.")
    return main_restore(settings.database_url.get_secret_value(), options.file, keys(settings), Apart(settings.apart))


def _rekey(_options: argparse.Namespace) -> int:
    from bot.rekey import main as rekey

    settings = _settings()
    return rekey(settings.database_url.get_secret_value(), keys(settings))


def _doctor(_options: argparse.Namespace) -> int:
    from bot.doctor import main as doctor

    log.set_up("CRITICAL", "text")
    return doctor(read)


def _check_content(_options: argparse.Namespace) -> int:
    from bot.app import wall_clock
    from bot.speech import helplines
    from bot.speech.check import check
    from bot.speech.library import load

    status = check()
    if not status:
        helplines.report(load(), wall_clock().date())
    return status


def _gallery(options: argparse.Namespace) -> int:
    from bot.speech import library
    from bot.speech.gallery import hang

    files = hang(Path(options.folder), library.load())
    sys.stdout.write(f"{len(files)} pictures in {options.folder}\n")
    return 0


def _key(_options: argparse.Namespace) -> int:
    from cryptography.fernet import Fernet

    sys.stdout.write(Fernet.generate_key().decode() + "\n")
    return 0


def _stop_on_signals(stopping: asyncio.Event) -> None:
    running = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            running.add_signal_handler(each, stopping.set)


_COMMANDS = {
    "run": _run,
    "sandbox": _sandbox,
    "migrate": _migrate,
    "status": _status,
    "backup": _backup,
    "restore": _restore,
    "rekey": _rekey,
    "doctor": _doctor,
    "check-content": _check_content,
    "gallery": _gallery,
    "key": _key,
}

if __name__ == "__main__":
    sys.exit(main())
