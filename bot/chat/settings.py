"""Settings, pausing, the menu's pages. What a person sets for themselves is seen by nobody else."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from bot.chat import arrive
from bot.chat.context import Answer, Turn, aim, next_prompt
from bot.domain import clock
from bot.domain.gestures import shorten
from bot.domain.people import Address, Pace
from bot.domain.prompts import Kind
from bot.speech import arrive as arrive_cards
from bot.speech import daily
from bot.speech import settings as cards
from bot.speech.card import Card, Tap
from bot.speech.hours import read_span
from bot.speech.library import TEXT_LIMIT
from bot.speech.voice import ADDRESSES
from bot.storage import own_prompts, pairs, tidies

C = TypeVar("C", bound=StrEnum)
PAUSES = {0, 3, 7, 30}
REACHING = {"resets": pairs.mute_resets, "shares": pairs.mute_shares}
TIDY_REACH = timedelta(hours=48)
"""Telegram lets a bot delete its own messages for this long."""


def settings(turn: Turn) -> Answer:
    """``/settings``, and every page of it."""
    page = turn.heard.tap.args[0] if turn.heard.tap is not None and turn.heard.tap.args else ""
    turn.ask({"hour": "hour", "zone": "city", "quiet": "quiet"}.get(page))
    voice, me = turn.voice, turn.me
    if page == "zone":
        return arrive.places(turn)
    if page == "reach":
        return Answer(_reaching(turn))
    pages = {
        "hour": lambda: arrive_cards.hours(voice, home=Tap.of("set")),
        "pace": lambda: cards.paces(voice),
        "lang": lambda: arrive_cards.languages(voice, home=Tap.of("set")),
        "quiet": lambda: cards.quiet(voice, me),
        "week": lambda: cards.week_hours(voice),
        "address": lambda: cards.addresses(voice),
        "discreet": lambda: cards.discreet(voice, on=me.discreet),
        "kinds": lambda: cards.kinds(voice, resting=me.resting),
    }
    return Answer(pages[page]()) if page in pages else Answer(_home(turn))


def set_pace(turn: Turn) -> Answer:
    """How often; with several pairs, for whom."""
    chosen = _choice(turn, Pace)
    if chosen is None:
        return Answer(toast=cards.stale(turn.voice))
    others = turn.others()
    if len(others) > 1 and len(turn.tap.args) < 2:
        return Answer(daily.for_whom(turn.voice, Tap.of("setpace", chosen), others))
    number = turn.tap.number(1) if len(turn.tap.args) > 1 else 0
    if number and turn.pair(number) is not None:
        pairs.set_pace(turn.db, number, turn.me.id, chosen)
    else:
        turn.change(pace=chosen)
        for pair, _ in others[:1] if len(others) == 1 else []:
            pairs.set_pace(turn.db, pair, turn.me.id, chosen)
    aim(turn)
    return Answer(_home(turn), toast=cards.saved(turn.voice))


def quiet(turn: Turn) -> Answer:
    """Quiet hours were tapped."""
    start, end = turn.tap.number(0), turn.tap.number(1)
    if not (0 <= start < clock.DAY and 0 <= end < clock.DAY):
        return Answer(toast=cards.stale(turn.voice))
    turn.change(quiet_from=start, quiet_to=end, asking=None)
    return Answer(_home(turn), toast=cards.saved(turn.voice))


def quiet_typed(turn: Turn, typed: str) -> Answer:
    """Quiet hours were typed."""
    span = read_span(typed)
    if span is None:
        return Answer(cards.quiet(turn.voice, turn.me))
    turn.change(quiet_from=span[0], quiet_to=span[1], asking=None)
    return Answer(_home(turn))


def week_hour(turn: Turn) -> Answer:
    """When the week is looked back on."""
    minute = turn.tap.number(0)
    if not 0 <= minute < clock.DAY:
        return Answer(toast=cards.stale(turn.voice))
    turn.change(week_hour=minute)
    aim(turn)
    return Answer(_home(turn), toast=cards.saved(turn.voice))


def address(turn: Turn) -> Answer:
    """How the bot addresses this person."""
    chosen = _choice(turn, Address)
    if chosen is None or chosen not in ADDRESSES[turn.voice.language]:
        return Answer(toast=cards.stale(turn.voice))
    turn.change(address=chosen)
    return Answer(_home(turn), toast=cards.saved(turn.voice))


def discreet(turn: Turn) -> Answer:
    """What a locked screen shows."""
    turn.change(discreet=turn.tap.number(0) == 1)
    return Answer(cards.discreet(turn.voice, on=turn.me.discreet), toast=cards.saved(turn.voice))


def reach(turn: Turn) -> Answer:
    """*What reaches me*: "let's reset", or what is shared, of one pair was stopped or brought back."""
    what = turn.tap.args[0] if turn.tap.args else ""
    found = turn.pair(turn.tap.number(2)) if what in REACHING else None
    if found is None:
        return Answer(toast=cards.stale(turn.voice))
    REACHING[what](turn.db, found.id, turn.me.id, muted=turn.tap.number(1) == 0)
    return Answer(_reaching(turn), toast=cards.saved(turn.voice))


def kinds(turn: Turn) -> Answer:
    """Everything, or only check-ins."""
    turn.change(resting=turn.tap.number(0) == 1)
    return Answer(_home(turn), toast=cards.saved(turn.voice))


def pause(turn: Turn) -> Answer:
    """``/pause``: for how long; a tap sets it."""
    turn.ask(None)
    if turn.heard.tap is None or not turn.heard.tap.args:
        return Answer(cards.pause(turn.voice))
    days = turn.tap.number(0)
    if days not in PAUSES:
        return Answer(toast=cards.stale(turn.voice))
    until = clock.minute_to_utc((turn.today + days) * clock.DAY, turn.me.zone) if days else None
    turn.change(paused_at=turn.now, paused_until=until)
    return Answer(cards.paused(turn.voice, clock.local_day(until, turn.me.zone) if until else None))


def resume(turn: Turn) -> Answer:
    """``/resume``: on we go, without a word about absence."""
    turn.change(paused_at=None, paused_until=None, asked_lighter_at=None, asking=None)
    if not pairs.of_person(turn.db, turn.me.id):
        aim(turn, solo=True)
    return Answer(cards.resumed(turn.voice, next_prompt(turn) or turn.voice.minute(turn.me.hour)))


def lighter(turn: Turn) -> Answer:
    """The answer to *All well?*"""
    choice = turn.tap.args[0] if turn.tap.args else ""
    turn.change(asked_lighter_at=None)
    if choice == "gentle":
        turn.change(pace=Pace.GENTLE)
        for pair, _ in turn.others():
            pairs.set_pace(turn.db, pair, turn.me.id, Pace.GENTLE)
        aim(turn)
    elif choice == "pause":
        return Answer(cards.pause(turn.voice))
    return Answer(cards.resumed(turn.voice, next_prompt(turn) or turn.voice.minute(turn.me.hour)))


def own(turn: Turn) -> Answer:
    """*My own prompts*: the next words are one."""
    turn.ask("own")
    return Answer(cards.own_prompts(turn.voice, own_prompts.of_person(turn.db, turn.me.id)))


def own_typed(turn: Turn, typed: str) -> Answer:
    """A prompt of one's own was typed."""
    mine = own_prompts.of_person(turn.db, turn.me.id)
    if len(mine) < own_prompts.MOST and typed not in {words for _, words in mine}:
        own_prompts.add(turn.db, turn.me.id, Kind.APPRECIATION, shorten(typed, TEXT_LIMIT), turn.now)
    return own(turn)


