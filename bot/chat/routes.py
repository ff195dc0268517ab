"""Everything that is heard, in one ordered place: who hears what.

python-telegram-bot finds the handler; the handler turns the update into a Heard and gives it to the desk with a use case.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from telegram import Message, MessageEntity, Update, User
from telegram.ext import (
    Application,
    BaseHandler,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ExtBot,
    MessageHandler,
    MessageReactionHandler,
    filters,
)

from bot.chat import arrive, careful, pair, records, reply, reset
from bot.chat import settings as settings_flow
from bot.chat.context import Answer, Heard, Turn, UseCase
from bot.chat.desk import Desk
from bot.chat.shape import SHARED_CHATS
from bot.domain.gestures import Medium
from bot.domain.people import Stage
from bot.speech import settings
from bot.speech.card import Tap, TapError, spoken
from bot.speech.written import clean
from bot.storage.store import AwayError

log = logging.getLogger(__name__)

Context = CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[str, Desk]]
Handler = BaseHandler[Update, Context, None]

COMMANDS: Mapping[str, UseCase] = {
    "start": arrive.start,
    "pair": pair.invite,
    "log": reply.log,
    "checkin": reply.checkin,
    "reset": reset.ask,
    "week": records.week,
    "settings": settings_flow.settings,
    "pause": settings_flow.pause,
    "stop": settings_flow.pause,
    "resume": settings_flow.resume,
    "journal": records.journal,
    "help": settings_flow.help_page,
    "unpair": pair.unpair,
    "export": records.export,
    "forget": records.forget,
    "privacy": settings_flow.privacy,
    "support": careful.support,
    "cancel": arrive.home,
}
"""Commands, ``/start`` first; the menu shows those of speech.settings.COMMANDS."""

ALWAYS = frozenset({"start", "help", "privacy", "support", "forget", "export"})
"""Commands that work before set-up is complete."""

TAPS: Mapping[str, UseCase] = {
    "home": arrive.home,
    "first": arrive.first,
    "langs": arrive.languages,
    "lang": arrive.language,
    "zones": arrive.places,
    "places": arrive.places,
    "place": arrive.place,
    "zone": arrive.zone,
    "paces": arrive.paces,
    "pace": arrive.pace,
    "hours": arrive.hours,
    "hour": arrive.hour,
    "consent": arrive.consent,
    "agree": arrive.agree,
    "pair": pair.invite,
    "tie": pair.tie,
    "cancel": pair.cancel,
    "code": pair.enter,
    "accept": pair.accept,
    "decline": pair.decline,
    "undo": pair.undo,
    "left": pair.leave,
    "solo": pair.solo,
    "done": reply.done,
    "undone": reply.undone,
    "later": reply.later,
    "snooze": reply.snooze,
    "skip": reply.skip,
    "again": reply.again,
    "kept": reply.kept,
    "drop": reply.drop,
    "forms": reply.forms,
    "form": reply.form,
    "share": reply.share,
    "unshare": reply.unshare,
    "heart": reply.heart,
    "thanks": reply.thanks,
    "answer": reply.answer,
    "still": reply.still,
    "quieter": reply.quieter,
    "log": reply.log,
    "note": reply.note,
    "keep": reply.keep,
    "whose": reply.whose,
    "checkin": reply.checkin,
    "call": reset.call,
    "calm": reset.calm,
    "ready": reset.ready,
    "tonight": reset.tonight,
    "time": reset.time,
    "rather": reset.rather,
    "mute": reset.mute,
    "reach": settings_flow.reach,
    "mended": reset.mended,
    "rest": reset.rest,
    "week": records.week,
    "journal": records.journal,
    "find": records.find,
    "thisday": records.this_day,
    "forget": records.forget,
    "forgotten": records.forgotten,
    "set": settings_flow.settings,
    "setpace": settings_flow.set_pace,
    "quiet": settings_flow.quiet,
    "weekhour": settings_flow.week_hour,
    "address": settings_flow.address,
    "discreet": settings_flow.discreet,
    "pause": settings_flow.pause,
    "resume": settings_flow.resume,
    "lighter": settings_flow.lighter,
    "own": settings_flow.own,
    "unown": settings_flow.unown,
    "all": settings_flow.help_page,
    "privacy": settings_flow.privacy,
    "kinds": settings_flow.kinds,
    "support": careful.support,
    "softly": careful.softly,
    "lift": careful.lift,
    "tidy": settings_flow.tidy,
    "tidied": settings_flow.tidied,
}
"""Buttons by their verb."""

SET_UP_TAPS = frozenset(
    [
        "home",
        "first",
        "langs",
        "lang",
        "zones",
        "places",
        "place",
        "zone",
        "paces",
        "pace",
        "hours",
        "hour",
        "consent",
        "agree",
        "privacy",
        "support",
        "forget",
        "forgotten",
        "all",
        "decline",
    ]
)
"""Buttons that work before set-up is complete; any other leads back to its question."""

PLACED_TAPS = frozenset({"paces", "pace", "hours", "hour", "consent", "agree"})
"""Those of them that need a place first: pressed before it is known, they lead back to its question too."""

PRESENT = frozenset({"member", "administrator", "restricted"})
"""What the bot is in a chat that it is in."""

TABLE = 0
"""The one group of handlers that there is."""


def handlers() -> list[Handler]:
    """The table itself; the first that fits hears."""
    private = filters.ChatType.PRIVATE
    table: list[Handler] = [
        ChatMemberHandler(_guarded(_membership), ChatMemberHandler.MY_CHAT_MEMBER),
        MessageHandler(filters.ChatType.GROUPS | filters.ChatType.CHANNEL, _guarded(_elsewhere)),
        CallbackQueryHandler(_guarded(_tapped)),
        *(
            CommandHandler(name, _command(name, case), filters=filters.UpdateType.MESSAGE)
            for name, case in COMMANDS.items()
        ),
        MessageHandler(filters.UpdateType.EDITED_MESSAGE & private, _hear(reply.edited)),
        MessageHandler(private & filters.LOCATION, _hear(arrive.located)),
        MessageHandler(
            private & (filters.VOICE | filters.AUDIO | filters.PHOTO | filters.Sticker.ALL | filters.VIDEO_NOTE),
            _hear(reply.medium),
        ),
        MessageHandler(private & filters.COMMAND, _hear(settings_flow.help_page)),
        MessageHandler(private & filters.TEXT, _hear(_typed)),
        MessageReactionHandler(
            _guarded(_reacted), message_reaction_types=MessageReactionHandler.MESSAGE_REACTION_UPDATED
        ),
        MessageHandler(private & ~filters.StatusUpdate.ALL, _hear(reply.unkept)),
    ]
    return table


def install(application: Application[Any, Any, Any, Any, Any, Any], desk: Desk) -> None:
    """Put the table into *application*."""
    application.bot_data.update(desk=desk, away={}, muffled=set())
    application.add_handlers(handlers(), group=TABLE)


async def pass_on(application: Application[Any, Any, Any, Any, Any, Any], update: Update) -> None:
    """Give *update* to the first in the table that it fits.

    Application.process_update does so too; but it notes every chat and person for a persistence that is not there (131 MB a
    million), and writes a whole update into the log where it breaks.
    """
    context = application.context_types.context.from_update(update, application)
    try:
        for handler in application.handlers[TABLE]:
            check = handler.check_update(update)
            if check is not None and check is not False:
                await handler.handle_update(update, application, check, context)
                return
    except Exception:
        log.exception("update %d broke the table", update.update_id)


def heard(update: Update) -> Heard | None:
    """What an update says, without Telegram's types; None when nobody in particular did it."""
    user = update.effective_user
    if user is None or user.is_bot:
        return None
    if update.callback_query is not None:
        return _heard_tap(update, user)
    if update.message_reaction is not None:
        return Heard(
            user.id,
            _name(user),
            user.language_code,
            message_id=update.message_reaction.message_id,
            cleared=not update.message_reaction.new_reaction,
        )
    message = update.effective_message
    return None if message is None else _heard_message(message, user)


