"""The weekly mirror in words. Nothing is compared between the two, nothing is counted."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.prompts import Step
from bot.domain.reflection import Reflection
from bot.speech.arrive import back
from bot.speech.card import Button, Card, Tap
from bot.speech.daily import form_name, quoted
from bot.speech.voice import Markup, Voice


def step_name(voice: Voice, step: Step) -> str:
    """The RECIPRO step, as the theme of a week."""
    return {
        Step.REFLECT: voice.label("Reflect on needs and patterns"),
        Step.EXPRESS: voice.label("Express needs honestly"),
        Step.CHECKIN: voice.label("Check in regularly"),
        Step.INVEST: voice.label("Invest in small acts of care"),
        Step.PRACTISE: voice.label("Practice balance, not perfection"),
        Step.REPAIR: voice.label("Repair gently"),
        Step.OBSERVE: voice.label("Observe what changes"),
    }[step]


def words(voice: Voice, reflection: Reflection, names: Mapping[int, str], me: int, *, so_far: bool) -> list[str]:
    """What showed up, what was mended, and one quote of each that was shared."""
    week = reflection.week
    lines = [
        voice.say("<b>Your week so far</b>") if so_far else voice.say("<b>A look at your week</b>"),
        voice.span(week.days[0], week.days[-1]),
        "",
        voice.say("Theme of the week: {theme}", theme=step_name(voice, reflection.theme)),
    ]
    if reflection.all_forms:
        forms = voice.listed([form_name(voice, form) for form in reflection.all_forms])
        lines.append(voice.say("Care showed up as: {forms}", forms=forms))
    if reflection.mended:
        lines.append(voice.say("Something was mended this week."))
    for quote in reflection.quotes:
        said = voice.say("You shared:") if quote.person == me else voice.say("{name} shared:", name=names[quote.person])
        lines += ["", said, quoted(voice, quote.words if len(quote.words) <= 240 else quote.words[:239] + "…")]
    return lines


def reflection(voice: Voice, woven: Reflection, names: Mapping[int, str], me: int, *, question: str | None) -> Card:
    """The mirror that comes by itself on the evening that ends the week."""
    lines = words(voice, woven, names, me, so_far=False)
    if question is not None:
        lines += ["", voice.say("For the coming week: {question}", question=Markup(voice.prompt(question)))]
        lines += ["", voice.say("<i>Just write your answer. Only you see it until you share it.</i>")]
    return voice.card("\n".join(lines))


def so_far(voice: Voice, woven: Reflection | None, names: Mapping[int, str], me: int) -> Card:
    """``/week``: the week as it stands, without judgement."""
    if woven is None:
        return voice.card(
            voice.say("<b>Your week so far</b>\n\nNothing is kept yet, and that is fine."),
            [Button(voice.label("Note something"), Tap.of("log"), style="primary")],
            back(voice, Tap.of("home")),
        )
    return voice.card(
        "\n".join(words(voice, woven, names, me, so_far=True)),
        [Button(voice.label("Note something"), Tap.of("log"), style="primary")],
        back(voice, Tap.of("home")),
    )
