"""One person's language: sentences, plurals, times, dates, lists, and the way they wish to be addressed.

Sentences are written in English in the code and looked up in the catalogs. Whatever is put into one is escaped for
Telegram's HTML and isolated, so that a Latin name cannot turn an Arabic line round. A voice has no opinions: who is
told what is decided elsewhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from gettext import NullTranslations

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton, format_time, get_day_names
from babel.lists import format_list

from bot.domain import clock
from bot.domain.people import Address
from bot.speech.card import Button, Card
from bot.speech.written import clean, has_sign

FSI, PDI = "\u2068", "\u2069"
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_COMMAND = re.compile(r"(?<![\w/<:])/[a-z]+\b")

LOCALES: dict[str, tuple[str, ...]] = {
    "en-US": ("en",),
    "en-IN": ("en_IN", "en_GB", "en"),
    "hi-IN": ("hi",),
    "en-GB": ("en_GB", "en"),
    "en-AU": ("en_AU", "en_GB", "en"),
    "en-CA": ("en_CA", "en"),
    "fr-CA": ("fr",),
    "en-AE": ("en_GB", "en"),
    "ar-AE": ("ar",),
}
"""The nine locales and the catalogs that speak for each, nearest first. An explicit table: Babel's own chain differs."""

LOCALE_NAMES: dict[str, str] = {
    "en-US": "English (United States)",
    "en-IN": "English (India)",
    "hi-IN": "हिन्दी (भारत)",
    "en-GB": "English (United Kingdom)",
    "en-AU": "English (Australia)",
    "en-CA": "English (Canada)",
    "fr-CA": "Français (Canada)",
    "en-AE": "English (UAE)",
    "ar-AE": "العربية (الإمارات)",
}
"""Each in its own language, so that anyone can find theirs."""

ADDRESSES: dict[str, tuple[Address, ...]] = {
    "en": (Address.NEUTRAL,),
    "hi": (Address.FORMAL, Address.FAMILIAR),
    "fr": (Address.FORMAL, Address.FAMILIAR),
    "ar": (Address.NEUTRAL, Address.MASCULINE, Address.FEMININE),
}
"""The ways of address of each language, in the order of its ``[…|…]`` variants; the first is what one starts with."""