def _heard_tap(update: Update, user: User) -> Heard | None:
    query = update.callback_query
    if query is None:
        return None
    try:
        tap = Tap.parse(query.data)
    except TapError:
        tap = Tap("?")
    return Heard(
        user.id,
        _name(user),
        user.language_code,
        message_id=query.message.message_id if query.message is not None else None,
        tap=tap,
        query_id=query.id,
    )


def _heard_message(message: Message, user: User) -> Heard:
    kind, file_id = _medium(message)
    location = message.location
    return Heard(
        user.id,
        _name(user),
        user.language_code,
        message_id=message.message_id,
        text=message.text or message.caption,
        reply_to=message.reply_to_message.message_id if message.reply_to_message is not None else None,
        medium=kind,
        file_id=file_id,
        payload=_payload(message),
        location=(location.latitude, location.longitude) if location is not None else None,
        what="contact" if message.contact is not None else None,
    )


def _medium(message: Message) -> tuple[Medium | None, str | None]:
    if message.voice is not None:
        return Medium.VOICE, message.voice.file_id
    if message.audio is not None:
        return Medium.AUDIO, message.audio.file_id
    if message.photo:
        return Medium.PHOTO, message.photo[-1].file_id
    if message.sticker is not None:
        return Medium.STICKER, message.sticker.file_id
    if message.video_note is not None:
        return Medium.VIDEO_NOTE, message.video_note.file_id
    return None, None


