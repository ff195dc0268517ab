"""Card -> Telegram -> Outcome. The only place that catches telegram.error while sending.

It decides neither whether nor when something is sent. It repeats only what Telegram has refused: a card that cannot be
read goes once more as plain text, one with new kinds of buttons once more with simple ones.
"""

from __future__ import annotations

import hashlib
import logging
import time
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.courier.easel import CrowdedError, Easel, UndrawnError
from bot.courier.outcome import Blocked, Failed, Later, Outcome, Revoked, Sent, Unknown
from bot.courier.request import LEAVING, MayBeTakenError, NeverSentError, as_json
from bot.courier.throttle import REPLY, ClosedError, Throttle
from bot.domain.gestures import Medium, shorten
from bot.speech import settings as words
from bot.speech.card import CAPTION_LIMIT, TEXT_LIMIT, Button, Card, plain
from bot.speech.voice import Voice

log = logging.getLogger(__name__)

NEWEST = 0.05
"""How much the newest weighs in how long something takes lately."""
RETRY = 5.0
"""Seconds before something that never reached Telegram is tried again."""
PATIENCE = 10.0
"""Seconds a broadcast waits here for its place: it is claimed, and its lease runs (storage.deliveries.LEASE)."""
SPIN = 5.0
"""Seconds after which stopping a button's clock is of no more use."""
TOAST = 190
"""UTF-16 units of the few words over a button; Telegram takes 200 characters."""
HINT = 64
"""Characters of the hint in the input field (core.telegram.org/bots/api#forcereply)."""
AT_ONCE = 100
"""Messages that one deleteMessages takes."""

# What Telegram says, in lower case and without "Forbidden: " or "Bad Request: ". Compared as a whole, because some of
# its other sentences quote what a person wrote. Seen in tdlib/telegram-bot-api, Client.cpp, and tdlib/td, misc.cpp.
_UNREACHABLE = {
    "bot was blocked by the user": "blocked",
    "user_is_blocked": "blocked",
    "bot can't initiate conversation with a user": "blocked",
    "user is deactivated": "deactivated",
    "input_user_deactivated": "deactivated",
    "chat not found": "gone",
    "user not found": "gone",
    "peer_id_invalid": "gone",
}
_GONE = {
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "there is no text in the message to edit",
}
_TOO_LONG = {"message is too long", "message caption is too long", "message_too_long", "media_caption_too_long"}
_TOO_OLD = ("query is too old", "query_id_invalid")


