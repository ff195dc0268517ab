"""The content lint: every rule catches what it must and lets its look-alike pass; every breach of the rules is found."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.people import Tie
from bot.domain.prompts import DAILY, Kind, Practice, Prompt, Step
from bot.speech.check import LEAST, LEAST_FOR, LEAST_GENTLE, RELATED, SAME, report, too_alike, too_few
from bot.speech.library import Library, load, root
from bot.speech.likeness import pairs
from bot.speech.lint import Rule, faults, rules, signs
from bot.speech.voice import ADDRESSES, LOCALES

LANGUAGES = ("en", "hi", "fr", "ar")


@pytest.mark.parametrize(
    ("rule", "text", "caught"),
    [
        pytest.param(
            rule, text, caught, id=f"{language}-{number}-{rule.name}-{'catches' if caught else 'passes'}-{place}"
        )
        for language in LANGUAGES
        for number, rule in enumerate(rules(language))
        for caught, texts in ((True, rule.catches), (False, rule.passes))
        for place, text in enumerate(texts)
    ],
)
def test_a_rule_catches_what_it_must_and_passes_its_look_alike(rule: Rule, text: str, caught: bool) -> None:
    assert (rule.found(text) is not None) == caught, rule.found(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_rules(language: str) -> None:
    wanted = {"score", "must", "blame", "diagnosis", "gender", "faith", "alcohol", "danger", "marks", "spelling"}
    names = {rule.name for rule in rules(language)}
    assert wanted - names == set()
    assert all(rule.words or rule.patterns for rule in rules(language))


@pytest.mark.parametrize(
    ("locale", "text", "what"),
    [
        ("en-US", "What did you like  about today?", "spaces"),
        ("en-US", " What did you like about today?", "spaces"),
        ("en-US", "What did you like...", "dots"),
        ("en-US", "What did {name} like?", "placeholder"),
        ("en-US", "What did they <b>like</b>?", "placeholder"),
        ("en-US", "What a day!", "voice"),
        ("en-US", "What did they like", "ending"),
        ("en-US", "Say “thanks, in a line.", "quotes"),
        ("en-US", "What did [you|thou] like?", "register"),
        ("en-US", "What did they\u200b like?", "hidden: U+200B"),
        ("en-US", "What did \u2068they\u2069 like?", "hidden: U+2068, U+2069"),
        ("hi-IN", "[आप|तुम|तू] कैसे?", "register"),
        ("hi-IN", "[आप|] कैसे?", "register"),
        ("hi-IN", "[आप|आप] कैसे?", "register"),
        ("hi-IN", "आप|तुम कैसे?", "register"),
        ("ar-AE", "أي كلمة [تختار|تختارين]؟", "register"),
        ("ar-AE", "WhatsApp: آخر رسالة؟", "direction"),
        ("ar-AE", "كيف الحال\u200f؟", "hidden: U+200F"),
        ("fr-CA", "Un cafe\u0301?", "letters"),
        ("fr-CA", "Un café\u202f?", "hidden: U+202F"),
    ],
)
def test_a_planted_breach_is_found(locale: str, text: str, what: str) -> None:
    assert any(found.startswith(what) for found in faults(text, locale)), list(faults(text, locale))


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en-US", "“I feel closer when …, could we …?” Write your version."),
        ("hi-IN", "[आपका|तुम्हारा] दिन कैसा रहा? “ठीक” के सिवा।"),
        ("ar-AE", "كيف الحال؟ «بخير» جواب كامل."),
        ("ar-AE", "أي كلمة [تخطر لك|تختار|تختارين]؟"),
        ("fr-CA", "Comment [allez-vous|vas-tu] ce soir? En un mot\u00a0: «\u00a0bien\u00a0», par exemple."),
    ],
)
def test_a_good_line_has_no_faults(locale: str, text: str) -> None:
    assert list(faults(text, locale)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_prompt_has_a_fault(locale: str) -> None:
    found = [
        f"{p.id}: {why}" for pool in load().prompts[locale].values() for p in pool for why in faults(p.text, locale)
    ]
    assert found == []


def test_signs_hold_for_the_interface_and_words_do_not() -> None:
    assert list(signs("No score, ever.", "en-US")) == []
    assert list(signs("It'll keep.", "en-US"))


def test_two_prompts_with_one_wording_are_found_among_many() -> None:
    texts = [p.text for kind in Kind for p in load().pool("en-US", kind)]
    planted = texts[17].replace("call", "visit").replace("slide", "page")
    assert planted != texts[17]
    (found,) = [each for each in pairs([*texts, planted], least=SAME) if each.other == len(texts)]
    assert found.one == 17
    assert found.value > 0.6


def test_words_in_common_are_not_likeness() -> None:
    assert pairs(["What did you like about today?", "Which job would you swap for a week?"], least=0.2) == []
    (same,) = pairs(["One meal without a screen.", "One meal without a screen."], least=0.99)
    assert round(same.value, 6) == 1


def changed(locale: str, kind: Kind, change: Callable[[list[Prompt]], list[Prompt]]) -> Library:
    """The content with one file of it changed."""
    library = load()
    pool = tuple(change(list(library.pool(locale, kind))))
    return replace(library, prompts={**library.prompts, locale: {**library.prompts[locale], kind: pool}})


@pytest.mark.parametrize("kind", list(Kind))
def test_too_few_prompts_are_a_breach(kind: Kind) -> None:
    found = too_few(changed("hi-IN", kind, lambda pool: pool[: LEAST[kind] - 1]), "hi-IN")
    assert f"hi-IN: {LEAST[kind] - 1} {kind} prompts, fewer than {LEAST[kind]}" in found


@pytest.mark.parametrize("kind", DAILY)
def test_a_gentle_pace_that_runs_dry_is_a_breach(kind: Kind) -> None:
    def harder(pool: list[Prompt]) -> list[Prompt]:
        left = iter(range(LEAST_GENTLE - 1))
        return [replace(p, gentle=p.gentle and next(left, None) is not None) for p in pool]

    assert list(too_few(changed("ar-AE", kind, harder), "ar-AE")) == [
        f"ar-AE: {LEAST_GENTLE - 1} gentle {kind} prompts, fewer than {LEAST_GENTLE}"
    ]


@pytest.mark.parametrize("tie", list(Tie))
def test_a_relationship_that_runs_dry_is_a_breach(tie: Tie) -> None:
    def without(pool: list[Prompt]) -> list[Prompt]:
        left = iter(range(LEAST_FOR[tie] - 1))
        return [p if tie in p.ties and next(left, None) is not None else replace(p, ties=p.ties - {tie}) for p in pool]

    assert list(too_few(changed("en-CA", Kind.RESET, without), "en-CA")) == [
        f"en-CA: {LEAST_FOR[tie] - 1} reset prompts for {tie}, fewer than {LEAST_FOR[tie]}"
    ]


@pytest.mark.parametrize("step", list(Step))
def test_a_step_of_recipro_with_three_questions_is_a_breach(step: Step) -> None:
    def fewer(pool: list[Prompt]) -> list[Prompt]:
        other = Step.REFLECT if step is not Step.REFLECT else Step.OBSERVE
        first = next(p for p in pool if p.step is step)
        return [replace(p, step=other) if p is first else p for p in pool]

    assert list(too_few(changed("en-IN", Kind.WEEKLY, fewer), "en-IN")) == [
        f"en-IN: 3 weekly questions for {step}, fewer than 4"
    ]


@pytest.mark.parametrize("practice", list(Practice))
def test_a_practice_without_a_prompt_is_a_breach(practice: Practice) -> None:
    library = load()
    bare = {
        kind: tuple(replace(p, practice=None) if p.practice is practice else p for p in pool)
        for kind, pool in library.prompts["en-AE"].items()
    }
    assert list(too_few(replace(library, prompts={**library.prompts, "en-AE": bare}), "en-AE")) == [
        f"en-AE: no prompt for the practice {practice}"
    ]


def alike(prompts: list[Prompt]) -> list[str]:
    return list(too_alike(prompts, pairs([prompt.text for prompt in prompts], least=RELATED)))


def test_the_same_twice_in_a_locale_is_a_breach() -> None:
    pool = list(load().pool("ar-AE", Kind.RESET))
    assert alike(pool) == []
    again = replace(pool[0], id="ar-ae-rst-99", text=pool[0].text.replace("عبارة", "جملة"))
    (found,) = alike([*pool, again])
    assert "ar-ae-rst-01 and ar-ae-rst-99 say nearly the same" in found


def test_a_prompt_taken_over_from_another_english_locale_is_a_breach() -> None:
    here, there = list(load().pool("en-US", Kind.RESET)), list(load().pool("en-CA", Kind.RESET))
    assert alike([*here, *there]) == []
    taken = replace(there[-1], text=here[6].text)
    assert alike([*here, *there[:-1], taken]) == ["en-us-rst-07 and en-ca-rst-44 are one prompt in two locales (1.00)"]


def test_an_english_locale_of_relatives_is_a_breach() -> None:
    """A tenth of them may be; here it is one in eight."""
    here, there = list(load().pool("en-US", Kind.APPRECIATION)), list(load().pool("en-AE", Kind.APPRECIATION))
    cousins = [replace(p, text=f"{us.text} {p.text}") for p, us in zip(there[:8], here, strict=False)]
    found = alike([*here, *cousins, *there[8:]])
    assert any(line.startswith(f"en-ae: 8 of {len(there)} prompts have a close relative") for line in found), found


def test_a_breach_is_printed_and_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    library = changed("en-US", Kind.WEEKLY, lambda pool: [replace(pool[0], text="You should keep score."), *pool[1:]])
    assert report(library) == 1
    printed = capsys.readouterr().out
    assert re.findall(r"^BREACH  (en-us-wk-01: \w+)", printed, re.MULTILINE) == [
        "en-us-wk-01: score",
        "en-us-wk-01: must",
    ]
    assert "2 breaches" in printed


def test_the_command_prints_the_tables_and_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check-content"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout
    for wanted in ("locale  kind", "practice", "closest within hi-IN", "closest between English locales", "review"):
        assert wanted in done.stdout
    assert "\ncontent is in order\n" in done.stdout


def test_the_guide_tells_the_state_of_review_as_it_is() -> None:
    library = load()
    guide = (root() / "content" / "README.md").read_text("utf-8")
    for locale in LOCALES:
        states = {library.reviews[locale, kind] for kind in Kind}
        (state, _, reread) = next(iter(states)).partition(", reread ")
        assert len(states) == 1
        assert f"| {locale} | {state} | {reread or 'never'} |" in guide


@pytest.mark.parametrize("locale", LOCALES)
def test_every_way_of_address_is_written_out(locale: str) -> None:
    """A language that must choose has prompts that do; one that need not has none."""
    texts = [p.text for pool in load().prompts[locale].values() for p in pool]
    assert any("[" in text for text in texts) == (len(ADDRESSES[locale[:2]]) > 1)
