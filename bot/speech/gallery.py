"""``python -m bot gallery FOLDER``: every picture in every locale, in weeks that are nearly empty, full and hard to draw.

For eyes: whoever changes a picture, a typeface or a translation looks at all of them before anybody else has to.
The people and their words are made up; the weeks go the way of real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.domain import clock, reflection
from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.domain.prompts import Kind
from bot.domain.reflection import Week
from bot.speech import pairing, weekly
from bot.speech.card import Card, plain
from bot.speech.library import Library
from bot.speech.voice import LOCALES, Voice, shown_name

ME, OTHER = 1, 2
P, E, C, R, H, U = Form
SUNDAY = date(2026, 3, 8)
LITTLE: tuple[tuple[Form, ...], ...] = ((), (), (P,), (), (), (), ())
SOME: tuple[tuple[Form, ...], ...] = ((P,), (C,), (E,), (P, H), (), (P, E), (U,))
MUCH: tuple[tuple[Form, ...], ...] = ((P, E), (C,), (), (P, H), (E, R, U), (P, E, C, R, H, U), (U, H))
ALL: tuple[tuple[Form, ...], ...] = (tuple(Form),) * 7


@dataclass(frozen=True, slots=True)
class Cast:
    """Two names and lines of one language: a common one, a longer one, and one with everything in it."""

    names: tuple[str, str]
    line: str
    longer: str
    hardest: str


CASTS: dict[str, Cast] = {
    "en": Cast(
        ("Asha", "Tom"),
        "You made tea before I asked ☕",
        "You sat with me on the step until it was dark, and did not try to mend anything. That was all I needed today.",
        "“Wirklichkeitsverweigerungsbereitschaft”, said Noor (نور) at 9:30, and आशा laughed until she cried 😂❤️🙏🏽 — "
        "https://example.org/a-very-long-address-without-any-place-to-break-it and then, well, we talked and talked.",
    ),
    "hi": Cast(
        ("आशा", "विद्यार्थी"),
        "बिना कहे चाय बना दी ☕",
        "शाम को चुपचाप पास बैठे रहे, कुछ सुलझाने की कोशिश नहीं की। आज बस इतना ही चाहिए था, कृतज्ञता।",
        "“कृतज्ञताकृतज्ञताकृतज्ञताकृतज्ञताकृतज्ञता” Tom ने 9:30 बजे कहा (نور भी थी) और हम हँसते रहे 😂❤️🙏🏽 — क्षमा, श्री, "
        "द्वन्द्व, ट्रैफ़िक, हृदय; फिर देर तक बातें हुईं और सब कुछ हल्का लगने लगा, सच में।",
    ),
    "ar": Cast(
        ("نور", "سامي"),
        "أعدّت الشاي قبل أن أطلبه ☕",
        "جلستَ معي على الدرج حتى حلّ المساء، ولم تحاول أن تُصلح شيئًا. كان هذا كل ما أحتاج إليه اليوم.",
        "قالت Asha (आशा) في الساعة 9:30: «والمستشفياتوالمستشفياتوالمستشفياتوالمستشفيات»، فضحكنا 😂❤️🙏🏽 — 100% من القلب، "
        "ثم تحدثنا طويلًا عن Toronto وعن البيت، وعن كل ما لم نقله من قبل، حتى نمنا.",
    ),
    "fr": Cast(
        ("Mégane", "Étienne"),
        "Tu as fait le thé avant que je le demande ☕",
        "Tu es resté assis avec moi sur les marches jusqu’à la nuit, sans rien vouloir réparer. C’était tout ce qu’il me fallait.",
        "« Anticonstitutionnellement-vôtre-et-pour-toujours-à-jamais », a dit नूर (نور) à 21 h 30 ; on a ri aux larmes 😂❤️🙏🏽 — "
        "l’œuvre d’un cœur où çà et là, malgré tout, ô bonheur, naît l’été. Puis on a parlé jusque tard dans la nuit.",
    ),
}
LONG_NAMES = ("Wolfeschlegelsteinhausenbergerdorff-Montgomery", "🌸 عبد الرحمن بن خالد المنصوري 🌸")


def hang(folder: Path, library: Library) -> list[Path]:
    """Draw everything into *folder*; the files, each picture with its words beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, card in cards(library):
        if card.picture is not None:
            picture = folder / f"{name}.png"
            picture.write_bytes(card.picture.draw())
            picture.with_suffix(".txt").write_text(plain(card.text) + "\n", "utf-8")
            written.append(picture)
    return written


