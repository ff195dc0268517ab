"""Set-up, in at most four taps: language, place, pace, consent. Domain values and a Voice make Cards; nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.pacing import EVENING, MORNING
from bot.domain.people import Pace
from bot.domain.places import City
from bot.speech.card import Button, Card, Tap
from bot.speech.voice import LOCALE_NAMES, Markup, Voice, isolate

HOURS = (7 * 60, 8 * 60, 12 * 60, 18 * 60, 19 * 60, 20 * 60, 21 * 60, 21 * 60 + 30, 22 * 60)
"""Hours offered as buttons; any other can be typed."""


def back(voice: Voice, tap: Tap) -> tuple[Button, ...]:
    """The row that leads back."""
    return (Button(voice.label("‹ Back"), tap),)


def language(voice: Voice, *, invited: bool) -> Card:
    """The first screen: what this is, and the guessed language."""
    lines = [
        voice.say("<b>Welcome.</b>"),
        "",
        voice.say(
            "Recipro sends one small prompt a day, at your own hour, to help two people keep caring for each other. "
            "You answer in a line. You share only what you choose. Nobody keeps score."
        ),
    ]
    if invited:
        lines += ["", voice.say("You came with an invitation. It is waiting for you after four short questions.")]
    lines += ["", voice.say("Which language should we use?")]
    return voice.card(
        "\n".join(lines),
        [Button(LOCALE_NAMES[voice.locale], Tap.of("lang", voice.locale), style="primary")],
        [Button(_other_languages(voice), Tap.of("langs"))],
    )


def _other_languages(voice: Voice) -> str:
    own = voice.label("Another language")
    return own if voice.language == "en" else f"{own} · Another language"


def languages(voice: Voice, *, home: Tap) -> Card:
    """All nine, each in its own language."""
    buttons = [Button(name, Tap.of("lang", locale)) for locale, name in LOCALE_NAMES.items()]
    return voice.card(
        voice.say("<b>Which language should we use?</b>"),
        *([button] for button in buttons),
        back(voice, home),
    )


def one_place(voice: Voice, city: City, now: datetime) -> Card:
    """A country with a single time zone: one tap."""
    return voice.card(
        voice.say("<b>Your place</b>\n\nIt is {time} where you are, right?", time=Markup(voice.clock(now, city.zone))),
        [Button(voice.label("Yes, that's right"), Tap.of("zone", city.zone), style="primary")],
        [Button(voice.label("I'm somewhere else"), Tap.of("place"))],
        back(voice, Tap.of("langs")),
    )


def places(voice: Voice, cities: Sequence[City], *, more: bool, home: Tap) -> Card:
    """A country with several time zones: its cities, the largest first."""
    buttons = [Button(place_name(voice, city), Tap.of("zone", city.zone)) for city in cities]
    rows = [buttons[n : n + 2] for n in range(0, len(buttons), 2)]
    if rows and voice.rtl:
        rows[0] = rows[0][:1]
        rows[1:] = [buttons[n : n + 2] for n in range(1, len(buttons), 2)]
    return voice.card(
        voice.say("<b>Your place</b>\n\nWhich city's clock is yours? Choose one, or type the name of your city."),
        *rows,
        *([[Button(voice.label("More cities"), Tap.of("places", "all"))]] if more else []),
        [Button(voice.label("I'm somewhere else"), Tap.of("place"))],
        back(voice, home),
    )


def type_place(voice: Voice, *, home: Tap, unknown: bool = False) -> Card:
    """Any city of the world, typed or by location."""
    lines = [voice.say("<b>Your place</b>"), ""]
    if unknown:
        lines += [
            voice.say("I don't know that place. A larger city nearby, with the same clock, works just as well."),
            "",
        ]
    lines.append(
        voice.say(
            "Type the name of your city. Or send your location with the paperclip: "
            "I take only the time zone from it and keep nothing else."
        )
    )
    return voice.card("\n".join(lines), back(voice, home))


def confirm_place(voice: Voice, cities: Sequence[City], now: datetime, *, home: Tap) -> Card:
    """What was found for a typed city, with the time there."""
    if len(cities) == 1:
        text = voice.say(
            "<b>Your place</b>\n\nIt is {time} in {city}. Is that right?",
            time=Markup(voice.clock(now, cities[0].zone)),
            city=place_name(voice, cities[0]),
        )
        rows = [
            [Button(voice.label("Yes, that's right"), Tap.of("zone", cities[0].zone), style="primary")],
            [Button(voice.label("I'm somewhere else"), Tap.of("place"))],
        ]
    else:
        text = voice.say("<b>Your place</b>\n\nWhich of these is it?")
        rows = [
            [Button(f"{isolate(place_name(voice, city))} · {voice.clock(now, city.zone)}", Tap.of("zone", city.zone))]
            for city in cities
        ]
    return voice.card(text, *rows, back(voice, home))


def place_name(voice: Voice, city: City) -> str:
    """A city's name in this language, where the language has one of its own."""
    return city.called(voice.language)


