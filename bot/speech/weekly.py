"""The weekly mirror, in words and as a picture. Nothing is compared between the two, nothing is counted.

The words under a picture say all that is on it, so that nobody has to see it. Its first line says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain import reflection as mirror
from bot.domain.gestures import Form, shorten
from bot.domain.prompts import Step
from bot.domain.reflection import Glance, Reflection
from bot.speech.arrive import back
from bot.speech.card import CAPTION_LIMIT, Button, Card, Picture, Tap, visible_units
from bot.speech.daily import form_name, quoted
from bot.speech.pictures.month import MonthPicture, Terrace
from bot.speech.pictures.week import WeekPicture
from bot.speech.voice import Voice, isolate
from bot.speech.written import clean, has_sign

ROOM = CAPTION_LIMIT - 24
"""UTF-16 units of the words under a picture: what a discreet first line adds (delivery.compose) fits too."""
SHORTEST = (240, 170, 120, 80, 50)
"""UTF-16 units of each quote: the first of these with which everything fits under a picture."""
LONGEST = 20
"""Characters of a name above a picture, so that there is room for both."""
ON_PICTURE = 3
"""Lines among which the picture finds one that it can draw."""


@dataclass(frozen=True, slots=True)
class Between:
    """Who is concerned: *me*, how others are called by their ids, and both names, the reader's first."""

    me: int
    names: Mapping[int, str] = field(repr=False)
    both: Sequence[str] = field(default=(), repr=False)
    discreet: bool = False
    """No name and no quote is to be seen on the picture, which is covered until it is tapped."""


