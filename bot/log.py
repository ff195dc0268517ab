"""One formatter for every record: ids, kinds, outcomes. Never a token, never a word that a person wrote."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_TOKEN = re.compile(r"\d{6,}:[\w-]{30,}|(?<=/bot)\d+:[\w-]+")
_QUIET = {
    "httpx": logging.WARNING,  # writes whole URLs, token included, at INFO
    "httpcore": logging.WARNING,
    "telegram": logging.ERROR,
    "telegram.ext": logging.ERROR,
    "telegram.Bot": logging.CRITICAL + 1,  # writes whole updates at DEBUG and CRITICAL
    "telegram.ext.Updater": logging.CRITICAL + 1,
    "aiohttp.access": logging.WARNING,
    "apscheduler": logging.ERROR,  # a beat that still runs skips the next one: that is meant
    "alembic": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "asyncio": logging.WARNING,
}


def redact(text: str) -> str:
    """*text* without anything that looks like a bot token."""
    return _TOKEN.sub("…", text)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return redact(f"{at} {record.levelname.lower():7} {record.name}: {_message(record)}")

    def formatException(self, ei: object) -> str:  # noqa: N802, ARG002
        return ""


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        row = {"at": at, "level": record.levelname.lower(), "from": record.name, "message": _message(record)}
        return redact(json.dumps(row, ensure_ascii=False))


def _message(record: logging.LogRecord) -> str:
    """The message, and of an exception its type and where it happened: its text could hold somebody's words."""
    message = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        where: list[str] = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            where.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        message += f" | {type(error).__name__} at " + " < ".join(reversed(where[-8:]))
    return message


def set_up(level: str, style: str) -> None:
    """Send every record to standard error in one form, and keep libraries from saying too much."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_Json() if style == "json" else _Text())
    root = logging.getLogger()
    root.handlers = [output]
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelNamesMapping()[level]))
