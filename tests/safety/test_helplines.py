"""The numbers: which are shown, in which order, in which words, and when somebody must look at them again."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from bot import settings as configuration
from bot.speech import helplines, safety
from bot.speech.card import Tap, plain
from bot.speech.library import Country, Line, load, root
from bot.speech.voice import LOCALES

COUNTRIES = ("AE", "AU", "CA", "GB", "IN", "US")
AS_FOUND = {
    "US": {"988", "1-800-799-7233", "88788"},
    "IN": {"181", "14416", "14490", "1098"},
    "GB": {
        *("116 123", "85258", "0808 2000 247", "0800 027 1234", "0808 80 10 800", "0808 802 1414"),
        *("0808 801 0327", "0800 999 5428"),
    },
    "AU": {"1800 737 732", "0458 737 732", "13 11 14", "1300 789 978"},
    "CA": {"988", "1 800 363-9010"},
    "AE": {"800111", "800-444", "800700"},
}
"""What may be shown, as it stands in the sources that were read; nothing else may."""
EMERGENCY = {"US": "911", "CA": "911", "IN": "112", "GB": "999", "AE": "999", "AU": "000"}
NUMBER = re.compile("\u2066([^\u2069]+)\u2069")
LATIN = re.compile(r"[A-Za-z]{2,}")


def page(country: str, locale: str) -> str:
    library = load()
    card = safety.support(library.voice(locale), library.countries.get(country), back_to=Tap.of("home"), tidy=True)
    return plain(card.text)


def test_there_is_a_file_for_each_country_that_a_locale_is_written_for() -> None:
    assert sorted(load().countries) == list(COUNTRIES)
    assert {locale[3:] for locale in LOCALES} <= set(COUNTRIES)
    for code, country in load().countries.items():
        assert country.country == code
        assert country.emergency.number == EMERGENCY[code]
    assert [code for code, country in load().countries.items() if not country.danger_path] == ["AE"]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("country", COUNTRIES)
def test_the_emergency_number_stands_first_and_only_what_was_found_is_shown(country: str, locale: str) -> None:
    shown = NUMBER.findall(page(country, locale))
    assert shown[0] == EMERGENCY[country]
    assert set(shown[1:]) == AS_FOUND[country]


def test_weak_numbers_are_never_shown() -> None:
    weak = [
        line["number"]
        for path in (root() / "content" / "safety").glob("*.toml")
        for line in tomllib.loads(path.read_text("utf-8"))["line"]
        if line["state"] == "C"
    ]
    assert sorted(weak) == ["800 4673", "sheltersafe.ca"]
    for country in COUNTRIES:
        for locale in LOCALES:
            assert not any(number in page(country, locale) for number in weak)
    us = load().countries["US"]
    worse = us.model_copy(update={"line": tuple(line.model_copy(update={"state": "C"}) for line in us.line)})
    assert worse.shown == ()


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("locale", ["hi-IN", "ar-AE", "fr-CA"])
def test_what_is_said_about_a_line_is_in_the_readers_language(country: str, locale: str) -> None:
    """Names of services may stay as they are; hours, places, languages and for whom may not."""
    library = load()
    for line in library.countries[country].shown:
        for said in (line.hours, line.region, line.languages, line.note):
            assert not said or (isinstance(said, dict) and set(said) == {"en", "hi", "ar", "fr"})
            if isinstance(said, dict) and locale != "fr-CA":
                assert LATIN.sub("", said[locale[:2]].replace("LGBT", "")) == said[locale[:2]].replace("LGBT", "")
    facts = [text for text in page(country, locale).splitlines() if "·" in text]
    assert not any("hours" in text or "text " in text for text in facts)


def test_the_first_line_gives_nothing_away_and_no_page_advises_or_asks() -> None:
    advice = re.compile(
        r"\b(leave|stay|confront|forgive|reconcile|proof|evidence|where are you|address|you should)\b", re.IGNORECASE
    )
    for country in (*COUNTRIES, "DE"):
        text = page(country, "en-US")
        assert text.splitlines()[0] == "Useful numbers"
        assert not advice.search(text)
    soft = plain(safety.soft(load().voice("en-US"), entry=0, kept=False).text)
    assert not advice.search(soft)
    assert not re.search(r"danger|abuse|violen|suicid|crisis|help|emergency", soft, re.IGNORECASE)


def test_numbers_do_not_turn_round_in_arabic() -> None:
    card = safety.support(load().voice("ar-AE"), load().countries["GB"], back_to=Tap.of("home"), tidy=False)
    assert "\u20660808 80 10 800\u2069" in card.text


def test_a_number_is_due_for_another_look_after_half_a_year(capsys: pytest.CaptureFixture[str]) -> None:
    library = load()
    checked = min(country.emergency.checked for country in library.countries.values())
    assert helplines.due(library, checked + timedelta(days=180)) == []
    due = helplines.due(library, checked + timedelta(days=181))
    shown = sum(len(country.shown) + 1 for country in library.countries.values())
    assert len(due) == shown, "every number that is shown, and no other"
    helplines.report(library, checked + timedelta(days=181))
    said = capsys.readouterr().out
    assert "DUE  GB  Samaritans: 116 123" in said
    assert "DUE  US  emergency number: 911" in said
    assert "sheltersafe" not in said
    assert f"{shown} numbers are due" in said


def test_the_oldest_look_comes_first() -> None:
    library = load()
    us = library.countries["US"]
    old = us.model_copy(update={"emergency": us.emergency.model_copy(update={"checked": date(2020, 1, 1)})})
    changed = replace(library, countries={**library.countries, "US": old})
    assert helplines.due(changed, date(2030, 1, 1))[0].checked == date(2020, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": None, "text": None},
        {"name": {"fr": "Ligne"}},
        {"state": "D"},
        {"source": None},
        {"checked": "some day"},
        {"kind": "other"},
        {"phone": "1"},
    ],
)
def test_a_line_without_number_source_date_or_state_is_refused(wrong: dict[str, object]) -> None:
    whole = {
        "name": "Line",
        "number": "1",
        "kind": "crisis",
        "source": "its own page",
        "source_date": "2026",
        "checked": date(2026, 1, 1),
        "state": "A",
    }
    assert Line.model_validate(whole).number == "1"
    with pytest.raises(ValidationError):
        Line.model_validate(
            {key: value for key, value in {**whole, **wrong}.items() if value is not None or key == "number"}
        )


def test_a_setting_names_countries_with_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, wanted in (("", {}), ("+AE", {"AE": True}), (" +ae, -in ", {"AE": True, "IN": False})):
        monkeypatch.setenv("RECIPRO_DANGER_PATH", given)
        assert configuration.read().danger == wanted
    for given in ("AE", "+UAE", "+AE;-IN", "+AE,,-IN", "on"):
        monkeypatch.setenv("RECIPRO_DANGER_PATH", given)
        with pytest.raises(configuration.SettingsError, match=r"RECIPRO_DANGER_PATH must name countries"):
            configuration.read()


def test_where_the_path_is_on_follows_file_then_operator() -> None:
    library = load()
    assert [library.looks(country) for country in ("US", "AE", "DE")] == [True, False, True]
    changed = replace(library, danger_path={"AE": True, "US": False})
    assert [changed.looks(country) for country in ("US", "AE", "DE")] == [False, True, True]
    assert not library.heavy("he hits me", "AE")
    assert library.heavy("he hits me", "US")
    assert not library.heavy(None, "US")
    assert isinstance(library.countries["AE"], Country)
