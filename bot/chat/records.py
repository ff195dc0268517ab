"""The week, the journal, the export, forgetting: a person's own words, given back or deleted."""

from __future__ import annotations

import html
import json
from datetime import timedelta

from bot.chat.context import UNCLEAR, Answer, Turn
from bot.domain import clock, reflection
from bot.domain.gestures import Gesture
from bot.domain.people import Pair
from bot.speech import daily, weekly
from bot.speech import records as cards
from bot.speech.card import Document, Tap
from bot.storage import erasure, gestures, keepsakes, pairs, resets

PAGE = 5
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
    woven = reflection.weave(entries, span, reader=turn.me.id, mended=mended)
    names = {found.other(turn.me.id): turn.name_of(found.other(turn.me.id))} if found else {}
    return Answer(weekly.so_far(turn.voice, woven, names, turn.me.id))


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
    own = list(reversed(gestures.own(turn.db, turn.me.id, limit=100_000)))
    received = gestures.received(turn.db, turn.me.id, pairs.ever_of(turn.db, turn.me.id))
    names = {entry.person: turn.name_of(entry.person) for entry in received}
    rows = [_row(turn, entry, None) for entry in own] + [_row(turn, entry, names[entry.person]) for entry in received]
    rows.sort(key=lambda row: str(row["kept_at"]))
    data = json.dumps({"format": 1, "name": turn.me.name, "entries": rows}, ensure_ascii=False, indent=1)
    files = (
        Document(_page_of(turn, rows).encode(), "recipro.html"),
        Document(data.encode(), "recipro.json"),
    )
    return Answer(cards.exported(turn.voice, files), new=True)


def forget(turn: Turn) -> Answer:
    """``/forget``: one confirmation; what was shared stays with the other with the name, or without it."""
    turn.ask(None)
    return Answer(cards.forget(turn.voice))


def forgotten(turn: Turn) -> Answer:
    """Everything about the person is deleted, everywhere."""
    with_name = turn.heard.tap is not None and "name" in turn.heard.tap.args
    gone = erasure.forget(turn.db, turn.me, turn.now, with_name=with_name)
    return Answer(cards.forgotten(turn.voice, words=gone.words, connections=gone.connections, others=gone.others))


def _page(turn: Turn, entries: list[Gesture]) -> Answer:
    older = entries[PAGE - 1].id if len(entries) > PAGE else None
    return Answer(cards.journal(turn.voice, entries[:PAGE], older=older))


def _row(turn: Turn, entry: Gesture, by: str | None) -> dict[str, object]:
    return {
        "kept_at": entry.kept_at.isoformat(timespec="seconds"),
        "day": clock.day_date(entry.day).isoformat(),
        "from": by or turn.me.name,
        "way": str(entry.way),
        "form": str(entry.form),
        "kind": entry.medium.value,
        "words": entry.words,
        "shared": by is not None or entry.stands,
    }


def _page_of(turn: Turn, rows: list[dict[str, object]]) -> str:
    voice = turn.voice
    direction = "rtl" if voice.rtl else "ltr"
    body = "\n".join(
        f"<article><h2>{html.escape(str(row['day']))} · <bdi>{html.escape(str(row['from']))}</bdi></h2>"
        f"<p dir=auto>{html.escape(str(row['words'] or row['kind']))}</p></article>"
        for row in rows
    )
    return (
        f'<!doctype html><html lang="{voice.locale}" dir="{direction}"><meta charset="utf-8"><title>Recipro</title>'
        "<style>body{font:18px/1.6 system-ui;max-width:40em;margin:2em auto;padding:0 1em}h2{font-size:1rem;color:#555}"
        f"p{{white-space:pre-wrap}}</style><h1>Recipro</h1>\n{body}\n</html>\n"
    )
