"""Every screen of the product in every locale and every way of address, as Telegram was asked to show it.

The walk (tests/journeys/walk.py) is taken once, for all of them at the same time; each test looks at what was seen. What no
step of the walk comes to is listed in UNSEEN with its reason; anything else unseen fails, and so does a reason out of date.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import pytest

from bot.speech.card import plain, visible_units
from bot.speech.library import load
from bot.speech.lint import signs
from bot.speech.voice import ADDRESSES, FSI, LOCALE_NAMES, LOCALES, PDI
from deploy import strings
from tests.journeys.walk import ROOMS, Seen, keyboard, makers, walk_all, ways
from tests.world import World, words

WAYS = [f"{locale} {address}" for locale, address in ways()]
LANGUAGES = ("en", "hi", "ar", "fr")
LRI = "\u2066"
"""Begins what runs from the left wherever it stands: a telephone number."""
PEOPLE = ("Noor", "Sam", "Ren", "Yui", "Kim")

ONLY_CHOICE = "asked where a language has several ways of address; this one has not, or has other ones"
UNSEEN: dict[str, dict[str, str]] = {
    "*": {
        "Two people, one small moment a day": "drawn into the picture of an invitation",
        "Scan it, or open {bot} in Telegram and send the code. It works once, for two days.": "drawn there too",
        "something mended": "drawn into the picture of a week",
        "What grew in four weeks": "drawn into that of four weeks",
        "every day": "said of a form of care that showed up on all seven days",
        "Care showed up as: {forms}": "said where a week is too full for its days (test_pictures.py)",
    },
    "en": {
        "<b>How I address you</b>\n\nWhich feels right?": ONLY_CHOICE,
        "How I address you": ONLY_CHOICE,
        "neutral": ONLY_CHOICE,
        "as to a man": ONLY_CHOICE,
        "as to a woman": ONLY_CHOICE,
    },
    "hi": {"neutral": ONLY_CHOICE, "as to a man": ONLY_CHOICE, "as to a woman": ONLY_CHOICE},
    "fr": {
        **dict.fromkeys(("as to a man", "as to a woman"), ONLY_CHOICE),  # “neutre” stands in another sentence
        "<b>Your place</b>\n\nIt is {time} where you are, right?": "asked where a country has one time zone; Canada has six",
    },
}
"""By language, or * for all: sentences that no screen of the walk shows, and why."""

NOT_MADE: dict[str, str] = {}
"""Functions of bot/speech that make a card or a line, and that no step of the walk asks for, with the reason."""

REFUSED = {
    "sendMessage: Forbidden: bot is not a member of the group chat",
    "leaveChat: Forbidden: bot is not a member of the group chat",
}
"""What Telegram may refuse here: in a group the bot is told of two things, and has left after the first."""

CODE = re.compile(r"\b[A-HJ-NP-Z2-9]{8}\b")
"""Where names are taken away it goes first: a service may be called by a number, such as 988, that stands in a code by chance."""
OURS = re.compile(
    r"https?://\S+|t\.me/\S+|/[a-z]+\b|"
    + CODE.pattern
    + r"|Recipro|Telegram|START|LGBT|\b(?:am|pm)\b|recipro_sandbox_bot"
    r"|(?<=\d)\s?h\b|\b(?:O|I)\b|\b(?:" + "|".join(PEOPLE) + r")\b"
)
"""What is the same in every language: links, commands, codes, names, the letters that codes do not have."""
LATIN = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
ENGLISH = re.compile(
    r"\b(the|you|your|and|is|are|with|what|only|this|that|not|shared|kept|prompt|of|for|it|them|they|back|when|yes)\b",
    re.IGNORECASE,
)
ALIKE = frozenset({"Pause", "communication", "❤️", "{words}"})
"""English words that are French ones too, and what has no words."""
FIRST_SCREEN = " · Another language"
"""The one English phrase on every first screen: whoever cannot read the guessed language finds a way out by it."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """All walks, taken at the same time."""
    return asyncio.run(walk_all(tmp_path_factory.mktemp("walk")))


@pytest.mark.parametrize("way", WAYS)
def test_telegram_takes_everything(walked: dict[str, Seen], way: str) -> None:
    """Valid HTML, lengths, callback data: the sandbox refuses what Telegram refuses. The limits once more, by hand."""
    seen = walked[way]
    assert set(seen.refused) - REFUSED == set()
    assert len(seen.messages) > 250
    for message in seen.messages:
        assert visible_units(words(message)) <= (4096 if "text" in message else 1024)
        for button in (button for row in keyboard(message) for button in row):
            assert 1 <= len(str(button.get("callback_data", "x")).encode()) <= 64
            assert 1 <= len(button["text"]) <= 64
    assert all(len(toast) <= 200 for toast in seen.toasts)
    for menu in seen.menus:
        assert all(len(each["command"]) <= 32 and 1 <= len(each["description"]) <= 256 for each in menu)
    assert len(seen.about["description"]) <= 512
    assert len(seen.about["short_description"]) <= 120


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_unfilled(walked: dict[str, Seen], way: str) -> None:
    for text in walked[way].everything:
        assert not re.search(r"\{\w*\}|\bNone\b|</?[a-z]+>|&[a-z]+;|\[[^\]]*\|", text), text
        assert text.strip(), "an empty screen or button"
        assert "\n\n\n" not in text, text


@pytest.mark.parametrize("way", [way for way in WAYS if not way.startswith("en")])
def test_no_english_is_left_over(walked: dict[str, Seen], way: str) -> None:
    for text in walked[way].everything:
        assert left_over(text, way[:2]) is None, f"{left_over(text, way[:2])} in: {text}"


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("hi", "आज का मौसम Saved कैसा है?", "Saved"),
        ("hi", "Noor की साझा बात: /start, 9:00 pm, Recipro", None),
        ("hi", "Samaritan", "Samaritan"),
        ("hi", "https://t.me/recipro_sandbox_bot?start=A988KJD5 \u2068/start A988KJD5\u2069", None),
        ("ar", "حُفظ، Later.", "Later"),
        ("ar", "English (India)", None),
        ("ar", "لغة أخرى · Another language", None),
        ("fr", "Enregistré pour the semaine", "the"),
        ("fr", "Saved.", "Saved."),
        ("fr", "Only you see it.", "Only"),
        ("fr", "Pause, message, communication, partage", None),
    ],
)
def test_what_is_left_over_is_found(language: str, text: str, found: str | None) -> None:
    assert left_over(text, language) == found


def left_over(text: str, language: str) -> str | None:
    """What of *text* is English, names of services and of languages aside."""
    left = CODE.sub(" ", text.replace(FIRST_SCREEN, ""))
    for name in (*LOCALE_NAMES.values(), *untranslated(language)):
        left = left.replace(name, " ")
    left = OURS.sub(" ", left)
    if left.strip() in english() - ALIKE:
        return left.strip()
    found = (ENGLISH if language == "fr" else LATIN).search(left)
    return found.group(0) if found else None


@lru_cache(maxsize=4)
def untranslated(language: str) -> tuple[str, ...]:
    """Names and words of helplines that content/safety has in English only: what a service is called where it is."""
    return tuple(sorted(_untranslated(language), key=len, reverse=True))


def _untranslated(language: str) -> Iterator[str]:
    for country in load().countries.values():
        for line in country.line:
            for words_ in (line.name, line.hours, line.region):
                if isinstance(words_, dict) and language not in words_:
                    yield words_["en"]
                elif isinstance(words_, str) and words_:
                    yield words_
            if isinstance(line.text, str):
                yield line.text


@lru_cache(maxsize=1)
def english() -> frozenset[str]:
    """Every sentence and label in English, as it is set."""
    catalog = strings._read(strings._path(strings.ROOT, "en"))
    return frozenset(plain(form) for message in catalog if message.id for form in strings._forms_of(message.string))


@pytest.mark.parametrize("way", WAYS)
def test_signs_are_those_of_the_language(walked: dict[str, Seen], way: str) -> None:
    """Quotes, spaces and marks, of sentences and prompts together, so that no screen is set in two ways."""
    locale = way.split(maxsplit=1)[0]
    for text in walked[way].everything:
        bare = re.sub(f"{FSI}[^{PDI}]*{PDI}", "★", OURS.sub("★", text.replace(FIRST_SCREEN, "")))
        wrong = [
            why
            for why in signs(bare.replace("\u00a0", " ") if locale != "fr-CA" else bare, locale)
            if "hidden" not in why
        ]
        assert wrong == [], f"{wrong} in: {text}"


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_isolated_wherever_it_stands(walked: dict[str, Seen], way: str) -> None:
    """Its letters may run against the line's: isolated, they turn nothing round."""
    met = 0
    for text in walked[way].everything:
        for name in re.finditer(rf"\b(?:{'|'.join(PEOPLE)})\b", text):
            if name.group() == text:  # a button that is nothing but a name
                continue
            assert text[name.start() - 1] == FSI, text
            assert text[name.end()] == PDI, text
            met += 1
        assert text.count(FSI) + text.count(LRI) == text.count(PDI), text
    assert met > 30


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("ar")])
def test_an_arabic_line_runs_from_the_right(walked: dict[str, Seen], way: str) -> None:
    """A client gives a line the direction of its first strong letter, passing over what is isolated."""
    lines = 0
    for text in walked[way].everything:
        for line in text.split("\n"):
            if line.startswith("https://") or line in {*LOCALE_NAMES.values(), *PEOPLE, "Recipro"}:
                continue
            assert direction(line) != "L", line
            lines += direction(line) == "R"
    assert lines > 300


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("أهلًا Noor", "R"),
        ("Noor: أهلًا", "L"),
        (f"{FSI}Noor{PDI}: أهلًا", "R"),
        ("/start · البداية", "L"),
        ("9:00 ·", ""),
    ],
)
def test_a_line_that_would_run_from_the_left_is_found(line: str, way: str) -> None:
    assert direction(line) == way


