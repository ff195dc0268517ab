"""What people write: kept as they wrote it, unless it would hide, turn round or pile up on somebody else's screen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.speech.written import DIRECTIONS, MARKS, clean, has_sign

HOSTILE = st.text(
    st.one_of(
        st.sampled_from(
            [*DIRECTIONS, *"\u200b\u200c\u200d\u2060\u00ad\u034f\ufe0f\ufe0e\n\n\t \0\x1b", "\U0001f3f4", "\U000e0067"]
        ),
        st.sampled_from("aक्षمی👩❤🏽\u0301\u0302\u0650\U000e0100\U000e0061\U000e007f"),
        st.characters(),
    ),
    max_size=60,
)


@given(HOSTILE)
@example("\u200d\u0301" * 10)
@example("a\n \n\n\t\n b")
def test_what_is_passed_on_hides_nothing(text: str) -> None:
    out = clean(text)
    assert not set(out) & DIRECTIONS
    assert not set(out) & set("\u200b\u2060\u00ad\u034f\x00\x1b\x7f\x85")
    assert "\n\n\n" not in out
    assert clean(out) == out
    piled = 0
    for sign in out:
        category = unicodedata.category(sign)
        piled = piled + 1 if category in {"Mn", "Me"} else piled if category == "Cf" else 0
        assert piled <= MARKS


@pytest.mark.parametrize(
    "text",
    [
        "चाय बनाई, बिना कहे",
        "क्\u200dष और क्\u200cष",  # half forms are asked for by joiners
        "می\u200cخواهم",
        "صَبَاحُ الخَيْرِ",
        "👩\u200d❤\ufe0f\u200d💋\u200d👨 👨🏽\u200d🚀 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # the flag of Scotland
        "葛\U000e0100飾区",
        "Ça va? — “Bien”, dit-elle…",
        "one\n\ntwo\n three",
        "e\u0301\u0302\u0303\u0304",
    ],
)
def test_what_a_script_or_an_emoji_needs_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("\u202egnp.exe", "gnp.exe"),
        ("p\u200ba\u200dy\u2060p\u00ada\u200cl", "paypal"),
        ("e" + "\u0301" * 10_000, "e" + "\u0301" * MARKS),
        ("e" + "\u0301\u200d" * 50, "e" + "\u0301" * MARKS),
        ("a" + "\n" * 3000 + "b", "a\n\nb"),
        ("a\n \n\u200b\n\t\nb", "a\n\nb"),
        ("👍" + "\ufe0f" * 20, "👍\ufe0f"),
        ("👍" + "".join(chr(0xE0100 + n) for n in range(60)), "👍\U000e0100"),
        ("\U0001f3f4" + "\U000e0061" * 90, "\U0001f3f4" + "\U000e0061" * 6),
        ("x\U000e0061\U000e0062y", "xy"),
        ("  \u200f مرحبا \u061c ", "مرحبا"),
        ("क\u200d ष", "क ष"),
        ("\ud800half", "half"),
    ],
)
def test_what_hides_turns_round_or_piles_up_goes(text: str, fit: str) -> None:
    assert clean(text) == fit


@pytest.mark.parametrize(
    ("text", "seen"), [("", False), (" \n\u200b", False), ("\u2800", False), ("❤️", True), ("ठ", True), ("?", True)]
)
def test_blank_is_blank_whatever_it_is_made_of(text: str, seen: bool) -> None:
    assert has_sign(text) == seen