def unown(turn: Turn) -> Answer:
    """A prompt of one's own is forgotten."""
    own_prompts.remove(turn.db, turn.me.id, turn.tap.number(0))
    return own(turn)


def help_page(turn: Turn) -> Answer:
    """``/help``."""
    turn.ask(None)
    return Answer(cards.help_page(turn.voice))


def privacy(turn: Turn) -> Answer:
    """``/privacy``."""
    return Answer(cards.privacy(turn.voice, turn.keep, agreed=turn.me.ready))


def tidy(turn: Turn) -> Answer:
    """*Tidy this chat*: what it does."""
    return Answer(cards.tidy(turn.voice))


def tidied(turn: Turn) -> Answer:
    """The bot's own messages of the last two days are deleted from the chat."""
    messages = tidies.take(turn.db, turn.me.id, turn.now - TIDY_REACH)
    return Answer(arrive.home(turn).card, new=True, tidy=tuple(messages))


def _reaching(turn: Turn) -> Card:
    others = turn.others()
    numbers = [pair for pair, _ in others]
    resets, shares = pairs.muted(turn.db, numbers), pairs.shares_muted(turn.db, numbers)
    me = turn.me.id
    return cards.reaching(turn.voice, [(p, name, (p, me) in resets, (p, me) in shares) for p, name in others])


def _home(turn: Turn) -> Card:
    return cards.home(turn.voice, turn.me, arrive.city_name(turn))


def _choice(turn: Turn, of: type[C]) -> C | None:
    """The tap's first argument as one of the values of *of*."""
    try:
        return of(turn.tap.args[0])
    except (IndexError, ValueError):
        return None