def direction(line: str) -> str:
    """Which way a client lays a line: R or L by its first strong letter, nothing without one."""
    left = re.sub(f"{FSI}[^{PDI}]*{PDI}", "", line)
    strong = (unicodedata.bidirectional(sign) for sign in left)
    return next(({"L": "L", "R": "R", "AL": "R"}[kind] for kind in strong if kind in {"L", "R", "AL"}), "")


def test_arabic_keyboards_run_from_the_right_and_no_other(walked: dict[str, Seen]) -> None:
    """Clients do not mirror rows: the first button of an Arabic row is sent last. The same country in English is its mirror."""
    arabic, english = rows(walked["ar-AE neutral"]), rows(walked["en-AE neutral"])
    assert len(arabic) > 10
    assert {tuple(reversed(row)) for row in arabic} - english <= {("address",), ("set:address",)}
    for way in WAYS:
        first = {row[0] for row in rows(walked[way]) if set(row) == {"later", "skip"}}
        assert first == ({"skip"} if way.startswith("ar") else {"later"})


@pytest.mark.parametrize("way", WAYS)
def test_the_words_of_a_button_fit_it(walked: dict[str, Seen], way: str) -> None:
    """A phone does not break a button's line: what is too long for its share of the width ends in dots."""
    for message in walked[way].messages:
        for row in keyboard(message):
            for button in row:
                seen = [
                    sign for sign in button["text"] if unicodedata.category(sign)[0] != "M" and sign not in {FSI, PDI}
                ]
                assert len(seen) <= {1: 48, 2: 23, 3: 12}[len(row)], button["text"]