class Courier:
    """One bot's way out. *counted* hears the method and what became of each call, *undrawn* each picture that failed."""

    def __init__(
        self,
        bot: Bot,
        throttle: Throttle,
        *,
        easel: Easel | None = None,
        counted: Callable[[str, Outcome], None] = lambda _m, _o: None,
        undrawn: Callable[[], None] = lambda: None,
    ) -> None:
        self._bot, self.throttle, self._counted, self._undrawn = bot, throttle, counted, undrawn
        self.easel = easel or Easel()
        self.latency = 0.1
        """Seconds that Telegram takes to answer, lately."""

    async def send(
        self,
        chat_id: int,
        card: Card,
        *,
        lane: int,
        document: tuple[Medium, str] | None = None,
        within: float | None = None,
    ) -> Outcome:
        """Send *card* when its lane has a place; *document* is a file of Telegram to pass on after it.

        Later("halted") or Later("crowded") when there is no place *within* that many seconds, Later("undrawn") when
        nobody is free to draw its picture. Without it, broadcasts wait PATIENCE and replies as long as it takes.
        """
        within = PATIENCE if within is None and lane != REPLY else within
        png: bytes | None = None
        if card.picture is not None and self.easel.draws:
            try:
                png = await self.easel.draw(card.picture, lane=lane, patience=within)
            except CrowdedError:
                return self._told("send", Later(RETRY, "undrawn"))
            except UndrawnError as error:
                log.error("a picture could not be drawn (%s); its words go alone", error)
                self._undrawn()
                card = replace(card, picture=None)
                outcome = await self.send(chat_id, card, lane=lane, document=document, within=within)
                return replace(outcome, bare=True) if isinstance(outcome, Sent) else outcome
        if (wait := await self._place(chat_id, lane, within=within)) is not None:
            return self._told("send", wait)
        outcome = await self._in_best_form(
            "send", chat_id, card, lambda form: self._send(chat_id, card, form, png), lane=lane, within=within
        )
        if isinstance(outcome, Sent) and (card.documents or document is not None):
            return replace(outcome, more=await self._attach(chat_id, card, document, lane=lane))
        return outcome

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        card: Card,
        *,
        document: tuple[Medium, str] | None = None,
        within: float | None = None,
    ) -> Outcome:
        """Change a message of ours into *card*. Failed("gone_message") when it is no more: send anew then.

        *document* is a file of Telegram to pass on after it.
        """
        if (wait := await self._place(chat_id, REPLY, edits=True, within=within)) is not None:
            return self._told("edit", wait)

        async def change(form: _Form) -> Sent:
            await self._ask(
                "editMessageText",
                chat_id=chat_id,
                message_id=message_id,
                text=form.text,
                parse_mode=form.mode,
                link_preview_options=_NO_PREVIEW,
                reply_markup=_keyboard(card, simple=form.simple),
            )
            return Sent(message_id)

        outcome = await self._in_best_form(
            "edit", chat_id, card, change, lane=REPLY, within=within, message_id=message_id
        )
        if isinstance(outcome, Sent) and document is not None:
            return replace(outcome, more=await self._attach(chat_id, card, document, lane=REPLY))
        return outcome

    async def acknowledge(self, query_id: str, toast: str | None = None, *, alert: bool = False) -> None:
        """Stop a button's spinning clock, perhaps with a few words. One too old is ignored quietly."""
        if await self._place(None, REPLY, within=SPIN) is None:
            text = shorten(toast, TOAST) if toast else None
            await self._tried("acknowledge", None, self._bot.answer_callback_query(query_id, text, alert or None))

    async def delete(self, chat_id: int, messages: Sequence[int]) -> int:
        """Delete messages of ours; what cannot be deleted stays. How many Telegram was willing to look for."""
        found = 0
        for start in range(0, len(messages), AT_ONCE):
            some = list(messages[start : start + AT_ONCE])
            await self._place(chat_id, REPLY, edits=True)
            if isinstance(await self._tried("delete", chat_id, self._bot.delete_messages(chat_id, some)), Sent):
                found += len(some)
        return found

    async def react(self, chat_id: int, message_id: int, emoji: str) -> None:
        """The bot's own reaction: a receipt without words, and no loss if it fails."""
        await self._place(chat_id, REPLY, edits=True)
        await self._tried("react", chat_id, self._bot.set_message_reaction(chat_id, message_id, emoji))

    async def leave(self, chat_id: int) -> None:
        """Leave a group or channel."""
        await self._place(None, REPLY)
        await self._tried("leave", chat_id, self._bot.leave_chat(chat_id))

    async def menu(self, chat_id: int, voice: Voice) -> None:
        """The command menu of one person, in the exact language they chose."""
        await self._place(None, REPLY)
        scope = BotCommandScopeChat(chat_id)
        await self._tried("menu", chat_id, self._bot.set_my_commands(_commands(voice), scope=scope))

    async def no_menu(self, chat_id: int) -> None:
        """Telegram forgets which language one person's menu was in."""
        await self._place(None, REPLY)
        scope = BotCommandScopeChat(chat_id)
        await self._tried("menu", chat_id, self._bot.delete_my_commands(scope=scope))

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

    async def _place(
        self, chat_id: int | None, lane: int, *, edits: bool = False, within: float | None = None
    ) -> Later | None:
        """Wait for the throttle; a Later when there is no place *within* that many seconds."""
        halted = self.throttle.halted_for(chat_id)
        if within is not None and halted > within:
            return Later(halted, "halted", whole_bot=self.throttle.halted_for() > 0)
        try:
            place = await self.throttle.take(chat_id, lane, edits=edits, within=within)
        except ClosedError:
            return Later(1.0, "stopping")
        except TimeoutError:
            halted = self.throttle.halted_for(chat_id)
            return Later(halted or RETRY, "halted" if halted else "crowded", whole_bot=self.throttle.halted_for() > 0)
        LEAVING.set(partial(self.throttle.left, place))
        return None

    async def _in_best_form(
        self,
        method: str,
        chat_id: int,
        card: Card,
        attempt: Callable[[_Form], Awaitable[Sent]],
        *,
        lane: int,
        within: float | None,
        message_id: int | None = None,
    ) -> Outcome:
        """Try *card* as it is; then, if Telegram cannot read it, with less of what it may not know."""
        form = _Form(card.text, ParseMode.HTML)
        while True:
            outcome = await self._tried(method, chat_id, attempt(form), message_id=message_id)
            simpler = _simpler(card, form, outcome)
            if simpler is None:
                return outcome
            log.error("Telegram refused a card (%s); it goes once more, more plainly", getattr(outcome, "why", ""))
            form = simpler
            if (wait := await self._place(chat_id, lane, edits=method == "edit", within=within)) is not None:
                return self._told(method, wait)

    async def _ask(self, method: str, **params: Any) -> Any:
        """Call *method* and give what Telegram answers, unread.

        python-telegram-bot's own wrappers build a form of it and a Message of the answer: half of a send, for one
        number.
        """
        return await self._bot.request.post(f"{self._bot.base_url}/{method}", as_json(params))

    async def _send(self, chat_id: int, card: Card, form: _Form, png: bytes | None) -> Sent:
        rest: dict[str, Any] = {
            "parse_mode": form.mode,
            "disable_notification": card.quiet or None,
            "protect_content": card.protect or None,
            "reply_markup": _markup(card, simple=form.simple),
        }
        if card.picture is not None and png is not None:
            photo = await self._bot.send_photo(
                chat_id,
                png,
                caption=form.text,
                filename=card.picture.name,
                has_spoiler=card.picture.veiled or None,
                **rest,
            )
            return Sent(photo.message_id)
        sent = await self._ask("sendMessage", chat_id=chat_id, text=form.text, link_preview_options=_NO_PREVIEW, **rest)
        return Sent(_number(sent))

    async def _attach(
        self, chat_id: int, card: Card, document: tuple[Medium, str] | None, *, lane: int
    ) -> tuple[int, ...]:
        """Files that belong to a card that has arrived, and their messages; one that fails is told by its own outcome."""
        outcomes: list[Outcome] = []
        for file in card.documents:
            await self._place(chat_id, lane)
            sending = self._bot.send_document(chat_id, file.body, filename=file.name)
            outcomes.append(await self._tried("document", chat_id, sending))
        if document is not None:
            medium, file_id = document
            await self._place(chat_id, lane)
            outcomes.append(
                await self._tried("medium", chat_id, self._pass_on(chat_id, medium, file_id, quiet=card.quiet))
            )
        return tuple(outcome.message_id for outcome in outcomes if isinstance(outcome, Sent))

    def _pass_on(self, chat_id: int, medium: Medium, file_id: str, *, quiet: bool) -> Awaitable[Any]:
        sender: dict[Medium, Callable[..., Awaitable[Any]]] = {
            Medium.VOICE: self._bot.send_voice,
            Medium.AUDIO: self._bot.send_audio,
            Medium.PHOTO: self._bot.send_photo,
            Medium.STICKER: self._bot.send_sticker,
            Medium.VIDEO_NOTE: self._bot.send_video_note,
        }
        return sender[medium](chat_id, file_id, disable_notification=quiet or None)

    async def _tried(
        self, method: str, chat_id: int | None, call: Awaitable[Any], *, message_id: int | None = None
    ) -> Outcome:
        """What became of *call*. One that has no message of its own is Sent(0)."""
        outcome: Outcome
        began = time.monotonic()
        try:
            answer = await call
            outcome = answer if isinstance(answer, Sent) else Sent(getattr(answer, "message_id", 0))
            self.latency += (time.monotonic() - began - self.latency) * NEWEST
        except TelegramError as error:
            outcome = self._read(error, chat_id, message_id)
        finally:
            LEAVING.set(None)
        return self._told(method, outcome)

    def _told(self, method: str, outcome: Outcome) -> Outcome:
        self._counted(method, outcome)
        return outcome

    def _read(self, error: TelegramError, chat_id: int | None, message_id: int | None) -> Outcome:
        match error:
            case RetryAfter():
                wait = error.retry_after
                seconds = float(wait if isinstance(wait, int | float) else wait.total_seconds())
                return Later(seconds, "too_many", whole_bot=self.throttle.halt(seconds, chat_id))
            case InvalidToken() | EndPointNotFound():
                return Revoked("unauthorized")
            case ChatMigrated():
                return Failed("migrated")
            case Forbidden() | BadRequest():
                return _refused(error, message_id)
            case NeverSentError():
                return Later(RETRY, "unreachable")
            case MayBeTakenError():
                return Unknown("answer_lost")
            case NetworkError() if error.__cause__ is None:
                # Telegram itself, with "ok": false: request.py lets nobody else's 5xx through
                return Later(RETRY, "server_error")
            case NetworkError():
                return Unknown("broken")
            case _:
                return Failed(type(error).__name__.lower())


