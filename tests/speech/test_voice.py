"""Voices: plural forms, direction, escaping, ways of address."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest

from bot.domain.people import Address
from bot.speech import daily
from bot.speech.hours import read_span, read_time
from bot.speech.library import load
from bot.speech.voice import ADDRESSES, LOCALES, guess_locale
from deploy import strings, zones


@pytest.mark.parametrize("language", ["en", "hi", "ar", "fr"])
def test_plural_forms_are_told_apart_as_the_language_does(language: str) -> None:
    """The hand-written header against Babel's rules: one form of ours for each of theirs."""
    from gettext import c2py

    from babel import Locale

    rule = c2py(strings.PLURALS[language].split("plural=")[1].rstrip(";"))
    theirs = Locale(language).plural_form
    seen: dict[int, str] = {}
    for n in range(206):
        assert seen.setdefault(rule(n), theirs(n)) == theirs(n)


def test_no_catalog_is_stale_or_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert strings.check() == 0, capsys.readouterr().out


@pytest.mark.parametrize("locale", LOCALES)
def test_a_name_cannot_break_out_of_its_place(locale: str) -> None:
    voice = load().voice(locale)
    said = voice.say("{name} says thank you.", name="<b>Bob</b> & \u202eco")
    assert "<b>" not in said
    assert "&lt;b&gt;" in said
    assert "\u2068" in said
    assert "\u2069" in said


@pytest.mark.parametrize("locale", LOCALES)
def test_every_way_of_address_leaves_no_bracket(locale: str) -> None:
    library = load()
    for way in ADDRESSES[locale[:2]]:
        voice = library.voice(locale, way)
        for pool in library.prompts[locale].values():
            for prompt in pool:
                assert not set("[]|") & set(voice.prompt(prompt.text))


def test_french_speaks_formally_or_not_as_wished() -> None:
    library = load()
    assert "Écrivez" in library.voice("fr-CA", Address.FORMAL).say(
        "<b>A code</b>\n\nType the eight letters and digits you were given."
    )
    assert "Écris" in library.voice("fr-CA", Address.FAMILIAR).say(
        "<b>A code</b>\n\nType the eight letters and digits you were given."
    )


def test_every_city_has_a_name_in_every_script() -> None:
    cities = load().places._cities
    assert len(cities) > 490
    assert [city.name for city in cities if "/" in city.name] == []
    assert [city.name for city in cities if "ARABIC" not in unicodedata.name(city.called("ar")[0])] == []
    assert [city.name for city in cities if "DEVANAGARI" not in unicodedata.name(city.called("hi")[0])] == []


def test_the_names_of_zones_are_what_babel_says() -> None:
    assert zones.FILE.read_text("utf-8") == zones.written(), "python deploy/zones.py writes them anew"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_time_is_read_as_it_is_written(locale: str) -> None:
    """Whoever types what a screen shows means what it shows: every minute of the day, and a span of two."""
    voice = load().voice(locale)
    assert [minute for minute in range(1440) if read_time(voice.minute(minute)) != minute] == []
    assert read_span(f"{voice.minute(22 * 60)} – {voice.minute(7 * 60)}") == (22 * 60, 7 * 60)


@pytest.mark.parametrize(
    ("typed", "minute"),
    [("9 pm", 1260), ("20h30", 1230), ("8.15", 495), ("٩ مساءً", 1260), ("रात 9 बजे", 1260), ("रात 2 बजे", 120), ("रात 12 बजे", 0),
     ("दोपहर 3 बजे", 900), ("दोपहर 12 बजे", 720), ("at night, 11", 1380), ("half past nonsense", None), ("25:00", None)],
)  # fmt: skip
def test_a_time_is_read_as_people_type_it(typed: str, minute: int | None) -> None:
    assert read_time(typed) == minute


@pytest.mark.parametrize(
    ("locale", "nine", "half_past_eight"),
    [("en-US", "9:00 PM", "8:30 AM"), ("en-GB", "21:00", "08:30"), ("hi-IN", "रात 9:00", "सुबह 8:30"), ("fr-CA", "21 h", "8 h 30"),
     ("ar-AE", "9:00 م", "8:30 ص")],
)  # fmt: skip
def test_a_time_is_written_as_people_here_do(locale: str, nine: str, half_past_eight: str) -> None:
    voice = load().voice(locale)
    assert voice.minute(21 * 60).replace("\u00a0", " ") == nine
    assert voice.minute(8 * 60 + 30).replace("\u00a0", " ") == half_past_eight


def test_a_command_in_arabic_keeps_its_slash_in_front() -> None:
    said = (
        load()
        .voice("ar-AE")
        .say(
            "This is not therapy, and not for someone you are afraid of: /support has people to call. "
            "It is for adults, eighteen and over."
        )
    )
    assert "\u2068/support\u2069" in said
    assert "</" not in said


def test_names_in_a_list_are_isolated_one_by_one() -> None:
    """Isolated as a whole, the Arabic *and* between two Latin names would run with them, from the left."""
    said = load().voice("ar-AE").names(["Asha", "Tom <b>"])
    assert said == "\u2068Asha\u2069 و\u2068Tom &lt;b&gt;\u2069"


@pytest.mark.parametrize(
    ("locale", "today", "tomorrow"),
    [
        (
            "en-US",
            "It’ll keep. It comes back at 11:30\u00a0PM.",
            "It’ll keep. It comes back on Tuesday at 9:00\u00a0PM.",
        ),
        ("hi-IN", "कोई जल्दी नहीं। बात रात\u00a011:30 पर लौटेगी।", "कोई जल्दी नहीं। बात मंगलवार को रात\u00a09:00 पर लौटेगी।"),
        ("ar-AE", "الأمر محفوظ. موعد عودته 11:30\u00a0م.", "الأمر محفوظ. موعد عودته يوم الثلاثاء، 9:00\u00a0م."),
        ("fr-CA", "Ça se garde. De retour à 23\u00a0h\u00a030.", "Ça se garde. De retour mardi à 21\u00a0h."),
    ],
)
def test_what_comes_back_on_another_day_names_it(locale: str, today: str, tomorrow: str) -> None:
    """Whose day it is: at 22:30 on Monday in Toronto it is Tuesday in UTC already."""
    voice, now = load().voice(locale), datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
    returns = [datetime(2026, 3, 3, 4, 30, tzinfo=UTC), datetime(2026, 3, 4, 2, 0, tzinfo=UTC)]
    said = [daily.put_off(voice, until, now=now, zone="America/Toronto").text for until in returns]
    assert said == [today, tomorrow]


@pytest.mark.parametrize(
    ("code", "locale"),
    [
        ("hi", "hi-IN"),
        ("ar", "ar-AE"),
        ("fr", "fr-CA"),
        ("en", "en-US"),
        ("en-gb", "en-GB"),
        ("en-CA", "en-CA"),
        ("de", "en-US"),
        (None, "en-US"),
    ],
)
def test_a_language_is_guessed_from_what_telegram_tells(code: str | None, locale: str) -> None:
    assert guess_locale(code) == locale
