"""The first line of every message: what a locked screen shows to whoever stands beside it.

No name of anyone, no words that anyone has written, no "reset", no "help", no "conflict", in any of the four languages.
World.check() asks it of every message that any journey produces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.sandbox.telegram import Telegram
from bot.speech.card import plain, spoken

GIVES_AWAY = re.compile(
    r"\breset\b|\bhelp|\bconflict|\bquarrel|\babuse|\bviolen"
    r"|फिर से शुरू|रीसेट|मदद|सहायता|झगड़|हिंसा"
    r"|لنبدأ من جديد|مساعدة|خلاف|شجار|عنف"
    r"|repart à neuf|réinitialis|\baide\b|\bconflit|\bdispute|\bviolence",
    re.IGNORECASE,
)
SENDS = frozenset({"sendMessage", "sendPhoto", "editMessageText", "editMessageCaption"})
LEAST = 6
"""Signs of what a person wrote that are looked for: a shorter line could stand in ours by chance."""


def given_away(telegram: Telegram) -> Iterator[str]:
    """What first lines give away, as sentences."""
    written = _written(telegram)
    called = {str(person.user["first_name"]) for person in telegram.people.values()}
    names = re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in called if len(name) > 2) or '(?!)'})\b")
    for line in dict.fromkeys(_first_lines(telegram)):
        if found := GIVES_AWAY.search(line):
            yield f"“{found.group(0)}” stands in the first line: {line}"
        if found := names.search(line):
            yield f"the name {found.group(0)} stands in the first line: {line}"
        for words in written:
            if words in line:
                yield f"what somebody wrote stands in the first line: {line}"


def _first_lines(telegram: Telegram) -> Iterator[str]:
    for call in telegram.journal():
        if call.method in SENDS and call.error is None:
            yield plain(str(call.params.get("text") or call.params.get("caption") or "")).partition("\n")[0]


def _written(telegram: Telegram) -> set[str]:
    """What people wrote, without commands and without the words of buttons."""
    said: set[str] = set()
    labels: set[str] = set()
    for person in telegram.people.values():
        for post in person.chat.posts.values():
            if post.message["from"] is telegram.bot:
                rows = post.message.get("reply_markup", {}).get("inline_keyboard", [])
                labels |= {spoken(button["text"]) for row in rows for button in row}
            else:
                said.add(str(post.message.get("text") or post.message.get("caption") or "").partition("\n")[0].strip())
    return {text for text in said if len(text) >= LEAST and not text.startswith("/") and spoken(text) not in labels}