def rows(seen: Seen) -> set[tuple[str, ...]]:
    """The rows of several buttons that were seen, by what each does, without numbers."""
    return {
        tuple(re.sub(r":\d+", "", button.get("callback_data", "")) for button in row)
        for message in seen.messages
        for row in keyboard(message)
        if len(row) > 1 and not any(button.get("callback_data", "").startswith("zone:") for button in row)
    }


@pytest.mark.parametrize("language", [language for language in LANGUAGES if len(ADDRESSES[language]) > 1])
def test_each_person_is_addressed_in_their_own_way_only(walked: dict[str, Seen], language: str) -> None:
    """A sentence that has variants is never said alike to two people who chose differently."""
    catalog = strings._read(strings._path(strings.ROOT, language))
    told = [seen for way, seen in walked.items() if way.startswith(language)]
    compared = 0
    for message in catalog:
        for form in strings._forms_of(message.string) if message.id else ():
            if len(set(strings.variants(form))) < len(ADDRESSES[language]):
                continue
            said = [seen.said[sentence] for seen in told if (sentence := strings._first(message.id)) in seen.said]
            for one, other in ((a, b) for n, a in enumerate(said) for b in said[n + 1 :]):
                assert not one & other, message.id
                compared += 1
    assert compared >= {"hi": 15, "fr": 15, "ar": 0}[language]
    prompts = [set(seen.texts) for seen in told]
    assert all(len(texts) > 100 for texts in prompts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_seen_on_a_screen(walked: dict[str, Seen], language: str) -> None:
    seen = [each for way, each in walked.items() if way.startswith(language)]
    sentences = [strings._first(message.id) for message in strings.extract() if message.id]
    assert unseen(sentences, seen) == set(UNSEEN.get("*", {})) | set(UNSEEN.get(language, {}))


def unseen(sentences: Iterable[str], seen: Iterable[Seen]) -> set[str]:
    """Those of the sentences that were said on no screen."""
    left = set(sentences)
    for each in seen:
        everything = each.everything
        whole, joined = set(everything), "\n".join(everything)
        for sentence in [sentence for sentence in left if sentence in each.said]:
            if any(stands_in(plain(said), whole, joined) for said in each.said[sentence]):
                left.discard(sentence)
    return left


def stands_in(said: str, whole: set[str], joined: str) -> bool:
    """Whether *said* is a button or message of its own, or a part of one with nothing of a word around it."""
    if said in whole or len(said) > 12:
        return said in joined
    return re.search(rf"(?<!\w){re.escape(said)}(?!\w)", joined) is not None


def test_every_card_is_made(walked: dict[str, Seen]) -> None:
    made = set().union(*(seen.cards for seen in walked.values()))
    every = {f"{room.__name__.rpartition('.')[2]}.{name}" for room in ROOMS for name in makers(room)}
    assert every - made == set(NOT_MADE)
    assert len(every) > 80


def test_a_new_screen_that_the_walk_does_not_reach_is_noticed(walked: dict[str, Seen]) -> None:
    seen = [each for way, each in walked.items() if way.startswith("en")]
    assert unseen(["A brand new sentence.", "Saved."], seen) == {"A brand new sentence."}
    seen[0].said["A brand new sentence."].add("A brand new sentence.")  # looked up, and shown to nobody
    assert unseen(["A brand new sentence."], seen) == {"A brand new sentence."}


async def test_two_languages_in_one_pair_never_mix(world: World) -> None:
    """Noor reads Hindi, Sam reads French: each phone speaks its own, whatever passes between them."""
    noor = await world.person("Noor", language="hi", zone="Asia/Kolkata", country="IN")
    sam = await world.person("Sam", language="fr", zone="America/Toronto", country="CA")
    await world.pair(noor, sam)
    await noor.say("/log")
    await noor.tap(0)
    await noor.say("★★★")
    await noor.tap(0)
    await world.turn(hours=12)
    await sam.tap(0, on=next(message for message in sam.inbox if "★★★" in words(message)))
    await noor.say("/reset")
    await noor.tap(0)
    await world.turn(hours=12)
    assert sum("★★★" in text for text in sam.texts) == 1
    devanagari = re.compile("[\u0900-\u097f]")
    for message in noor.inbox:
        for text in (words(message), *(button["text"] for row in keyboard(message) for button in row)):
            left = OURS.sub("", text)
            assert any(name in text for name in LOCALE_NAMES.values()) or not LATIN.search(left), text
    for message in sam.inbox:
        assert not devanagari.search(words(message)), words(message)
    assert load().voice("fr-CA").say("<b>A quiet message for you</b>") != load().voice("hi-IN").say(
        "<b>A quiet message for you</b>"
    )
    assert len(LOCALES) == 9
