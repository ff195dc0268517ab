"""Words for somebody who may be in danger: to the writer only, quietly, safe to be seen over a shoulder."""

from __future__ import annotations

from bot.speech.arrive import back
from bot.speech.card import Button, Card, Tap
from bot.speech.library import Country, Line, Said
from bot.speech.voice import Markup, Voice


def soft(voice: Voice, *, entry: int, kept: bool) -> Card:
    """One soft line, without a sound; the numbers are behind a button. *entry* is what was kept, 0 for none."""
    line = voice.say("If today is heavy, there are people who listen. I'll keep things light until you say otherwise.")
    return voice.card(
        "\n\n".join((voice.say("Kept. Only you see it."), line)) if kept else line,
        [Button(voice.label("Show me"), Tap.of("support", entry), style="primary")],
        [Button(voice.label("Go on as before"), Tap.of("lift", entry))],
        quiet=True,
    )


def lifted(voice: Voice, kept: Card | None) -> Card:
    """Everything goes on as before; under it, what was kept stands as it would have stood."""
    line = voice.say("All right. Everything goes on as before.")
    if kept is None:
        return voice.card(line, back(voice, Tap.of("home")))
    return Card(f"{line}\n\n{kept.text}", kept.buttons)


def support(voice: Voice, country: Country | None, *, back_to: Tap, tidy: bool) -> Card:
    """People to call. The emergency number stands first; weak numbers are never shown."""
    lines = [voice.say("<b>Useful numbers</b>"), ""]
    if country is not None:
        lines += [voice.say("In danger now: {number}", number=_number(country.emergency.number)), ""]
        lines += ["\n".join(("• " + _name(voice, line), _facts(voice, line))) for line in country.shown]
    else:
        lines.append(voice.say("In danger now: call the emergency number where you are."))
        lines += ["", voice.say("I know no other numbers for where you are.")]
    lines += [
        "",
        voice.say(
            "I am a program; I can't help in an emergency. Numbers change: if one does not answer, call the emergency number."
        ),
    ]
    leave = [Button(voice.label("Tidy this chat"), Tap.of("tidy"))] if tidy else []
    return voice.card("\n".join(lines), leave, back(voice, back_to))


def _name(voice: Voice, line: Line) -> str:
    return voice.say("{words}", words=_in(voice, line.name))


def _facts(voice: Voice, line: Line) -> str:
    """How to reach a line, and when, where, for whom, in which languages."""
    reach: list[str] = []
    if line.number is not None:
        reach.append(_number(line.number))
    if line.text is not None and line.text_word is not None:
        reach.append(voice.say("text {word} to {number}", word=line.text_word, number=_number(line.text)))
    elif line.text is not None:
        reach.append(voice.say("text {number}", number=_number(line.text)))
    said = (voice.say("{words}", words=found) for part in _about(line) if (found := _in(voice, part)))
    return " · ".join((*reach, *said))


def _about(line: Line) -> tuple[Said, ...]:
    return line.region, line.hours, line.languages, line.note


def _number(number: str) -> Markup:
    """A number as it is dialled: it never turns round in a line that is read from the right."""
    return Markup(f"<b>\u2066{number}\u2069</b>")


def _in(voice: Voice, said: Said) -> str:
    return said.get(voice.language, said["en"]) if isinstance(said, dict) else said
