"""The peer of hear.py: python-telegram-bot's run_webhook, and one row an update by a session of SQLAlchemy's ORM.

`python -m tests.bench.hear_ptb telegram database port`; prints a line when it hears. SQLite gets the pragmas that ours has.
"""

from __future__ import annotations

import logging
import sqlite3
import sys

from sqlalchemy import BigInteger, Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackContext, MessageHandler, filters

from tests.bench.stand import TOKEN
from tests.bench.whole import SECRET

KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Share with Asha", callback_data="share")]])


class Base(DeclarativeBase):
    """The peer's one table."""


class Entry(Base):
    """What somebody wrote."""

    __tablename__ = "entry"
    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, index=True)
    words: Mapped[str]


def opened(url: str) -> Engine:
    """The database, with the peer's table."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _as_ours)
    Base.metadata.create_all(engine)
    return engine


def _as_ours(raw: sqlite3.Connection, _record: object) -> None:
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=NORMAL")


def listen(telegram: str, engine: Engine, port: int) -> None:
    """Hear, keep, answer, until killed."""

    async def hear(update: Update, _context: CallbackContext) -> None:  # type: ignore[type-arg]
        message = update.effective_message
        if message is None or message.text is None:
            return
        with Session(engine) as session:
            session.add(Entry(update_id=update.update_id, chat_id=message.chat_id, words=message.text))
            session.commit()
        await message.reply_text("Kept, for your eyes only.", reply_markup=KEYS)

    async def ready(_application: object) -> None:
        print("ready", flush=True)

    logging.disable(logging.CRITICAL)  # a traceback for each answer that found no connection
    builder = Application.builder().token(TOKEN).base_url(f"{telegram}/bot").concurrent_updates(True)
    application = builder.post_init(ready).build()
    application.add_handler(MessageHandler(filters.TEXT, hear))
    address = f"http://127.0.0.1:{port}/telegram"
    application.run_webhook("127.0.0.1", port, "telegram", webhook_url=address, secret_token=SECRET)


if __name__ == "__main__":
    listen(sys.argv[1], opened(sys.argv[2]), int(sys.argv[3]))
