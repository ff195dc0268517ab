"""The small language in which words of danger are written, and how letters are compared."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from bot.domain import safety
from bot.domain.safety import LONGEST, Concern, Lexicon, Wordlist, WordsError, normalise
from bot.speech.library import load


def lexicon(*phrases: str, unless: tuple[str, ...] = (), **table: Any) -> Lexicon:
    table["pattern"] = [{"id": "p", "kind": "violence", "any": list(phrases), "unless": list(unless)}]
    words = Wordlist.of_table("test", table)
    return Lexicon([words, words.in_latin(table["latin"])] if "latin" in table else [words])


def heard(words: Lexicon, text: str) -> bool:
    return words.concern(text) is not None


def test_it_answers_with_a_kind_and_nothing_else() -> None:
    assert lexicon("hits me").concern("He hits me.") == Concern("violence")
    assert lexicon("hits me").concern("He hits the ball.") is None


def test_a_choice_a_set_and_what_may_be_missing() -> None:
    words = lexicon("{they} (often|again and again)? hits (me|us)", sets={"they": ["he", "my (dad|uncle)"]})
    for text in ("he hits me", "my uncle hits us", "He often hits me", "he again and again hits us"):
        assert heard(words, text), text
    for text in ("dad hits me", "he hits", "he never hits me", "the hits me"):
        assert not heard(words, text), text


def test_a_gap_ends_with_the_sentence_and_at_a_denial() -> None:
    words = lexicon("he ..2 hits me", denies_before=["never"])
    for text in ("he hits me", "he just suddenly hits me", "he, just, suddenly, hits me", "he, hits me"):
        assert heard(words, text), text
    assert not heard(words, "I love him and he. Hits me")
    assert not heard(words, "he never hits me")
    assert not heard(words, "he one two three hits me")


def test_a_denial_close_by_takes_it_back_and_one_far_away_or_in_another_clause_does_not() -> None:
    words = lexicon("hit me", denies_before=["never"], denies_after=["not"])
    assert not heard(words, "he never hit me")
    assert not heard(words, "he never once hit me")
    assert not heard(words, "he hit me not")
    assert heard(words, "I never thought he would hit me")
    assert heard(words, "Never, he hit me")
    assert heard(words, "he hit me. Not the first time")


def test_what_is_harmless_must_overlap() -> None:
    words = lexicon("hit me", unless=("hit me ..2 pillow",))
    assert not heard(words, "she hit me with a pillow")
    assert heard(words, "she hit me with a stick, then the pillow was wet")
    assert heard(words, "first she hit me with a pillow, then he hit me")


def test_an_end_a_beginning_and_a_slip() -> None:
    assert heard(lexicon("hit me $"), "Sam hit me")
    assert not heard(lexicon("hit me $"), "the news hit me hard")
    assert heard(lexicon("threat* me"), "he threatens me")
    for typed in ("strangled", "strangeld", "stranled", "straangled", "strengled", "strangledd"):
        assert heard(lexicon("~strangled"), typed), typed
    assert not heard(lexicon("~strangled"), "struggled")


def test_what_was_read_of_a_phrase_is_let_go_once_it_can_be_found() -> None:
    words = lexicon("{they} hits me", unless=("{they} hits me ..2 pillow",), sets={"they": ["he", "my (dad|uncle)"]})
    assert heard(words, "my uncle hits me")
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, safety._Word)] == []


def test_letters_are_compared_not_keys() -> None:
    dont = lexicon("dont want")
    for typed in ("don't want", "don’t want", "DONʼT WANT", "dont want", "dontttt wannnt", "do\u200bn't wa\u00adnt"):
        assert heard(dont, typed), typed
    parts = lexicon("m'a frappé", apostrophe="parts")
    for typed in ("il m'a frappe", "il m’a frappée", "M A FRAPPÉ", "m'a frappe\u0301"):
        assert heard(parts, typed), typed
    arabic = lexicon("اؤذي نفسي")
    for typed in ("أُؤْذِي نَفْسِي", "اوذي نفسى", "أؤذـــي نفسي"):
        assert heard(arabic, typed), typed
    hindi = lexicon("ज़बरदस्ती हूँ")
    for typed in ("जबरदस्ती हूं", "ज़बरदस्ती हूँ", "ज\u093cबरदस्ती हूँ"):
        assert heard(hindi, typed), typed
    assert normalise("٣ और १") == "3 और 1 "


def test_prefixes_stand_before_a_word_or_a_choice() -> None:
    words = lexicon("+ضربني", "+(حبسني|خنقني) امس", prefixes=["و", "ف"])
    for text in ("ضربني", "وضربني", "وحبسني امس", "فخنقني أمس"):
        assert heard(words, text), text
    assert not heard(words, "مضربني")


def test_a_list_is_also_read_in_latin_letters_where_the_text_looks_like_the_language() -> None:
    latin = {
        "least": 4,
        "marks": ["hai"],
        "letters": [["म", "m"], ["झ", "j"], ["र", "r"], ["त", "t"], ["ु", "u"], ["े", "e"], ["ा", ""]],
        "same": [["(?<=[a-z])h", ""], ["(?<=[a-z])a+", ""]],
    }
    words = lexicon("मुझे मारता", marks=["[^ ]*[ऀ-ॿ][^ ]*"], latin=latin)
    assert heard(words, "वो मुझे मारता है")
    assert heard(words, "wo mujhe maarta hai")
    assert heard(words, "wo muje marta hai")
    assert not heard(words, "mujhe maarta"), "nothing in it says that it is Hindi"


@pytest.mark.parametrize(
    "phrase", ["(a|b", "a)", "(a|)", "a ?(b", "{nobody} hits", "~hit", "", "()", "a + b", "?", "a || b"]
)
def test_a_phrase_that_cannot_be_read_says_which(phrase: str) -> None:
    with pytest.raises(WordsError, match="test: "):
        lexicon(phrase)


@pytest.mark.parametrize("text", ["", " ", "😂" * 50, "\u202e\u2066", "." * 5000, "a" * 100_000, "\ud800", "ﷺ" * 2000])
def test_nothing_that_can_be_typed_breaks_it(text: str) -> None:
    assert load().lexicon.concern(text) is None


def test_only_the_beginning_of_a_very_long_text_is_looked_at() -> None:
    words = load().lexicon
    assert heard(words, "he hits me. " + "x " * LONGEST)
    assert not heard(words, "x " * LONGEST + "he hits me.")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I want to die", "self_harm"),
        ("i don’t want to be here anymore", "self_harm"),
        ("he hits me when he drinks", "violence"),
        ("He said he'd kill me if I left", "threat"),
        ("he checks my phone every night", "control"),
        ("I'm scared of him", "fear"),
        ("he raped me", "sexual"),
        ("he hits our son", "child"),
        ("मैं मरना चाहती हूँ", "self_harm"),
        ("wo mujhe maarta hai", "violence"),
        ("أريد أن أموت", "self_harm"),
        ("zawji yedrobni", "violence"),
        ("J'ai envie de mourir", "self_harm"),
        ("mon chum me bat", "violence"),
    ],
)
def test_plain_words_are_heard_as_what_they_are(text: str, kind: str) -> None:
    assert load().lexicon.concern(text) == Concern(kind)


@pytest.mark.parametrize(
    "text",
    [
        "I'm dying of laughter",
        "this traffic kills me",
        "he hit the ball",
        "मर गया हँसते हँसते",
        "نموت من الضحك",
        "je meurs de faim",
        "she beat me at chess and we laughed",
        "he has never once hit me",
    ],
)
def test_look_alikes_pass(text: str) -> None:
    assert load().lexicon.concern(text) is None
