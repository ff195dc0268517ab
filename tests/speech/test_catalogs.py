"""The interface's catalogs: nothing untranslated, nothing misfilled, nothing that Babel passes over, never a mixed screen."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Message

from bot.speech.library import ContentError, catalogs, load, root
from bot.speech.lint import typeset
from bot.speech.voice import LOCALES
from deploy import strings

BASE = Path(strings.ROOT)
RECORDS = (
    "Done. {n} record about you is deleted. If you ever come back, /start begins anew.",
    "Done. {n} records about you are deleted. If you ever come back, /start begins anew.",
)
CATEGORIES = ("zero", "one", "two", "few", "many", "other")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make strings` works on, to be spoiled."""
    shutil.copytree(
        BASE / "bot" / "speech", tmp_path / "bot" / "speech", ignore=shutil.ignore_patterns("*.ttf", "__pycache__")
    )
    shutil.copytree(BASE / "locales", tmp_path / "locales")
    return tmp_path


def spoil(checkout: Path, code: str, room: str = "speech") -> None:
    """Add a function to a module of a room."""
    path = checkout / "bot" / room / "late.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'"""Late."""\n\n\ndef card(voice, sentence):\n    """A screen."""\n    {code}\n', "utf-8")


def test_a_new_sentence_fails_the_check_until_every_language_has_it(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(checkout, 'return voice.say("Tea for {name}, and it\'s hot.", name=sentence)')
    assert strings.check(checkout) > 0
    assert "locales/bot.pot is not fresh" in capsys.readouterr().out

    strings.update(checkout)
    said = capsys.readouterr().out
    for language in ("hi", "ar", "fr"):
        assert f"{language}: " in said
        assert f"{language}: 0" not in said
    assert said.count("Tea for {name}, and it's hot.") == 3, "listed once for each language that lacks it"

    assert strings.check(checkout) == 3
    left = capsys.readouterr().out
    assert all(f'{language}: not translated: "Tea for {{name}}' in left for language in ("hi", "ar", "fr"))
    with pytest.raises(ContentError, match="1 sentences are missing, such as"):
        catalogs(checkout)

    for language, words in (("hi", "{name} के लिए चाय।"), ("ar", "شاي من أجل {name}."), ("fr", "Du thé pour {name}.")):
        path = checkout / "locales" / language / "LC_MESSAGES" / "bot.po"
        path.write_text(
            path.read_text("utf-8").replace(
                'msgid "Tea for {name}, and it\'s hot."\nmsgstr ""',
                f'msgid "Tea for {{name}}, and it\'s hot."\nmsgstr "{words}"',
            ),
            "utf-8",
        )
    assert strings.check(checkout) == 0, capsys.readouterr().out
    assert catalogs(checkout)["en-GB"].gettext("Tea for {name}, and it's hot.") == "Tea for {name}, and it’s hot."


@pytest.mark.parametrize(
    ("code", "room", "why"),
    [
        ("return f\"<b>{voice.say('Tea is ready.')}</b>\"", "speech", "inside an f-string"),
        ("return voice.say(sentence)", "speech", "not written out"),
        ('return voice.label(f"Tea for {sentence}")', "speech", "not written out"),
        ('return voice.many("A cup.", sentence, 3)', "speech", "not written out"),
        ('return voice.label("Yes" + " please")', "speech", "not written out"),
        (
            'return voice.say("Tea for {name}.", who=sentence)',
            "speech",
            "fills ['who'], while the sentence has ['name']",
        ),
        ('return voice.say("Tea for {name}.")', "speech", "fills [], while the sentence has ['name']"),
        ('return voice.say("Tea is ready.")', "chat", "words are said in bot/speech only"),
    ],
)
def test_a_call_that_babel_would_pass_over_is_found(tmp_path: Path, code: str, room: str, why: str) -> None:
    spoil(tmp_path, code, room)
    (found,) = strings.unheard(tmp_path)
    assert found.startswith(f"bot/{room}/late.py:6: ")
    assert why in found


@pytest.mark.parametrize(
    "code",
    [
        'return voice.say("Tea is ready.")',
        'return voice.many("A cup for {name}.", "{n} cups for {name}.", 3, name=sentence)',
        'return {1: voice.label("Yes")}[1]',
        'return voice.say("{a} and {b}", **sentence)',
        "return sentence.say(sentence)",
    ],
)
def test_a_call_that_babel_sees_passes(tmp_path: Path, code: str) -> None:
    spoil(tmp_path, code)
    assert list(strings.unheard(tmp_path)) == []


@pytest.mark.parametrize(
    ("language", "sentence", "translation", "why"),
    [
        ("fr", "Tea for {name}.", "Du thé pour {nom}.", "fields ['name', 'nom']"),
        ("hi", "Tea for {name}.", "चाय।", "fields ['name']"),
        ("fr", "Tea.", "Du thé pour {name}.", "fields ['name']"),
        ("ar", "Tea for {name}.", "[شاي {name}|شاي|شاي {name}].", "fields ['name']"),
        ("ar", "<b>Tea</b>", "شاي", "tags"),
        ("fr", "<b>Tea</b>", "<i>Thé</i>", "tags"),
        ("hi", "Write.", "[लिखिए|लिखो|लिख]।", "variants of address"),
        ("ar", "Write.", "[اكتب|اكتبي].", "variants of address"),
        ("fr", "Tea?", "Du thé ?", "marks"),
        ("hi", "Tea.", "चाय.", "marks"),
        ("ar", "Tea?", "شاي?", "marks"),
        ("ar", "Tea.", "شاي\u200f.", "hidden: U+200F"),
        ("en", "It's hot.", "It's hot.", "not as the source says it"),
        ("ar", ("A cup.", "{n} cups."), ("a", "b"), "plural forms"),
        ("fr", "Tea.", "", "not translated"),
        ("fr", ("A cup.", "{n} cups."), ("Une tasse.", ""), "not translated"),
    ],
)
def test_a_wrong_translation_is_found(
    language: str, sentence: str | tuple[str, str], translation: str | tuple[str, ...], why: str
) -> None:
    found = strings.faults(language, Message(sentence, translation))
    assert any(fault.startswith(why) for fault in found), found


def test_a_right_translation_passes() -> None:
    assert strings.faults("hi", Message("<b>Write</b> to {name}.", "{name} को <b>[लिखिए|लिखो]</b>।")) == []
    assert strings.faults("fr", Message(("A cup.", "{n} cups."), ("Une tasse.", "{n} tasses."))) == []
    assert strings.faults("en", Message("It's hot.", "It’s hot.")) == []


def test_regional_english_holds_only_what_differs(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = checkout / "locales" / "en_CA" / "LC_MESSAGES" / "bot.po"
    canada = path.read_text("utf-8")
    path.write_text(canada + '\nmsgid "Good"\nmsgstr "Good"\n', "utf-8")
    assert strings.check(checkout) == 1
    assert "en_CA: says nothing new: 'Good'" in capsys.readouterr().out
    path.write_text(canada + '\nmsgid "Good"\nmsgstr "My favorite"\n', "utf-8")
    assert strings.check(checkout) == 1
    assert "en-CA: “favorite” is not spelled so in Canada: 'My favorite'" in capsys.readouterr().out


@pytest.mark.parametrize("locale", LOCALES)
def test_a_number_takes_the_form_that_the_language_gives_it(locale: str) -> None:
    """Not our header against Babel's rules, but what is said: Arabic has six forms of it."""
    voice = load().voice(locale)
    language = voice.language
    catalog = strings._read(strings._path(BASE, language))
    forms = catalog[RECORDS[0]].string
    assert isinstance(forms, tuple | list)
    names = CATEGORIES if language == "ar" else ("one", "other")
    assert len(set(forms)) == len(names)
    rule = Locale.parse(locale, sep="-").plural_form
    for n in (*range(205), 1000, 1001, 1002, 1003, 1011, 1100, 1_000_000):
        category = str(rule(n))
        wanted = forms[names.index(category if category in names else "other")]
        assert re.sub("[\u2068\u2069]", "", voice.many(*RECORDS, n)) == wanted.format(n=n), (n, category)