@dataclass(frozen=True, slots=True)
class _Form:
    """How a card is written down: richly at first, then with as little as it takes."""

    text: str
    mode: str | None
    simple: bool = False


def _simpler(card: Card, form: _Form, outcome: Outcome) -> _Form | None:
    """The next form to try after *outcome*; None when it would not help."""
    if not isinstance(outcome, Failed):
        return None
    if outcome.why in {"unreadable", "too_long"} and form.mode is not None:
        limit = CAPTION_LIMIT if card.picture else TEXT_LIMIT
        return _Form(cut(plain(form.text), limit), None, form.simple)
    if outcome.why in {"buttons", "bad_request"} and not form.simple and _optional(card):
        return _Form(form.text, form.mode, simple=True)
    return None


def _refused(error: TelegramError, message_id: int | None) -> Outcome:
    said = error.message.lower().removeprefix("forbidden: ").removeprefix("bad request: ").strip()
    if (why := _UNREACHABLE.get(said)) is not None:
        return Blocked(why)
    if said.startswith("message is not modified") and message_id is not None:
        return Sent(message_id)
    for why, fits in (
        ("gone_message", said in _GONE),
        ("unreadable", said.startswith("can't parse entities")),
        ("too_long", said in _TOO_LONG),
        ("too_old", said.startswith(_TOO_OLD)),
        ("buttons", said.startswith(("can't parse inline keyboard", "button_"))),
        ("forbidden", isinstance(error, Forbidden)),
    ):
        if fits:
            return Failed(why)
    return Failed("bad_request")


