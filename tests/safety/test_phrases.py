"""The word lists on labelled phrases: what they must hear, and what must not alarm them. The rates are printed.

The floors lie a little under what was measured (content/safety/README.md); a list that gets worse fails here.
"""

from __future__ import annotations

import pytest

from bot.speech.library import load
from tests.safety import measure
from tests.safety.measure import LANGUAGES, part, phrases, rates, table

FLOORS = {"tuned": (0.97, 0.03), "held out": (0.88, 0.06), "later": (0.55, 0.10)}
"""For each language: at least this recall, at most this rate of false alarms."""
OVERALL = {"tuned": (0.98, 0.02), "held out": (0.92, 0.03), "later": (0.65, 0.06)}


def test_the_rates_are_as_good_as_what_is_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    lexicon = load().lexicon
    with capsys.disabled():
        print(f"\n{table(lexicon)}")
    for name, (recall, alarms) in FLOORS.items():
        for language in LANGUAGES:
            found = rates(lexicon, part(language, name))
            assert found.recall >= recall, (language, name)
            assert found.false_alarms <= alarms, (language, name)
    for name, (recall, alarms) in OVERALL.items():
        found = rates(lexicon, tuple(phrase for language in LANGUAGES for phrase in part(language, name)))
        assert found.recall >= recall, name
        assert found.false_alarms <= alarms, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_phrases_and_half_of_them_are_look_alikes(language: str) -> None:
    every = phrases(language)
    texts = [phrase.text for phrase in (*every, *part(language, "later"))]
    assert len(every) >= 200
    assert len(texts) == len(set(texts))
    assert sum(not phrase.danger for phrase in every) * 2 >= len(every)
    assert 0.25 <= len(part(language, "held out")) / len(every) <= 0.4
    kinds = {phrase.kind for phrase in every if phrase.danger}
    assert kinds == {"suicide", "self_harm", "violence", "threat", "control", "fear", "sexual", "child"}


def test_both_scripts_of_hindi_and_arabic_are_heard() -> None:
    lexicon = load().lexicon
    for language in ("hi", "ar"):
        latin = [phrase for phrase in phrases(language) if phrase.danger and phrase.text.isascii()]
        native = [phrase for phrase in phrases(language) if phrase.danger and not phrase.text.isascii()]
        assert len(latin) >= 40
        assert len(native) >= 60
        for those in (latin, native):
            assert sum(lexicon.concern(phrase.text) is not None for phrase in those) / len(those) >= 0.9


def test_no_prompt_of_ours_sounds_like_danger() -> None:
    """Thousands of ordinary sentences about care, in nine locales, that nobody wrote for the lists."""
    library = load()
    alarms = [prompt.id for prompt in library.by_id.values() if library.lexicon.concern(prompt.text) is not None]
    assert len(library.by_id) >= 1000
    assert len(alarms) <= 3, alarms


def test_nobody_who_improves_a_list_is_shown_what_is_held_out() -> None:
    class Deaf:
        def concern(self, _text: str) -> None:
            return None

    shown = measure.missed(Deaf())  # type: ignore[arg-type]
    assert shown
    assert not any(phrase.held_out for phrase in shown)
