"""The rule of the first line itself: World.check() holds every journey to it, and here it is seen to bite."""

from __future__ import annotations

import pytest

from bot.speech.library import load
from tests.lockscreen import GIVES_AWAY, given_away
from tests.world import START, World


@pytest.mark.parametrize("locale", ["en-US", "hi-IN", "ar-AE", "fr-CA"])
def test_it_knows_how_each_language_says_lets_reset(locale: str) -> None:
    said = load().voice(locale).say("{name} says: let's reset.", name="Asha")
    assert GIVES_AWAY.search(said), said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Tom shared something", "the name Tom"),
        ("<b>Tom</b>", "the name Tom"),
        ("he read: made tea at dawn", "what somebody wrote"),
        ("Do you need help?", "“help”"),
        ("झगड़े के बाद", "झगड़"),
        ("Nothing at all\nTom made tea at dawn and asks for help", None),
        ("Tomorrow it is back", None),
    ],
)
def test_it_finds_a_name_words_and_what_nobody_should_read(line: str, why: str | None) -> None:
    telegram = World("sqlite://", start=START).telegram
    tom = telegram.join("Tom", started=True)
    telegram.say(tom, "made tea at dawn")
    telegram.call("sendMessage", {"chat_id": tom.id, "text": line, "parse_mode": "HTML"})
    found = list(given_away(telegram))
    assert [why in each for each in found] == [True] if why is not None else found == []
