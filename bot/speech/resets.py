"""Let's reset: fixed words, no free text before the other accepts, no fault assigned, always a way to rather not."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.resets import No
from bot.speech.arrive import back
from bot.speech.card import Button, Card, Tap
from bot.speech.voice import Voice


def ask(voice: Voice, pairs: Sequence[tuple[int, str]]) -> Card:
    """Say it, or keep it for oneself."""
    rows = [
        [Button(voice.label("Say “let's reset” to {name}", name=name), Tap.of("call", pair), style="primary")]
        for pair, name in pairs
    ]
    return voice.card(
        voice.say(
            "<b>A moment to breathe</b>\n\n“Let's reset” is for after a hard moment. "
            "The other answers in their own time, and needs no reason."
        ),
        *rows,
        [Button(voice.label("Just for me"), Tap.of("calm"))],
        back(voice, Tap.of("home")),
    )


def just_me(voice: Voice) -> Card:
    """A short guide for oneself; nobody is told."""
    return voice.card(
        "\n".join(
            (
                voice.say("<b>Just for you</b>"),
                "",
                voice.say("1. Breathe out slowly, and wait five seconds."),
                voice.say("2. Name what you felt, in one word."),
                voice.say("3. Find one thing in it that is yours."),
                voice.say("4. Choose one small next step, or none today."),
                "",
                voice.say("<i>Write a line if you like. Only you see it.</i>"),
            )
        ),
        back(voice, Tap.of("home")),
    )


def said(voice: Voice, other: str) -> Card:
    """To the caller: said, and now it may rest."""
    return voice.card(
        voice.say(
            "Said, gently.\n\n{name} answers in their own time, or not; both are all right. There is nothing to wait for.",
            name=other,
        )
    )


def refused(voice: Voice, why: No, *, reset: int | None = None) -> Card:
    """Not now, and why; never a count."""
    text = {
        No.OPEN: voice.say("There is one between you already."),
        No.TODAY: voice.say("Once a day is enough for these words. Tomorrow they are here again."),
        No.WEEK: voice.say("These words keep their weight by being rare. They are here again in a few days."),
    }[why]
    rows = [[Button(voice.label("Just for me"), Tap.of("calm"))]]
    if reset is not None:
        rows = [closing(voice, reset)]
    return voice.card(text, *rows)


def closing(voice: Voice, reset: int) -> list[Button]:
    """Either may close it at any time."""
    return [
        Button(voice.label("We mended it"), Tap.of("mended", reset), style="success"),
        Button(voice.label("Let it rest"), Tap.of("rest", reset)),
    ]


def called(voice: Voice, caller: str, reset: int, pair: int) -> Card:
    """What the other receives: calm, and none of the answers needs a reason."""
    return voice.card(
        "\n".join(
            (
                voice.say("<b>A quiet message for you</b>"),
                "",
                voice.say("{name} says: let's reset.", name=caller),
                "",
                voice.say("Whenever it suits you. Any of these is fine."),
            )
        ),
        [Button(voice.label("Ready now"), Tap.of("ready", reset), style="primary")],
        [
            Button(voice.label("Tonight"), Tap.of("tonight", reset)),
            Button(voice.label("I need time"), Tap.of("time", reset)),
        ],
        [
            Button(voice.label("I'd rather not"), Tap.of("rather", reset)),
            *enough(voice, pair),
        ],
    )


def enough(voice: Voice, pair: int) -> list[Button]:
    """The quiet way to stop them, under all that come from the other."""
    return [Button(voice.label("No more of these"), Tap.of("mute", pair))]


def guide(voice: Voice, other: str, reset: int, *, pair: int) -> Card:
    """To both, when one is ready: four small steps."""
    return voice.card(
        "\n".join(
            (
                voice.say("<b>A few quiet minutes for two</b>"),
                "",
                voice.say("You and {name}, in person or by voice if you can:", name=other),
                "",
                voice.say("1. Before answering, wait five seconds."),
                voice.say("2. Say “I felt …” and leave blame out."),
                voice.say("3. Each of you owns one thing."),
                voice.say("4. Agree on one small next step."),
                "",
                voice.say("<i>Either of you can stop here at any time.</i>"),
            )
        ),
        closing(voice, reset),
        enough(voice, pair),
    )


def answered(voice: Voice, other: str, how: str, reset: int, *, pair: int) -> Card:
    """To the caller: how the other answered, as something normal."""
    line = {
        "ready": voice.say("{name} is ready, whenever it suits you. You owe nobody an answer.", name=other),
        "tonight": voice.say("{name} says: tonight. It comes back to you both then.", name=other),
        "time": voice.say("{name} is taking some time. That is a good answer; there is nothing to do.", name=other),
    }[how]
    return voice.card(
        "\n".join((voice.say("<b>A quiet message for you</b>"), "", line)), closing(voice, reset), enough(voice, pair)
    )


def noted(voice: Voice, how: str, reset: int) -> Card:
    """To the one who answered."""
    line = {
        "tonight": voice.say("Tonight, then. It comes back to you both."),
        "time": voice.say("Take the time you need. I'll ask you once, quietly, and then it rests."),
        "rather": voice.say("That is all right. Nobody is told; it rests."),
        "mute": voice.say("You won't get these messages anymore. Nobody is told. Settings can bring them back."),
    }[how]
    rows = [closing(voice, reset)] if how in {"tonight", "time"} else []
    return voice.card(line, *rows)


def returned(voice: Voice, other: str, reset: int, *, pair: int) -> Card:
    """Back tonight, to both; or once to the one who asked for time."""
    return voice.card(
        "\n".join(
            (
                voice.say("<b>A quiet message for you</b>"),
                "",
                voice.say(
                    "You and {name} left something for later. Is now a good moment? If not, it rests.", name=other
                ),
            )
        ),
        [Button(voice.label("Ready now"), Tap.of("ready", reset), style="primary")],
        [Button(voice.label("Let it rest"), Tap.of("rest", reset))],
        enough(voice, pair),
    )


def closed(voice: Voice, *, mended: bool) -> Card:
    """It is over, one way or the other."""
    return voice.card(voice.say("Mended. That counts as care too.") if mended else voice.say("It rests."))


def over(voice: Voice) -> str:
    """A toast: it was closed meanwhile."""
    return voice.label("This one is closed already.")
