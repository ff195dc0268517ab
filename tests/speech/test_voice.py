"""Voices: plural forms, direction, escaping, ways of address."""

from __future__ import annotations

import unicodedata

import pytest

from bot.domain.people import Address
from bot.speech.library import load
from bot.speech.voice import ADDRESSES, LOCALES, guess_locale
from deploy import strings


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


def test_names_in_a_list_are_isolated_one_by_one() -> None:
    """Isolated as a whole, the Arabic *and* between two Latin names would run with them, from the left."""
    said = load().voice("ar-AE").names(["Asha", "Tom <b>"])
    assert said == "\u2068Asha\u2069 و\u2068Tom &lt;b&gt;\u2069"


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