class Markup(str):
    """Text that is Telegram's HTML already."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """How the bot speaks to one person."""

    locale: str
    address: Address
    catalog: NullTranslations

    @property
    def language(self) -> str:
        """Two letters: en, hi, ar, fr."""
        return self.locale[:2]

    @property
    def babel(self) -> Locale:
        """The same locale, for Babel."""
        return _babel(self.locale)

    @property
    def rtl(self) -> bool:
        """Whether it is written from right to left."""
        return self.language == "ar"

    def say(self, sentence: str, /, **values: object) -> str:
        """*sentence* in this language as Telegram's HTML; every value escaped and isolated."""
        return self._fill(self.catalog.gettext(sentence), values)

    def many(self, one: str, other: str, n: int, /, **values: object) -> str:
        """The plural form for *n*, which is also ``{n}``."""
        return self._fill(self.catalog.ngettext(one, other, n), {"n": n, **values})

    def label(self, words: str, /, **values: object) -> str:
        """Words for a button: plain text."""
        filled = self._choose(self.catalog.gettext(words))
        return filled.format(**{name: isolate(str(value)) for name, value in values.items()}) if values else filled

    def prompt(self, text: str) -> str:
        """A prompt of the content, with its variants chosen, as HTML."""
        return html.escape(self._choose(text), quote=False)

    def time(self, at: time) -> str:
        """A time of day as people here write it: रात 9:00 in Hindi, 21 h in Canadian French, elsewhere as Babel has it."""
        if self.language == "hi":
            said = format_skeleton("Bhm", datetime.combine(date(2000, 1, 1), at), locale=self.babel)
        elif self.language == "fr":
            said = f"{at.hour} h {at.minute:02}" if at.minute else f"{at.hour} h"
        else:
            said = format_time(at, "short", locale=self.babel)
        return said.replace(" ", "\u00a0").replace("\u202f", "\u00a0")

    def minute(self, minute: int) -> str:
        """A minute of the day, 0 to 1439, as a time."""
        return self.time(time(minute // 60, minute % 60))

    def clock(self, moment: datetime, zone: str) -> str:
        """The time of day of *moment* in *zone*."""
        return self.time(clock.local_time(moment, zone))

    def day(self, day: date) -> str:
        """A date with its weekday, without the year."""
        return str(format_skeleton("MMMEd", day, locale=self.babel))

    def full_date(self, day: date) -> str:
        """A date with its year."""
        return str(format_date(day, "long", locale=self.babel))

    def span(self, first: date, last: date) -> str:
        """From one day to another, without the year."""
        return str(format_interval(first, last, "MMMd", locale=self.babel))

    def weekday(self, weekday: int, width: str = "wide") -> str:
        """The name of a weekday, Monday 0."""
        return str(get_day_names(width, "stand-alone", locale=self.babel)[weekday])  # type: ignore[arg-type]

    def listed(self, items: Sequence[str]) -> str:
        """*a, b and c*, of words of the bot's own."""
        return str(format_list(list(items), locale=self.babel))

    def names(self, names: Sequence[str]) -> Markup:
        """*Asha, Tom and Zoe*, each escaped and isolated by itself: the words between them are this language's."""
        return Markup(self.listed([_shown(name) for name in names]))

    @property
    def first_weekday(self) -> int:
        """The weekday that starts a week here, Monday 0."""
        return int(self.babel.first_week_day)

    @property
    def mirror_weekday(self) -> int:
        """The last day of the weekend here, on whose evening the week is looked back on, Monday 0."""
        return int(self.babel.weekend_end)

    def card(self, text: str, *rows: Sequence[Button], **rest: object) -> Card:
        """A Card whose rows of buttons run the way this language reads: clients do not mirror them."""
        return Card(
            text,
            tuple(tuple(reversed(row)) if self.rtl else tuple(row) for row in rows if row),
            **rest,  # type: ignore[arg-type]
        )

    def _fill(self, text: str, values: dict[str, object]) -> str:
        chosen = self._choose(text)
        if self.rtl and "/" in chosen:
            chosen = _COMMAND.sub(lambda found: isolate(found.group()), chosen)
        return chosen.format(**{name: _shown(value) for name, value in values.items()}) if values else chosen

    def _choose(self, text: str) -> str:
        """Pick this person's variant of every ``[…|…]``."""
        if "[" not in text:
            return text
        ways = ADDRESSES[self.language]
        place = ways.index(self.address) if self.address in ways else 0

        def pick(match: re.Match[str]) -> str:
            variants = match.group(1).split("|")
            return variants[min(place, len(variants) - 1)]

        return _CHOICE.sub(pick, text)


def isolate(text: str) -> str:
    """*text* so that its direction cannot spill into the line around it."""
    return f"{FSI}{text}{PDI}"


def shown_name(voice: Voice, name: str | None) -> str:
    """A name fit to be shown; what stands for it where there is nothing to see."""
    fit = " ".join(clean(name or "").split())[:64]
    return fit if has_sign(fit) else voice.label("your person")


def _shown(value: object) -> str:
    if isinstance(value, Markup):
        return value
    if isinstance(value, int):
        return str(value)
    return isolate(html.escape(str(value), quote=False))


@lru_cache(maxsize=16)
def _babel(locale: str) -> Locale:
    return Locale.parse(locale, sep="-")


def guess_locale(language_code: str | None) -> str:
    """The locale to suggest for Telegram's ``language_code``, which usually has two letters and no country."""
    code = (language_code or "en").replace("_", "-")
    for locale in LOCALES:
        if locale.lower() == code.lower():
            return locale
    return {"en": "en-US", "hi": "hi-IN", "ar": "ar-AE", "fr": "fr-CA"}.get(code[:2].lower(), "en-US")


def country_of(locale: str) -> str:
    """The country a locale is written for."""
    return locale[3:]