@pytest.mark.parametrize("language", ["hi", "ar", "fr"])
def test_no_sentence_is_left_in_english(language: str) -> None:
    """A sentence that is the same in both is one without words, or listed here."""
    same = {"fr": {"communication", "<b>Pause</b>", "Pause"}}.get(language, set())
    catalog = strings._read(strings._path(BASE, language))
    left = [
        strings._first(message.id)
        for message in catalog
        if message.id and strings._first(message.id) == strings._first(strings._forms_of(message.string))
    ]
    assert [each for each in left if re.sub(r"\{\w+\}|[^A-Za-z]", "", each) and each not in same] == []


def test_english_falls_back_region_by_region_and_never_to_nothing() -> None:
    voices = {locale: load().voice(locale) for locale in LOCALES if locale.startswith("en")}
    asked = {locale: voice.say("Should I keep this?") for locale, voice in voices.items()}
    assert asked == {
        "en-US": "Should I keep this?",
        "en-CA": "Should I keep this?",
        "en-AU": "Should I keep this?",
        "en-GB": "Shall I keep this?",
        "en-IN": "Shall I keep this?",
        "en-AE": "Shall I keep this?",
    }
    themes = {locale: voice.label("Practice balance, not perfection").split()[0] for locale, voice in voices.items()}
    assert {locale for locale, word in themes.items() if word == "Practice"} == {"en-US"}
    for voice in voices.values():
        assert voice.say("It'll keep. It comes back at {time}.", time=9).startswith("It’ll keep.")


def test_a_catalog_that_cannot_be_read_stops_the_start(checkout: Path) -> None:
    (checkout / "locales" / "hi" / "LC_MESSAGES" / "bot.po").unlink()
    with pytest.raises(ContentError, match=r"hi/bot\.po"):
        catalogs(checkout)
    assert set(catalogs(root())) == set(LOCALES)


@pytest.mark.parametrize(
    ("language", "typed", "set_so"),
    [
        ("en", "It's hot...", "It’s hot…"),
        ("fr", 'Ça va ? Oui : "d\'accord" !', 'Ça va? Oui\u00a0: "d’accord"!'),
        ("fr", "« Merci » ; à 21:30, https://t.me", "«\u00a0Merci\u00a0»; à 21:30, https://t.me"),
        ("fr", "{name}\u00a0: {time} :", "{name}\u00a0: {time}\u00a0:"),
        ("hi", "“ठीक” के सिवा?", "“ठीक” के सिवा?"),
    ],
)
def test_what_a_keyboard_lacks_is_set(language: str, typed: str, set_so: str) -> None:
    assert typeset(typed, language) == set_so
    assert typeset(set_so, language) == set_so
