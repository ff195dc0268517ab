"""Lettering: letters that join do, what reads leftwards does, long words break, and nothing is ever an empty box.

Two oracles that are not ours: ICU's order of characters (a table of it is in bidi_cases.tsv), and the drawing library's own
shaping engine, which draws the same words from the same typefaces as text, where we give it outlines.
"""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
import resvg_py
import uharfbuzz
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from bot.speech.pictures import bidi, letters
from bot.speech.pictures.letters import FONTS, NAMES, Line
from bot.speech.pictures.sheet import Sheet

CASES = Path(__file__).parent / "bidi_cases.tsv"
NOTDEF = 0


def indexes(line: Line) -> list[int]:
    return [glyph.index for glyph in line.glyphs]


# --- directions ---


def test_characters_stand_in_the_order_that_icu_gives_them() -> None:
    rows = [row.split("\t") for row in CASES.read_text("utf-8").splitlines() if not row.startswith("#")]
    assert len(rows) == 160
    for direction, escaped, expected in rows:
        text, rtl = escaped.encode().decode("unicode_escape"), direction == "rtl"
        levels = bidi.trimmed(text, bidi.levels(text, rtl=rtl), rtl=rtl)
        assert " ".join(map(str, bidi.order(levels))) == expected, (escaped, direction)


@given(st.text(max_size=60), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_character_has_a_place(text: str, rtl: bool) -> None:
    levels = bidi.trimmed(text, bidi.levels(text, rtl=rtl), rtl=rtl)
    assert sorted(bidi.order(levels)) == list(range(len(text)))


# --- shaping ---

ARABIC = ("سلام", "أعدّت الشاي قبل أن أطلبه", "لا إله", "مُحَمَّد", "بيت", "گفتگو")
HINDI = ("क्षमा", "श्रीमती", "कृतज्ञता", "विद्यार्थी", "ट्रैफ़िक", "हृदय", "कि", "द्वन्द्व", "र्‍य")
LATIN = ("Practise balance, not perfection", "Mégane Nguyễn Łukasz", "office affine", "« Ça va ? »", "ẞ ñ ø å ž")


@pytest.mark.parametrize("word", ARABIC)
def test_arabic_is_shaped_as_harfbuzz_does_when_told_everything(word: str) -> None:
    """The reference run: script, language and direction set by hand, nothing guessed, nothing split."""
    assert indexes(letters.line(word, rtl=True)) == reference("arabic", word, "Arab", "rtl", "ar")


@pytest.mark.parametrize("word", HINDI)
def test_hindi_is_shaped_as_harfbuzz_does_when_told_everything(word: str) -> None:
    assert indexes(letters.line(word, rtl=False)) == reference("devanagari", word, "Deva", "ltr", "hi")


def reference(name: str, word: str, script: str, direction: str, language: str) -> list[int]:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(unicodedata.normalize("NFC", word))
    buffer.script, buffer.direction, buffer.language = script, direction, language
    uharfbuzz.shape(uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / f"{name}.ttf")))), buffer)
    return [info.codepoint for info in buffer.glyph_infos]


@pytest.mark.parametrize("word", ["سلام", "محل", "عسل", "مسلم"])
def test_arabic_letters_join(word: str) -> None:
    """No letter of a joined word looks as it does alone, but for the last, where it ends a word alone too."""
    alone = {index for letter in word for index in indexes(letters.line(letter, rtl=True))}
    joined = indexes(letters.line(word, rtl=True))
    assert len([index for index in joined if index in alone]) <= 1


def test_hindi_conjuncts_become_one_sign_and_vowels_go_to_their_side() -> None:
    assert len(indexes(letters.line("क्ष", rtl=False))) == 1, "not ka, virama, ssa"
    assert len(indexes(letters.line("ज्ञ", rtl=False))) == 1
    ka = indexes(letters.line("क", rtl=False))
    assert indexes(letters.line("कि", rtl=False))[1:] == ka, "the short i stands before its letter"


