"""The journal, the export, forgetting: a person's own words, given back or deleted."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import clock
from bot.domain.gestures import Gesture
from bot.speech.arrive import back
from bot.speech.card import Button, Card, Document, Tap
from bot.speech.daily import form_name, medium_name, quoted
from bot.speech.voice import Voice

PAGE_UNITS = 3400
"""UTF-16 units of entries on one page of the journal."""


def journal(voice: Voice, entries: Sequence[Gesture], *, older: int | None) -> Card:
    """A page of what was kept, newest first."""
    title = voice.say("What you have kept")
    lines = [f"<b>{title}</b>"]
    if not entries:
        lines += ["", voice.say("Nothing here yet.")]
    room = PAGE_UNITS
    shown: list[Gesture] = []
    for entry in entries:
        words = entry.words or ""
        room -= len(words.encode("utf-16-le")) // 2 + 80
        if shown and room < 0:
            older = shown[-1].id
            break
        shown.append(entry)
        state = _state(voice, entry)
        lines += [
            "",
            f"{voice.day(clock.day_date(entry.day))} · {form_name(voice, entry.form)} · {state}",
            quoted(voice, words) if words else medium_name(voice, entry.medium),
        ]
    rows = [[Button(voice.label("Older"), Tap.of("journal", older))]] if older is not None else []
    return voice.card(
        "\n".join(lines),
        *rows,
        [Button(voice.label("Find a word"), Tap.of("find")), Button(voice.label("On this day"), Tap.of("thisday"))],
        back(voice, Tap.of("home")),
    )


def _state(voice: Voice, entry: Gesture) -> str:
    """What the writer did with it; never whether it has arrived, which would tell of the other's hours and pauses."""
    if entry.withdrawn_at is not None:
        return voice.say("taken back")
    return voice.say("only you") if entry.private else voice.say("shared")


def find(voice: Voice) -> Card:
    """Which word to look for."""
    return voice.card(
        voice.say("<b>Find a word</b>\n\nWhich word should I look for in what you kept?"),
        back(voice, Tap.of("journal")),
    )


def exported(voice: Voice, files: Sequence[Document]) -> Card:
    """Everything that is theirs, as files."""
    return voice.card(
        voice.say(
            "<b>Your words</b>\n\nOne file to read, one for a program. What the other did not share is not in them."
        ),
        back(voice, Tap.of("home")),
        documents=tuple(files),
    )


def forget(voice: Voice) -> Card:
    """One confirmation, and whether the name may stay on what the other keeps."""
    return voice.card(
        voice.say(
            "<b>Delete everything</b>\n\nThis deletes everything about you here, at once and for good: your words, your settings, your "
            "connections. The other keeps only what you shared with them, with your name on it unless that goes too. "
            "Nobody is told. You may want /export first."
        ),
        [Button(voice.label("Keep everything"), Tap.of("home"), style="primary")],
        [Button(voice.label("Yes, delete everything"), Tap.of("forgotten"), style="danger")],
        [Button(voice.label("Yes, and my name too"), Tap.of("forgotten", "name"), style="danger")],
    )


def forgotten(voice: Voice, *, words: int, connections: int, others: int) -> Card:
    """How much went."""
    return voice.card(
        "\n".join(
            (
                voice.many(
                    "Done. {n} record about you is deleted. If you ever come back, /start begins anew.",
                    "Done. {n} records about you are deleted. If you ever come back, /start begins anew.",
                    words + connections + others,
                ),
                "",
                voice.say("Words of yours: {n}", n=words),
                voice.say("Connections: {n}", n=connections),
                voice.say("Everything else: {n}", n=others),
            )
        )
    )