def _payload(message: Message) -> str | None:
    """What stands behind ``/start``."""
    if not message.text or not any(
        entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0 for entity in message.entities
    ):
        return None
    return message.text.partition(" ")[2].strip()[:64] or None


def _name(user: User) -> str:
    return clean(user.first_name or "")[:64]


Callback = Callable[[Update, Context], Coroutine[Any, Any, None]]


def _guarded(callback: Callback) -> Callback:
    """What breaks is logged by update id and answered with one kind line; a database that is away is told to the intake."""

    async def guarded(update: Update, context: Context) -> None:
        try:
            await callback(update, context)
        except AwayError as error:
            context.bot_data["away"][update.update_id] = str(error)  # type: ignore[index]
        except Exception:
            log.exception("update %d broke its use case", update.update_id)
            if (what := heard(update)) is not None:
                await context.bot_data["desk"].stumble(what)

    return guarded


def _hear(use_case: UseCase) -> Callback:
    use_case = careful.careful(use_case)

    async def callback(update: Update, context: Context) -> None:
        if (what := heard(update)) is not None:
            muffled: set[int] = context.bot_data["muffled"]  # type: ignore[assignment]
            await context.bot_data["desk"].serve(use_case, what, silent=update.update_id in muffled)

    return _guarded(callback)


def _command(name: str, use_case: UseCase) -> Callback:
    return _hear(use_case if name in ALWAYS else _once_ready(use_case))


def _once_ready(use_case: UseCase) -> UseCase:
    def gated(turn: Turn) -> Answer:
        return use_case(turn) if turn.me.ready else Answer(arrive.stage_card(turn))

    return gated


async def _tapped(update: Update, context: Context) -> None:
    what = heard(update)
    if what is None or what.tap is None:
        return
    await context.bot_data["desk"].serve(_tap_case(what.tap), what)


def _typed(turn: Turn) -> Answer:
    """Plain words: a button of the newest card, if they are its words; else what the person has to say."""
    typed = spoken(turn.heard.text or "") if turn.heard.reply_to is None else ""
    if typed and (packed := reply.buttons_in_sight(turn).get(typed)) is not None:
        tap = Tap.parse(packed)
        turn.heard = replace(turn.heard, tap=tap)
        return replace(_tap_case(tap)(turn), new=True)
    return reply.words(turn)


def _tap_case(tap: Tap) -> UseCase:
    use_case = TAPS.get(tap.verb)

    def case(turn: Turn) -> Answer:
        if use_case is None:
            return Answer(toast=settings.stale(turn.voice))
        if not turn.me.ready and tap.verb not in SET_UP_TAPS:
            return Answer(arrive.stage_card(turn), toast=settings.unready(turn.voice), new=True)
        if turn.me.stage in {Stage.LANGUAGE, Stage.PLACE} and tap.verb in PLACED_TAPS:
            return Answer(arrive.stage_card(turn))
        return use_case(turn)

    return case


async def _reacted(update: Update, context: Context) -> None:
    if (what := heard(update)) is not None:
        await context.bot_data["desk"].serve(reply.reaction, what)


async def _membership(update: Update, context: Context) -> None:
    """The bot was blocked, unblocked, or put into a group."""
    changed = update.my_chat_member
    if changed is None:
        return
    desk = context.bot_data["desk"]
    if changed.chat.type == "private":
        await desk.lost(changed.from_user.id, gone=changed.new_chat_member.status in {"kicked", "left"})
    elif changed.chat.type in SHARED_CHATS and changed.new_chat_member.status in PRESENT:
        await desk.leave(changed.chat.id, changed.from_user.language_code)


async def _elsewhere(update: Update, context: Context) -> None:
    """A message in a group: the bot should not be there."""
    if update.effective_chat is not None and update.message is not None:
        user = update.effective_user
        await context.bot_data["desk"].leave(update.effective_chat.id, user.language_code if user is not None else None)