@pytest.mark.parametrize("rtl", [False, True])
@pytest.mark.parametrize(
    ("name", "words"),
    [("arabic", ARABIC), ("devanagari", HINDI), ("latin", LATIN)],
    ids=["arabic", "devanagari", "latin"],
)
def test_the_drawing_librarys_own_shaper_draws_the_same(name: str, words: tuple[str, ...], rtl: bool) -> None:
    """Another shaper (rustybuzz) and another bidirectional algorithm, from the same typeface: the same picture."""
    if name != "arabic" and rtl:
        return  # words of one direction do not depend on the sheet's
    family = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / f"{name}.ttf"))).get_name(1)
    for word in words:
        ours = Sheet(700, 140)
        ours.fill("#fff")
        line = letters.line(word, rtl=rtl)
        ours.write(line, 60, x=20, y=95, colour="#000")
        size = 60 * letters.SCALES[name]
        theirs = resvg_py.svg_to_bytes(
            svg_string=f'<svg xmlns="http://www.w3.org/2000/svg" width="700" height="140"><rect width="700" height="140" '
            f'fill="#fff"/><text x="20" y="95" font-size="{size}" font-family="{family}">{word}</text></svg>',
            skip_system_fonts=True,
            font_files=[str(FONTS / f"{name}.ttf")],
        )
        assert difference(ours.png(), theirs) < 1.2, word


def difference(one: bytes, other: bytes) -> float:
    """The mean difference of two pictures, 0 to 255."""
    pair = [Image.open(io.BytesIO(each)).convert("L") for each in (one, other)]
    return float(ImageStat.Stat(ImageChops.difference(*pair)).mean[0])


def test_the_oracle_of_pixels_tells_shaped_from_unshaped() -> None:
    """The tolerance above is tight enough to fail for letters that do not join."""
    pictures = []
    for word in ("سلام", "س\u200cل\u200cا\u200cم"):
        sheet = Sheet(700, 140)
        sheet.fill("#fff")
        sheet.write(letters.line(word, rtl=True), 60, x=20, y=95, colour="#000")
        pictures.append(sheet.png())
    assert difference(*pictures) > 1.2


# --- mixed lines ---


def test_a_latin_name_in_an_arabic_line_keeps_its_place_and_its_order() -> None:
    line = letters.line("نور و\u2068Sam (5)\u2069!", rtl=True)
    latin = [glyph for glyph in line.glyphs if glyph.face == "latin"]
    alone = letters.line("Sam", rtl=False)
    read = [glyph.index for glyph in latin]
    assert read[1:4] == indexes(alone), "the name reads from left to right, behind the line's last sign"
    assert min(glyph.x for glyph in line.glyphs if glyph.face == "arabic") > latin[-1].x, (
        "and to the left of what leads to it"
    )


def test_digits_and_commas_take_the_face_of_the_words_around_them() -> None:
    faces = {glyph.face for glyph in letters.line("चाय, 5 बार!", rtl=False).glyphs}
    assert faces == {"devanagari"}
    assert {glyph.face for glyph in letters.line("tea, 5 times!", rtl=False).glyphs} == {"latin"}


# --- emoji and strange signs ---


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("tea ☕️", "tea ☕"),
        ("❤️ and 💙", "♥ and ♥"),
        ("❤️‍🔥", "♥"),
        ("🙏🏽 thanks", "🙏 thanks"),
        ("👩‍❤️‍👨", "👩"),
        ("👨‍👩‍👧‍👦 us", "👨 us"),
        ("home 🇨🇦🇮🇳", "home"),
        ("1️⃣ first", "1 first"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿 x", "x"),
        ("odd \U0001fae8 one", "odd one"),
        ("a\u200bb\u00adc", "abc"),
        ("two\n\n  lines\t.", "two lines ."),
        ("cafe\u0301", "café"),
        ("★ → ♥ ✓", "★ → ♥ ✓"),
        ("z" + "\u0301" * 40, "ź" + "\u0301" * 3),
    ],
)
def test_what_a_picture_shows_of_what_was_written(written: str, shown: str) -> None:
    assert letters.drawable(written) == shown