def pace(voice: Voice, city: str, now: datetime, zone: str) -> Card:
    """How often, and when."""
    return voice.card(
        voice.say(
            "<b>Your hour</b>\n\nIt is {time} in {city} now.\n\nWhen should the prompt come?",
            time=Markup(voice.clock(now, zone)),
            city=city,
        ),
        [
            Button(
                voice.label("One a day, at {time}", time=voice.minute(EVENING)),
                Tap.of("pace", Pace.EVENING),
                style="primary",
            )
        ],
        [
            Button(
                voice.label(
                    "Two a day, at {morning} and {evening}",
                    morning=voice.minute(MORNING),
                    evening=voice.minute(EVENING),
                ),
                Tap.of("pace", Pace.TWICE),
            )
        ],
        [Button(voice.label("Gentle: three a week"), Tap.of("pace", Pace.GENTLE))],
        [Button(voice.label("Choose the hour"), Tap.of("hours"))],
        back(voice, Tap.of("zones")),
    )


def hours(voice: Voice, *, home: Tap, verb: str = "hour", unread: bool = False) -> Card:
    """Hours as buttons; typing one works too."""
    buttons = [Button(voice.minute(minute), Tap.of(verb, minute)) for minute in HOURS]
    lines = [voice.say("<b>Your hour</b>"), ""]
    if unread:
        lines += [voice.say("I couldn't read that as a time."), ""]
    lines.append(voice.say("Choose an hour, or type one, such as {time}.", time=Markup(voice.minute(20 * 60 + 30))))
    return voice.card("\n".join(lines), *(buttons[n : n + 3] for n in range(0, 9, 3)), back(voice, home))


def consent(voice: Voice) -> Card:
    """What is kept and who can read it, and whether they are of age; agreed to once."""
    return voice.card(
        "\n".join((voice.say("<b>Before we start</b>"), "", _terms(voice))),
        [Button(voice.label("I agree, start"), Tap.of("agree"), style="primary")],
        [Button(voice.label("More about privacy"), Tap.of("privacy"))],
        back(voice, Tap.of("paces")),
    )


def consent_again(voice: Voice) -> Card:
    """The same words, changed since they were agreed to."""
    return voice.card(
        "\n".join((voice.say("<b>These words have changed</b>"), "", _terms(voice))),
        [Button(voice.label("I agree"), Tap.of("agree"), style="primary")],
        [Button(voice.label("More about privacy"), Tap.of("privacy"))],
        [Button(voice.label("Delete everything about me"), Tap.of("forget"))],
    )


def _terms(voice: Voice) -> str:
    """What is agreed to. A change of it raises domain.people.CONSENT_VERSION."""
    kept = voice.say(
        "What you write here is kept, encrypted. The other person sees only what you "
        "share, message by message. Whoever runs this bot could technically read it, and so could anyone "
        "who holds your phone. You can leave and delete everything at any time."
    )
    limits = voice.say(
        "This is not therapy. If you are afraid of the other person, please don't use it with them: "
        "/support has people to call. It is for adults: by agreeing you say that you are eighteen or over."
    )
    return f"{kept}\n\n{limits}"


def ready(voice: Voice, hour: int, *, first: str) -> str:
    """The line above the very first prompt."""
    return "\n".join(
        (
            voice.say(
                "<b>That's all.</b> {time} is your hour from now on. Here is a first prompt, to see how it feels.",
                time=Markup(voice.minute(hour)),
            ),
            "",
            first,
        )
    )


def on_day(voice: Voice, weekday: int, at: str) -> str:
    """A time on a day of the week, Monday 0."""
    return voice.say("{weekday}, {time}", weekday=Markup(voice.weekday(weekday)), time=Markup(at))


def language_changed(voice: Voice) -> str:
    """A toast after changing language."""
    return voice.label("From now on in this language.")