def cut(text: str, limit: int) -> str:
    """*text* at *limit* UTF-16 units or less, never inside what a reader sees as one character."""
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 <= limit:
        return text
    kept = shorten(text, limit - 1)
    following = text[len(kept) : len(kept) + 1]
    while kept and (_clings(following) or kept[-1] == _JOINER):
        kept, following = kept[:-1], kept[-1]
    return f"{kept or shorten(text, limit - 1)}…"


_JOINER = "\N{ZERO WIDTH JOINER}"


def _clings(character: str) -> bool:
    """Whether it is shown as part of the one before: marks, joiners, variation selectors, skin tones."""
    return bool(character) and (
        unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or character == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _number(sent: Any) -> int:
    """The id in Telegram's answer. Raises MayBeTakenError when it has none: the message may be there."""
    try:
        return int(sent["message_id"])
    except (KeyError, TypeError, ValueError):
        raise MayBeTakenError("unreadable answer") from None


def _commands(voice: Voice) -> list[BotCommand]:
    return [BotCommand(name, words.command_words(voice, name)) for name in words.COMMANDS]


_NO_PREVIEW = {"is_disabled": True}


def _markup(card: Card, *, simple: bool) -> dict[str, Any] | None:
    if card.buttons:
        return _keyboard(card, simple=simple)
    if card.placeholder is not None:
        return {"force_reply": True, "input_field_placeholder": card.placeholder[:HINT]}
    return None


def _keyboard(card: Card, *, simple: bool) -> dict[str, Any] | None:
    """Telegram's InlineKeyboardMarkup; *simple* leaves out what an older Telegram may not know."""
    rows = [[_button(button, simple=simple) for button in row if not (simple and button.copy)] for row in card.buttons]
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def _button(button: Button, *, simple: bool) -> dict[str, Any]:
    written: dict[str, Any] = {"text": button.label}
    if button.tap is not None:
        written["callback_data"] = button.tap.pack()
    elif button.url is not None:
        written["url"] = button.url
    else:
        written["copy_text"] = {"text": button.copy}
    if button.style is not None and not simple:
        written["style"] = button.style
    return written


def _optional(card: Card) -> bool:
    return any(button.style is not None or button.copy is not None for row in card.buttons for button in row)
