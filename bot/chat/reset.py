"""Let's reset: said in one tap, answered without a reason, closed by either. What one side does here the other never
reads as pressure: a decline and a mute are told to nobody.
"""

from __future__ import annotations

from datetime import timedelta

from bot.chat.context import Answer, Turn
from bot.domain import clock, pacing
from bot.domain import resets as rules
from bot.domain.people import Pair
from bot.domain.resets import Reset, State
from bot.speech import resets as cards
from bot.speech import settings
from bot.storage import deliveries, pairs, people, resets

CALL, READY, TONIGHT, TIME, RETURN = "call", "ready", "tonight", "time", "return"


def ask(turn: Turn) -> Answer:
    """``/reset``: say it, or just for me."""
    turn.ask(None)
    return Answer(cards.ask(turn.voice, turn.others()))


def calm(turn: Turn) -> Answer:
    """*Just for me*: nobody is told; a line written now is kept for oneself alone."""
    turn.ask("calm")
    return Answer(cards.just_me(turn.voice))


def call(turn: Turn) -> Answer:
    """*Say "let's reset"*: once a day, three times a week at most; never repeated by itself."""
    found = turn.pair(turn.tap.number(0))
    if found is None:
        return Answer(toast=settings.stale(turn.voice))
    pairs.hold(turn.db, found.id)
    lately = resets.lately(turn.db, found.id, turn.now - rules.A_WEEK)
    running = next((reset for reset in lately if not reset.closed(turn.now)), None)
    mine = [reset for reset in lately if reset.caller == turn.me.id]
    if (why := rules.refuse(mine, running, turn.now)) is not None:
        return Answer(cards.refused(turn.voice, why, reset=running.id if running is not None else None))
    other = found.other(turn.me.id)
    reset = resets.call(turn.db, found.id, turn.me.id, turn.now)
    turn.tell(other, CALL, about=reset.id, pair=found.id, good_for=rules.A_DAY)
    return Answer(cards.said(turn.voice, turn.name_of(other)))


def ready(turn: Turn) -> Answer:
    """*Ready now*: both get the short guide."""
    reset, pair = _open(turn)
    if reset is None or pair is None or _presses(turn, reset, State.TONIGHT, State.READY):
        return Answer(toast=cards.over(turn.voice))
    resets.move(turn.db, reset.id, State.READY, now=turn.now)
    deliveries.withdraw(turn.db, (TONIGHT, RETURN), reset.id)
    other = pair.other(turn.me.id)
    turn.tell(other, READY, about=reset.id, pair=pair.id, good_for=rules.A_DAY)
    return Answer(cards.guide(turn.voice, turn.name_of(other), reset.id, pair=pair.id))


def tonight(turn: Turn) -> Answer:
    """*Tonight*: it comes back to both, each at their own evening."""
    reset, pair = _open(turn)
    if reset is None or pair is None or _presses(turn, reset):
        return Answer(toast=cards.over(turn.voice))
    if resets.move(turn.db, reset.id, State.TONIGHT, now=turn.now):
        other = pair.other(turn.me.id)
        turn.tell(other, TONIGHT, about=reset.id, pair=pair.id, good_for=rules.A_DAY)
        for who in (turn.me.id, other):
            person = people.by_id(turn.db, who)
            if person is not None:
                evening = clock.next_at(turn.now, pacing.EVENING - 60, person.zone)
                turn.tell(who, RETURN, about=reset.id, pair=pair.id, at=evening, good_for=timedelta(hours=4))
    return Answer(cards.noted(turn.voice, "tonight", reset.id))


def time(turn: Turn) -> Answer:
    """*I need time*: given. It comes back once, to the one who asked for it, and then rests."""
    reset, pair = _open(turn)
    if reset is None or pair is None or _presses(turn, reset):
        return Answer(toast=cards.over(turn.voice))
    if resets.move(turn.db, reset.id, State.TIME, now=turn.now, asked_time=turn.me.id):
        turn.tell(pair.other(turn.me.id), TIME, about=reset.id, pair=pair.id, good_for=rules.A_DAY)
        later = turn.now + rules.RETURN_AFTER
        turn.tell(turn.me.id, RETURN, about=reset.id, pair=pair.id, at=later, good_for=timedelta(hours=4))
    return Answer(cards.noted(turn.voice, "time", reset.id))


def rather(turn: Turn) -> Answer:
    """*I'd rather not*: final for this one, and told to nobody."""
    return Answer(cards.noted(turn.voice, "rather", turn.tap.number(0)))


def mute(turn: Turn) -> Answer:
    """*No more of these*: for this pair, until the settings say otherwise."""
    found = turn.pair(turn.tap.number(0))
    if found is None:
        return Answer(toast=settings.stale(turn.voice))
    pairs.mute_resets(turn.db, found.id, turn.me.id, muted=True)
    return Answer(cards.noted(turn.voice, "mute", 0))


def mended(turn: Turn) -> Answer:
    """*We mended it*."""
    return _close(turn, State.MENDED)


def rest(turn: Turn) -> Answer:
    """*Let it rest*."""
    return _close(turn, State.RESTED)


def _close(turn: Turn, state: State) -> Answer:
    reset, pair = _open(turn)
    if reset is None or pair is None:
        return Answer(toast=cards.over(turn.voice))
    resets.move(turn.db, reset.id, state, now=turn.now)
    deliveries.withdraw(turn.db, (TONIGHT, TIME, RETURN), reset.id)
    return Answer(cards.closed(turn.voice, mended=state is State.MENDED))


def _presses(turn: Turn, reset: Reset, *but: State) -> bool:
    """Whether the caller answers in the other's place, as only a made-up button can, unless it stands at one of *but*."""
    return reset.caller == turn.me.id and reset.state not in but


def _open(turn: Turn) -> tuple[Reset | None, Pair | None]:
    """The reset a button names and its pair, if it runs and is this person's."""
    found = resets.by_id(turn.db, turn.tap.number(0))
    if found is None or found.closed(turn.now):
        return None, None
    return found, turn.pair(found.pair)