def both(mine: str, theirs: str | None) -> tuple[str, ...]:
    """The two names as they stand above a picture; none where there is only one to show."""
    if theirs is None or not has_sign(clean(mine)):
        return ()
    return tuple(name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…" for name in (mine, theirs))


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


def reflection(
    voice: Voice, woven: Reflection, between: Between, *, question: str | None, month: Sequence[Glance] | None = None
) -> Card:
    """The mirror that comes by itself on the evening that ends the week; with *month*, the last of its month."""
    after: list[str] = []
    if question is not None:
        after = [
            "",
            voice.say("The coming week: {theme}", theme=step_name(voice, woven.coming)),
            voice.prompt(question),
            "",
            voice.say("<i>Just write your answer. Only you see it until you share it.</i>"),
        ]
    title = voice.say("<b>A look at your week</b>")
    text = _fitting(voice, woven, between, title=title, month=month, after=after)
    return voice.card(text, picture=_picture(voice, woven, between, month))


def so_far(voice: Voice, woven: Reflection | None, between: Between) -> Card:
    """``/week``: the week as it stands, without judgement."""
    if woven is None:
        return voice.card(
            voice.say("<b>Your week so far</b>\n\nNothing is kept yet, and that is fine."),
            [Button(voice.label("Note something"), Tap.of("log"), style="primary")],
            back(voice, Tap.of("home")),
        )
    text = _fitting(voice, woven, between, title=voice.say("<b>Your week so far</b>"), month=None, after=[])
    return voice.card(
        text,
        [Button(voice.label("Note something"), Tap.of("log"), style="primary")],
        back(voice, Tap.of("home")),
        picture=_picture(voice, woven, between, None),
    )


# --- words ---


def _fitting(
    voice: Voice,
    woven: Reflection,
    between: Between,
    *,
    title: str,
    month: Sequence[Glance] | None,
    after: Sequence[str],
) -> str:
    """Everything that can be said under a picture; in a very full week the quotes are shorter and the days left out."""
    text = title
    for days, weeks in ((True, True), (False, True), (False, False)):
        for limit in SHORTEST:
            lines = [title, voice.span(woven.week.days[0], woven.week.days[-1]), ""]
            lines += _showed(voice, woven, days=days)
            lines += _quotes(voice, woven, between, limit)
            lines += _month(voice, month, weeks=weeks) if month is not None else []
            text = "\n".join([*lines, *after])
            if visible_units(text) <= ROOM:
                return text
    return text


def _showed(voice: Voice, woven: Reflection, *, days: bool) -> list[str]:
    """The theme, which forms of care showed up (and on which *days*), and whether something was mended."""
    lines = [voice.say("Theme of the week: {theme}", theme=step_name(voice, woven.theme))]
    if days:
        lines += [
            voice.say("{form}: {days}", form=_capital(form_name(voice, form)), days=_days(voice, woven, form))
            for form in woven.all_forms
        ]
    elif woven.all_forms:
        forms = voice.listed([form_name(voice, form) for form in woven.all_forms])
        lines.append(voice.say("Care showed up as: {forms}", forms=forms))
    if woven.mended:
        lines.append(voice.say("Something was mended this week."))
    return lines


def _days(voice: Voice, woven: Reflection, form: Form) -> str:
    """On which days a form of care showed up."""
    on = [day for day, forms in zip(woven.week.days, woven.forms, strict=True) if form in forms]
    if len(on) == len(woven.week.days):
        return voice.label("every day")
    return voice.listed([voice.weekday(day.weekday(), "abbreviated") for day in on])


def _quotes(voice: Voice, woven: Reflection, between: Between, limit: int) -> list[str]:
    lines: list[str] = []
    for quote in woven.quotes:
        mine = quote.person == between.me
        said = voice.say("You shared:") if mine else voice.say("{name} shared:", name=between.names[quote.person])
        short = shorten(quote.words, limit)
        lines += ["", said, quoted(voice, short if short == quote.words else f"{short[:-1]}…")]
    return lines


def _month(voice: Voice, month: Sequence[Glance], *, weeks: bool) -> list[str]:
    """The four weeks together: which forms of care showed up, and in which *weeks*."""
    lines = ["", voice.say("The last four weeks, {span}:", span=_whole_span(voice, month))]
    forms = mirror.together([day for week in month for day in week.forms])
    if not weeks:
        return [*lines, _capital(voice.listed([form_name(voice, form) for form in forms]))]
    for form in forms:
        spans = [_short_span(voice, week) for week in month if any(form in day for day in week.forms)]
        each = voice.label("every week") if len(spans) == len(month) else voice.listed(spans)
        lines.append(voice.say("{form}: {days}", form=_capital(form_name(voice, form)), days=each))
    return lines


def _whole_span(voice: Voice, month: Sequence[Glance]) -> str:
    return voice.span(month[0].week.days[0], month[-1].week.days[-1])


def _short_span(voice: Voice, week: Glance) -> str:
    return voice.span(week.week.days[0], week.week.days[-1])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# --- pictures ---


def _picture(voice: Voice, woven: Reflection, between: Between, month: Sequence[Glance] | None) -> Picture:
    plain = voice.label("A look at your week")
    whose = voice.listed([isolate(name) for name in between.both]) if between.both and not between.discreet else plain
    days = tuple(voice.weekday(day.weekday(), "abbreviated") for day in woven.week.days)
    if month is not None:
        return _month_picture(voice, month, whose=whose, plain=plain, days=days, discreet=between.discreet)
    return WeekPicture(
        step=woven.theme,
        label=voice.label("Theme of the week"),
        theme=step_name(voice, woven.theme),
        whose=whose,
        plain=plain,
        span=voice.span(woven.week.days[0], woven.week.days[-1]),
        days=days,
        forms=tuple(map(_ordered, woven.forms)),
        legend=_legend(voice, woven.all_forms),
        mended=voice.label("something mended") if woven.mended else None,
        lines=() if between.discreet else woven.lines[:ON_PICTURE],
        rtl=voice.rtl,
        veiled=between.discreet,
    )


def _month_picture(
    voice: Voice, month: Sequence[Glance], *, whose: str, plain: str, days: tuple[str, ...], discreet: bool
) -> MonthPicture:
    mended = any(week.mended for week in month)
    return MonthPicture(
        step=month[-1].theme,
        label=voice.label("The last four weeks"),
        title=voice.label("What grew in four weeks"),
        whose=whose,
        plain=plain,
        span=_whole_span(voice, month),
        days=days,
        weeks=tuple(
            Terrace(
                f"{_short_span(voice, week)} · {step_name(voice, week.theme)}",
                tuple(map(_ordered, week.forms)),
                week.mended,
            )
            for week in month
        ),
        legend=_legend(voice, mirror.together([day for week in month for day in week.forms])),
        mended=voice.label("something mended") if mended else None,
        rtl=voice.rtl,
        veiled=discreet,
    )


def _ordered(forms: frozenset[Form]) -> tuple[Form, ...]:
    return tuple(form for form in Form if form in forms)


def _legend(voice: Voice, forms: Sequence[Form]) -> tuple[tuple[Form, str], ...]:
    return tuple((form, form_name(voice, form)) for form in forms)
