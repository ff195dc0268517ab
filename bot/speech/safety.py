"""Words for somebody who may be in danger: to the writer only, quietly, safe to be seen over a shoulder."""

from __future__ import annotations

from datetime import date

from bot.speech.arrive import back
from bot.speech.card import Button, Card, Tap
from bot.speech.library import Country, Line
from bot.speech.voice import Markup, Voice

FRESH_DAYS = 180
"""Days after which a number is due for another look."""


def soft(voice: Voice) -> Card:
    """One soft line after the entry is kept; the numbers are behind a button."""
    return voice.card(
        voice.say("Kept, only for you. If today is heavy, there are people who listen."),
        [Button(voice.label("Show me"), Tap.of("support"), style="primary")],
        [Button(voice.label("Go on as before"), Tap.of("lift"))],
    )


def lifted(voice: Voice) -> Card:
    """Prompts go on as before."""
    return voice.card(voice.say("All right. Everything goes on as before."), back(voice, Tap.of("home")))


def support(voice: Voice, country: Country | None) -> Card:
    """People to call. The emergency number stands first; weak numbers are never shown."""
    lines = [voice.say("<b>People to call</b>"), ""]
    if country is not None:
        lines.append(voice.say("In danger now: {number}", number=Markup(f"<b>{country.emergency.number}</b>")))
        lines += ["— " + _line(voice, line) for line in country.shown]
    else:
        lines.append(voice.say("In danger now: call the emergency number where you are."))
    lines += [
        "",
        voice.say(
            "I am a program; I can't help in an emergency. Numbers change: if one does not answer, call the emergency number."
        ),
    ]
    return voice.card("\n".join(lines), back(voice, Tap.of("home")))


def _line(voice: Voice, line: Line) -> str:
    name = line.name.get(voice.language, line.name["en"])
    parts = [voice.say("{name}: {number}", name=name, number=Markup(f"<b>{line.number}</b>"))]
    if line.text:
        parts.append(voice.say("{text}", text=line.text))
    if hours := _in(voice, line.hours):
        parts.append(voice.say("{hours}", hours=hours))
    if region := _in(voice, line.region):
        parts.append(voice.say("{region}", region=region))
    return " · ".join(parts)


def _in(voice: Voice, words: str | dict[str, str] | None) -> str:
    if isinstance(words, dict):
        return words.get(voice.language, words["en"])
    return words or ""


def due_for_a_look(line: Line, today: date) -> bool:
    """Whether a number was last checked too long ago."""
    return (today - line.checked).days > FRESH_DAYS