@pytest.mark.parametrize("word", ["தேநீர்", "茶をありがとう", "ধন্যবাদ", "🇨🇦", "", "   ", "\u200d"])
def test_what_has_no_typeface_is_known_before_it_is_drawn(word: str) -> None:
    assert not letters.can_draw(word)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.booleans())
@settings(max_examples=200, deadline=None)
def test_nothing_that_can_be_drawn_is_an_empty_box(text: str, rtl: bool) -> None:
    line = letters.line(text, rtl=rtl)
    if letters.can_draw(text):
        assert NOTDEF not in indexes(line)
        assert line.text == letters.drawable(text)


def test_every_letter_of_our_languages_has_a_typeface() -> None:
    hindi = [chr(number) for number in range(0x900, 0x970)]
    arabic = [chr(number) for number in (*range(0x621, 0x653), *range(0x660, 0x66D))]
    latin = [
        chr(number) for number in (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x149), *range(0x14A, 0x17F))
    ]
    known = {number for name in NAMES for number in letters.face(name).has}
    missing = [
        sign for sign in (*hindi, *arabic, *latin) if ord(sign) not in known and unicodedata.category(sign) != "Cn"
    ]
    assert missing == []


# --- lines ---

LONG = (
    "Wirklichkeitsverweigerungsbereitschaftsgefühl "
    + "a" * 120
    + " कृतज्ञताकृतज्ञताकृतज्ञताकृतज्ञता والمستشفياتوالمستشفياتوالمستشفيات"
)


@pytest.mark.parametrize("rtl", [False, True])
def test_long_words_are_broken_and_nothing_is_lost(rtl: bool) -> None:
    lines = letters.wrapped(LONG, 9, rtl=rtl)
    assert len(lines) > 10
    assert all(line.width <= 9.3 for line in lines), [line.width for line in lines]
    assert "".join(line.text for line in lines).replace(" ", "") == LONG.replace(" ", "")


@pytest.mark.parametrize("rtl", [False, True])
def test_no_line_begins_with_a_mark_or_breaks_a_conjunct(rtl: bool) -> None:
    for line in letters.wrapped("क्षमाश्रीकृतज्ञताविद्यार्थी" * 4, 5, rtl=rtl):
        assert unicodedata.category(line.text[0])[0] != "M"
        assert unicodedata.combining(line.text[-1]) != 9


def test_words_are_kept_whole_where_a_smaller_size_allows_it() -> None:
    size, lines = letters.fitted("Beziehungspflege heute", (80, 60, 40), 420, most=2, rtl=False)
    assert (size, [line.text for line in lines]) == (40, ["Beziehungspflege", "heute"])


def test_lines_are_about_equally_long() -> None:
    _, lines = letters.fitted("one two three four five six seven", (40,), 560, most=3, rtl=False)
    assert len(lines) == 2
    assert min(line.width for line in lines) > 0.7 * max(line.width for line in lines)


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    size, lines = letters.fitted("word " * 200, (40, 30), 500, most=3, rtl=False)
    assert (size, len(lines)) == (30, 3)
    assert lines[-1].text.endswith("word…")
    assert all(line.width * 30 <= 505 for line in lines)
    assert letters.clipped("M" * 64, 6, rtl=False).width <= 6
    assert letters.clipped("M" * 64, 6, rtl=False).text.endswith("M…")


@given(st.text(max_size=120), st.floats(1.5, 30), st.integers(1, 4), st.booleans())
@settings(max_examples=120, deadline=None)
def test_no_text_needs_more_lines_than_there_are(text: str, width: float, most: int, rtl: bool) -> None:
    _, lines = letters.fitted(text, (40, 30), 40 * width, most=most, rtl=rtl)
    assert len(lines) <= most