def cards(library: Library) -> Iterator[tuple[str, Card]]:
    """Every card of the gallery with its name: six of each locale."""
    for place, locale in enumerate(LOCALES):
        voice, cast = library.voice(locale), CASTS[locale[:2]]
        week = reflection.mirrored_week(SUNDAY + timedelta(days=7 * place), voice.first_weekday, voice.mirror_weekday)
        yield f"{locale}-1-little", _week(library, voice, cast.names, week, LITTLE, lines=())
        yield f"{locale}-2-some", _week(library, voice, cast.names, week, SOME, lines=(cast.line,))
        much = _week(library, voice, cast.names, week, MUCH, lines=(cast.line, cast.longer), mended=True)
        yield f"{locale}-3-full", much
        hard = _week(library, voice, LONG_NAMES, week, ALL, lines=(cast.hardest, cast.hardest), mended=True)
        yield f"{locale}-4-extreme", hard
        yield f"{locale}-5-month", _month(library, voice, cast.names, week, lines=(cast.line,))
        yield (
            f"{locale}-6-invite",
            pairing.invitation(
                voice,
                code="K7MPQ2XW",
                link="https://t.me/recipro_bot?start=K7MPQ2XW",
                invite=1,
                until=voice.weekday(0),
                bot="recipro_bot",
            ),
        )


def _week(
    library: Library,
    voice: Voice,
    names: tuple[str, str],
    week: Week,
    days: tuple[tuple[Form, ...], ...],
    *,
    lines: tuple[str, ...],
    mended: bool = False,
) -> Card:
    woven = reflection.weave(_entries(week, days, lines), week, reader=ME, mended=mended)
    if woven is None:
        raise LookupError("a week of the gallery is empty")
    return weekly.reflection(voice, woven, _between(voice, names), question=_question(library, voice), month=None)


def _month(library: Library, voice: Voice, names: tuple[str, str], week: Week, *, lines: tuple[str, ...]) -> Card:
    weeks = reflection.month_of(week)
    entries = [
        entry
        for each, days in zip(weeks, (SOME, LITTLE, ALL, MUCH), strict=True)
        for entry in _entries(each, days, lines)
    ]
    woven = reflection.weave(entries, week, reader=ME, mended=True)
    month = reflection.look_back(entries, weeks, reader=ME, mended=(False, False, True, True))
    if woven is None or month is None:
        raise LookupError("a month of the gallery is empty")
    return weekly.reflection(voice, woven, _between(voice, names), question=_question(library, voice), month=month)


def _between(voice: Voice, names: tuple[str, str]) -> weekly.Between:
    mine, theirs = names
    return weekly.Between(ME, {OTHER: theirs}, both=weekly.both(mine, shown_name(voice, theirs)))


def _question(library: Library, voice: Voice) -> str:
    return library.pool(voice.locale, Kind.WEEKLY)[0].text


def _entries(week: Week, days: tuple[tuple[Form, ...], ...], lines: tuple[str, ...]) -> list[Gesture]:
    """Entries of both, taking turns; the first ones carry *lines*."""
    entries: list[Gesture] = []
    words = list(lines)
    for day, forms in zip(week.days, days, strict=True):
        for form in forms:
            number = len(entries) + 1
            at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(minutes=number)
            entries.append(
                Gesture(
                    id=number,
                    person=(ME, OTHER)[number % 2],
                    pair=1,
                    way=Way.NOTICED,
                    kind=None,
                    form=form,
                    medium=Medium.TEXT,
                    words=words.pop(0) if words else None,
                    file_id=None,
                    day=clock.day_number(day),
                    kept_at=at,
                    delivery=None,
                    shared_at=at,
                    passed_at=at,
                )
            )
    return entries
