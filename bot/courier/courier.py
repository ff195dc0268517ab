"""Card -> Telegram -> Outcome. The only place that catches telegram.error while sending.

It decides neither whether nor when something is sent; it never sends twice by itself, but for a card that Telegram
cannot read, which goes once more as plain text.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.courier.outcome import Blocked, Failed, Later, Outcome, Revoked, Sent, Unknown
from bot.courier.request import MayBeTakenError, NeverSentError
from bot.courier.throttle import REPLY, Throttle
from bot.domain.gestures import Medium, shorten
from bot.speech import settings as words
from bot.speech.card import CAPTION_LIMIT, Button, Card, plain, visible_units
from bot.speech.voice import Voice

log = logging.getLogger(__name__)

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
RETRY = 5.0
"""Seconds before something that never reached Telegram is tried again."""
_BLOCKED = (
    ("bot was blocked by the user", "blocked"),
    ("user is deactivated", "deactivated"),
    ("bot can't initiate conversation with a user", "blocked"),
    ("chat not found", "gone"),
    ("peer_id_invalid", "gone"),
)
"""Telegram's exact texts for somebody who cannot be reached; any other 400 is our own mistake."""
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")


class Courier:
    """One bot's way out. *counted* hears the method and what became of each call, for metrics."""

    def __init__(
        self, bot: Bot, throttle: Throttle, *, counted: Callable[[str, Outcome], None] = lambda _m, _o: None
    ) -> None:
        self._bot, self.throttle, self._counted = bot, throttle, counted

    async def send(self, chat_id: int, card: Card, *, lane: int, document: tuple[Medium, str] | None = None) -> Outcome:
        """Send *card* when its lane has a place; *document* is a file of Telegram to pass on after it."""
        await self.throttle.take(chat_id, lane)
        outcome = await self._tried("send", chat_id, lambda: self._send(chat_id, card))
        if isinstance(outcome, Failed) and outcome.why in {"unreadable", "too_long"}:
            log.error("a card could not be read by Telegram and goes as plain text")
            bare = Card(_bare(card), card.buttons, quiet=card.quiet, protect=card.protect)
            outcome = await self._tried("send", chat_id, lambda: self._send(chat_id, bare, plainly=True))
        if isinstance(outcome, Sent):
            await self._attach(chat_id, card, document, lane)
        return outcome

    async def edit(self, chat_id: int, message_id: int, card: Card) -> Outcome:
        """Change a message of ours into *card*. Failed("gone_message") when it is no more: send anew then."""
        await self.throttle.take(None, REPLY)

        async def change() -> Sent:
            await self._bot.edit_message_text(
                card.text,
                chat_id=chat_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=NO_PREVIEW,
                reply_markup=_keyboard(card),
            )
            return Sent(message_id)

        return await self._tried("edit", chat_id, change, message_id=message_id)

    async def acknowledge(self, query_id: str, toast: str | None = None) -> None:
        """Stop a button's spinning clock, perhaps with a few words. One too old is ignored quietly."""
        try:
            await self._bot.answer_callback_query(query_id, text=shorten(toast, 190) if toast else None)
        except TelegramError as error:
            log.debug("a button could not be acknowledged: %s", type(error).__name__)

    async def delete(self, chat_id: int, messages: Sequence[int]) -> None:
        """Delete messages of ours, a hundred at a time; what cannot be deleted stays."""
        for start in range(0, len(messages), 100):
            await self.throttle.take(None, REPLY)
            with suppress(TelegramError):
                await self._bot.delete_messages(chat_id, list(messages[start : start + 100]))

    async def react(self, chat_id: int, message_id: int, emoji: str) -> None:
        """The bot's own reaction: a receipt without words, and no loss if it fails."""
        with suppress(TelegramError):
            await self._bot.set_message_reaction(chat_id, message_id, emoji)

    async def leave(self, chat_id: int) -> None:
        """Leave a group or channel."""
        with suppress(TelegramError):
            await self._bot.leave_chat(chat_id)

    async def menu(self, chat_id: int, voice: Voice) -> None:
        """The command menu of one person, in the exact language they chose."""
        with suppress(TelegramError):
            await self._bot.set_my_commands(_commands(voice), scope=BotCommandScopeChat(chat_id))

    @staticmethod
    def introduction(voices: Mapping[str, Voice]) -> bytes:
        """A fingerprint of what introduce() would say."""
        said = [
            (code, words.description(voice), words.short_description(voice), [c.to_dict() for c in _commands(voice)])
            for code, voice in sorted(voices.items())
        ]
        return hashlib.sha256(repr(said).encode()).digest()

    async def introduce(self, voices: Mapping[str, Voice]) -> bool:
        """Menu, description and short description in every language; whether Telegram took them all."""
        try:
            for code, voice in sorted(voices.items(), key=lambda item: item[0] != "en"):
                language = None if code == "en" else code
                await self._bot.set_my_commands(_commands(voice), language_code=language)
                await self._bot.set_my_description(words.description(voice), language_code=language)
                await self._bot.set_my_short_description(words.short_description(voice), language_code=language)
            await self._bot.set_chat_menu_button()
        except TelegramError as error:
            log.warning("the menus could not be set (%s); the next start tries again", type(error).__name__)
            return False
        return True

    async def _send(self, chat_id: int, card: Card, *, plainly: bool = False) -> Sent:
        mode = None if plainly else ParseMode.HTML
        rest: dict[str, Any] = {
            "disable_notification": card.quiet or None,
            "protect_content": card.protect or None,
            "reply_markup": _markup(card),
        }
        if card.picture is not None:
            fits = visible_units(card.text) <= CAPTION_LIMIT
            sent: Message = await self._bot.send_photo(
                chat_id,
                card.picture.png,
                caption=card.text if fits else None,
                parse_mode=mode if fits else None,
                filename=card.picture.name,
                **(rest if fits else {}),
            )
            if fits:
                return Sent(sent.message_id)
        sent = await self._bot.send_message(
            chat_id, card.text, parse_mode=mode, link_preview_options=NO_PREVIEW, **rest
        )
        return Sent(sent.message_id)

    async def _attach(self, chat_id: int, card: Card, document: tuple[Medium, str] | None, lane: int) -> None:
        """Files that belong to a card that has arrived; one that fails is told by its own outcome."""
        for file in card.documents:
            await self.throttle.take(chat_id, lane)
            body, name = file.body, file.name

            async def send_file(body: bytes = body, name: str = name) -> Sent:
                return Sent((await self._bot.send_document(chat_id, body, filename=name)).message_id)

            await self._tried("document", chat_id, send_file)
        if document is not None:
            await self.throttle.take(chat_id, lane)
            medium, file_id = document
            await self._tried("medium", chat_id, lambda: self._pass_on(chat_id, medium, file_id))

    async def _pass_on(self, chat_id: int, medium: Medium, file_id: str) -> Sent:
        sender: dict[Medium, Callable[[int, str], Any]] = {
            Medium.VOICE: self._bot.send_voice,
            Medium.PHOTO: self._bot.send_photo,
            Medium.STICKER: self._bot.send_sticker,
            Medium.VIDEO_NOTE: self._bot.send_video_note,
        }
        return Sent((await sender[medium](chat_id, file_id)).message_id)

    async def _tried(
        self, method: str, chat_id: int, call: Callable[[], Any], *, message_id: int | None = None
    ) -> Outcome:
        outcome: Outcome
        try:
            outcome = await call()
        except TelegramError as error:
            outcome = self._read(error, chat_id, message_id)
        self._counted(method, outcome)
        return outcome

    def _read(self, error: TelegramError, chat_id: int, message_id: int | None) -> Outcome:
        if isinstance(error, RetryAfter):
            wait = error.retry_after
            seconds = float(wait if isinstance(wait, int | float) else wait.total_seconds())
            return Later(seconds, "too_many", whole_bot=self.throttle.halt(seconds, chat_id))
        if isinstance(error, InvalidToken):
            return Revoked("unauthorized")
        if isinstance(error, ChatMigrated):
            return Failed("migrated")
        if isinstance(error, Forbidden | BadRequest):
            return _refused(error, message_id)
        if isinstance(error, NeverSentError):
            return Later(RETRY, "unreachable")
        if isinstance(error, MayBeTakenError):
            return Unknown("answer_lost")
        if isinstance(error, NetworkError):
            # an answer of Telegram itself that it could not do it; a proxy's page proves nothing
            return Unknown("proxy_error") if error.__cause__ is not None else Later(RETRY, "server_error")
        return Failed(type(error).__name__.lower())


