"""The week, the journal, the export, forgetting: a person's own words, given back or deleted."""

from __future__ import annotations

from datetime import timedelta

from bot.chat.context import UNCLEAR, Answer, Turn
from bot.domain import clock, reflection
from bot.domain.gestures import Gesture
from bot.domain.people import Pair
from bot.speech import daily, weekly
from bot.speech import records as cards
from bot.speech.card import Document, Tap
from bot.speech.export import Export, Line, data, page
from bot.speech.voice import shown_name
from bot.storage import erasure, gestures, keepsakes, own_prompts, pairs, people, resets

PAGE = 5
ALL = 1_000_000
"""More entries than anybody writes."""
SEARCHED = 2000
"""How many of a person's newest entries a search reads: they are sealed, so the database cannot search them."""


def week(turn: Turn) -> Answer:
    """``/week``: the week so far."""
    turn.ask(None)
    whom = turn.whose()
    if whom is UNCLEAR:
        return Answer(daily.for_whom(turn.voice, Tap.of("week"), turn.others()))
    today = clock.local_day(turn.now, turn.me.zone)
    span = reflection.current_week(today, turn.voice.first_weekday)
    found = whom if isinstance(whom, Pair) else None
    first, last = clock.day_number(span.days[0]), clock.day_number(span.days[-1])
    entries = gestures.of_week(turn.db, turn.me.id, found.id if found else None, first, last)
    if found is not None:
        writer = found.other(turn.me.id)
        entries += keepsakes.of_week(turn.db, turn.me.id, found.id, first, last, writer=writer)
    since = clock.minute_to_utc(first * clock.DAY, turn.me.zone)
    mended = found is not None and resets.mended_between(turn.db, found.id, since, turn.now)
    entries = [entry for entry in entries if not turn.library.heavy(entry.words, _country(turn, entry))]
    woven = reflection.weave(entries, span, reader=turn.me.id, mended=mended, quotes=not turn.me.resting)
    return Answer(weekly.so_far(turn.voice, woven, _between(turn, found)))


def _between(turn: Turn, pair: Pair | None) -> weekly.Between:
    me = turn.me
    if pair is None:
        return weekly.Between(me.id, {}, discreet=me.discreet)
    other = pair.other(me.id)
    name = turn.name_of(other)
    return weekly.Between(me.id, {other: name}, both=weekly.both(me.name, name), discreet=me.discreet)


def journal(turn: Turn) -> Answer:
    """``/journal``: what was kept, newest first, a page at a time."""
    turn.ask(None)
    before = turn.tap.number(0) if turn.heard.tap is not None and turn.heard.tap.args else None
    return _page(turn, gestures.own(turn.db, turn.me.id, before=before, limit=PAGE + 1))


def find(turn: Turn) -> Answer:
    """*Find a word*."""
    turn.ask("find")
    return Answer(cards.find(turn.voice))


def found(turn: Turn, word: str) -> Answer:
    """Entries that hold a word."""
    turn.ask(None)
    wanted = word.casefold()
    mine = gestures.own(turn.db, turn.me.id, limit=SEARCHED)
    hits = [entry for entry in mine if wanted in (entry.words or "").casefold()]
    return Answer(cards.journal(turn.voice, hits[:PAGE], older=None))


def this_day(turn: Turn) -> Answer:
    """*On this day*: what was kept on this date in other years, or a month or a week ago."""
    today = clock.local_day(turn.now, turn.me.zone)
    days = [today - timedelta(days=7), today - timedelta(days=30)]
    for years in range(1, 6):
        try:
            days.append(today.replace(year=today.year - years))
        except ValueError:  # 29 February
            days.append(today - timedelta(days=365 * years))
    entries: list[Gesture] = []
    for day in days:
        entries += gestures.own(turn.db, turn.me.id, day=clock.day_number(day), limit=2)
    return Answer(cards.journal(turn.voice, entries[:PAGE], older=None))


def export(turn: Turn) -> Answer:
    """``/export``: one's own words, and what was shared with one, to read and for a program."""
    whole = _everything(turn)
    files = (Document(page(turn.voice, whole), "recipro.html"), Document(data(whole), "recipro.json"))
    return Answer(cards.exported(turn.voice, files), new=True)


def _everything(turn: Turn) -> Export:
    """All that is theirs. What the other has not shared is not in it, nor whether what one shares has arrived."""
    me = turn.me
    mine = gestures.own(turn.db, me.id, limit=ALL, drafts=True)
    received = gestures.received(turn.db, me.id, pairs.ever_of(turn.db, me.id))
    stayed = keepsakes.of_person(turn.db, me.id)
    names = {who: turn.name_of(who) for who in {entry.person for entry in received}}
    lines = [
        *(
            _line(entry, None, "taken back" if entry.withdrawn_at else "private" if entry.private else "shared")
            for entry in mine
        ),
        *(_line(entry, names[entry.person], "shared") for entry in received),
        *(_line(each.as_gesture(None), shown_name(turn.voice, each.name), "shared") for each in stayed),
    ]
    return Export(
        name=me.name,
        settings={
            "language": me.locale,
            "zone": me.zone,
            "pace": me.pace,
            "hour": _clock(me.hour),
            "quiet": [_clock(me.quiet_from), _clock(me.quiet_to)],
            "agreed_at": me.consent_at,
            "agreed_to_version": me.consent_version,
        },
        connections=[
            {"with": turn.name_of(pair.other(me.id)), "as": pair.tie, "since": pair.since} for pair in turn.pairs()
        ],
        own_prompts=[words for _, words in own_prompts.of_person(turn.db, me.id)],
        lines=sorted(lines, key=lambda line: line.kept_at),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _line(entry: Gesture, by: str | None, state: str) -> Line:
    return Line(entry.kept_at, clock.day_date(entry.day), by, entry.way, entry.form, entry.medium, entry.words, state)


def forget(turn: Turn) -> Answer:
    """``/forget``: one confirmation; what was shared stays with the other with the name, or without it."""
    turn.ask(None)
    return Answer(cards.forget(turn.voice))


def forgotten(turn: Turn) -> Answer:
    """Everything about the person is deleted, everywhere."""
    with_name = turn.heard.tap is not None and "name" in turn.heard.tap.args
    gone = erasure.forget(turn.db, turn.me, turn.now, with_name=with_name)
    card = cards.forgotten(turn.voice, words=gone.words, connections=gone.connections, others=gone.others)
    return Answer(card, forgotten=True)


def _country(turn: Turn, entry: Gesture) -> str:
    """Whose country decides whether an entry's words may be looked at: the writer's."""
    writer = turn.me if entry.person == turn.me.id else people.by_id(turn.db, entry.person)
    return (writer or turn.me).country


def _page(turn: Turn, entries: list[Gesture]) -> Answer:
    older = entries[PAGE - 1].id if len(entries) > PAGE else None
    return Answer(cards.journal(turn.voice, entries[:PAGE], older=older))
