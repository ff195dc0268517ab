"""Words that may speak of danger, wherever they are typed: after all else is done with them, one quiet line to the writer.

It stands behind every message that is heard, so that no place to type is forgotten. It tells nobody else, counts nothing and
stores nothing but that closeness rests: a setting that anybody can choose (Person.resting). Where a country's path is off,
nothing is compared with any list.
"""

from __future__ import annotations

from dataclasses import replace

from bot.chat import reply
from bot.chat.context import Answer, Turn, UseCase
from bot.domain.gestures import Gesture, Way
from bot.speech import safety
from bot.speech.card import Tap
from bot.speech.written import clean
from bot.storage import gestures


def careful(use_case: UseCase) -> UseCase:
    """*use_case* for a message, with the quiet path behind it."""

    def heard_out(turn: Turn) -> Answer:
        answer = use_case(turn)
        text = clean(turn.heard.text or "")
        return _quietly(turn, answer) if turn.me.ready and turn.library.heavy(text, turn.me.country) else answer

    return heard_out


def support(turn: Turn) -> Answer:
    """``/support``: the same for everyone, noted nowhere. *Back* leads to where it was opened."""
    from_line = turn.heard.tap is not None and bool(turn.heard.tap.args)
    back = Tap.of("softly", turn.tap.number(0)) if from_line else Tap.of("home")
    country = turn.library.countries.get(turn.me.country)
    return Answer(safety.support(turn.voice, country, back_to=back, tidy=turn.me.ready))


def softly(turn: Turn) -> Answer:
    """The quiet line again, on the way back from the numbers."""
    entry = _own(turn)
    return Answer(safety.soft(turn.voice, entry=entry.id if entry is not None else 0, kept=entry is not None))


def lift(turn: Turn) -> Answer:
    """*Go on as before*: everything comes again, and the entry stands as it would have without the line."""
    turn.change(resting=False)
    entry = _own(turn)
    return Answer(safety.lifted(turn.voice, reply.kept_card(turn, entry) if entry is not None else None))


def _quietly(turn: Turn, answer: Answer) -> Answer:
    """The line in the place of the usual confirmation, where words were kept for oneself; after the usual card elsewhere.

    No share button stands under the line, and no heart on a picture of a bruise.
    """
    if not turn.me.resting:
        turn.change(resting=True)
    entry = gestures.by_id(turn.db, answer.entry) if answer.entry is not None else None
    if entry is None or not entry.private:
        soft = safety.soft(turn.voice, entry=0, kept=False)
        return replace(answer, extra=(*answer.extra, soft), react=None)
    if entry.way is Way.DRAFT:  # kept without the question what it is
        reply.place(turn, entry, Way.NOTICED)
    soft = safety.soft(turn.voice, entry=entry.id, kept=True)
    return replace(answer, card=reply.whole(turn, clean(turn.heard.text or ""), soft), react=None)


def _own(turn: Turn) -> Gesture | None:
    """The entry that the button names, if it is the person's own and still private."""
    number = turn.tap.number(0) if turn.tap.args else 0
    found = gestures.by_id(turn.db, number)
    return found if found is not None and found.person == turn.me.id and found.private else None