def _refused(error: TelegramError, message_id: int | None) -> Outcome:
    text = error.message.lower()
    for words_of, why in _BLOCKED:
        if words_of in text:
            return Blocked(why)
    if "message is not modified" in text and message_id is not None:
        return Sent(message_id)
    if any(words_of in text for words_of in _GONE):
        return Failed("gone_message")
    if "can't parse entities" in text:
        return Failed("unreadable")
    if "too long" in text:
        return Failed("too_long")
    return Blocked("blocked") if isinstance(error, Forbidden) else Failed("bad_request")


def _bare(card: Card) -> str:
    """A card's text with no markup at all, at a safe length."""
    return shorten(plain(card.text), 4000).replace("&", "＆").replace("<", "‹").replace(">", "›")


def _commands(voice: Voice) -> list[BotCommand]:
    return [BotCommand(name, words.command_words(voice, name)) for name in words.COMMANDS]


def _markup(card: Card) -> InlineKeyboardMarkup | ForceReply | None:
    if card.buttons:
        return _keyboard(card)
    if card.placeholder is not None:
        return ForceReply(input_field_placeholder=card.placeholder[:64])
    return None


def _keyboard(card: Card) -> InlineKeyboardMarkup | None:
    return InlineKeyboardMarkup([[_button(button) for button in row] for row in card.buttons]) if card.buttons else None


def _button(button: Button) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        button.label,
        url=button.url,
        callback_data=button.tap.pack() if button.tap is not None else None,
        copy_text=CopyTextButton(button.copy) if button.copy is not None else None,
        style=button.style,
    )
