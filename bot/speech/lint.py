"""What a program can see of the voice: words, signs and spellings that do not belong in a prompt or on a screen.

The rules are data, content/lint/<language>.toml, each with a line that it must catch and a look-alike that it must let
pass; a test holds every rule to both. Nothing here knows what is good: that is for a native reader.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import zip_longest

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.speech.library import ContentError, root
from bot.speech.voice import ADDRESSES
from bot.speech.written import DIRECTIONS

LETTER = r"\w\u0300-\u036f\u0900-\u0963\u0970-\u097f\u0640\u064b-\u065f\u0670"
"""What words are made of; Python's own \\b takes a Hindi vowel sign for the end of a word."""
_BEFORE, _AFTER = f"(?<![{LETTER}])", f"(?![{LETTER}])"
_CLITICS = "(?:[وف]?(?:ال|لل|[بكل]ال|[بكل])?)?"
"""What Arabic writes onto the front of a word: and, so, by, like, for, the."""
_HARAKAT = re.compile("[\u064b-\u065f\u0670\u0640]")
_GROUP = re.compile(r"\[([^\[\]]*)\]")
_QUOTED = re.compile("“[^”]*”|«[^»]*»")
_ENDINGS = tuple(".?!…”»।؟")
_QUOTES = {"en": ("“", "”"), "hi": ("“", "”"), "fr": ("«", "»"), "ar": ("«", "»")}


class Rule(BaseModel):
    """One thing that must not be there. ``*`` at the end of a word stands for any ending.

    *fine* are phrases in which the words mean something else. A *bare* rule looks only at what is neither a variant of
    address nor a quotation. One that holds *everywhere* is about signs, and holds for the interface too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    why: str
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    fine: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    bare: bool = False
    everywhere: bool = False
    catches: tuple[str, ...]
    passes: tuple[str, ...]

    @cached_property
    def _wrong(self) -> re.Pattern[str]:
        arabic = any("\u0600" <= sign <= "\u06ff" for word in self.words for sign in word)
        words = "|".join(_as_pattern(word) for word in self.words)
        whole = [f"{_BEFORE}{_CLITICS if arabic else ''}(?:{words}){_AFTER}"] if words else []
        return re.compile("|".join([*whole, *self.patterns]), re.IGNORECASE)

    @cached_property
    def _fine(self) -> re.Pattern[str] | None:
        phrases = "|".join(_as_pattern(phrase) for phrase in self.fine)
        return re.compile(f"{_BEFORE}(?:{phrases}){_AFTER}", re.IGNORECASE) if phrases else None

    def found(self, text: str) -> str | None:
        """The first thing in *text* that breaks the rule."""
        if self.bare:
            text = _QUOTED.sub(" ", _GROUP.sub(" ", text))
        if self.words:
            text = _plain(text)
        if self._fine is not None:
            text = self._fine.sub(" ", text)
        hit = self._wrong.search(text)
        return hit.group(0).strip() or "a space" if hit else None


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: tuple[Rule, ...]


@lru_cache(maxsize=8)
def rules(language: str) -> tuple[Rule, ...]:
    """The rules of a language. Raises ContentError."""
    path = root() / "content" / "lint" / f"{language}.toml"
    try:
        return _Rules.model_validate(tomllib.loads(path.read_text("utf-8"))).rule
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ContentError(f"lint/{path.name}: {error}") from error


def faults(text: str, locale: str) -> Iterator[str]:
    """What is wrong with one prompt of *locale*, as sentences."""
    language = locale[:2]
    yield from _shape(text, language)
    for variant in variants(text):
        for rule in rules(language):
            if not rule.locales or locale in rule.locales:
                hit = rule.found(text if rule.bare else variant)
                if hit is not None:
                    yield f"{rule.name}: “{hit}” {rule.why}"


def signs(text: str, locale: str) -> Iterator[str]:
    """What is wrong with the spaces, quotes and marks of any sentence, of the interface too."""
    yield from _marks(text, locale[:2])
    for rule in rules(locale[:2]):
        if rule.everywhere and (not rule.locales or locale in rule.locales) and (hit := rule.found(text)) is not None:
            yield f"{rule.name}: “{hit}” {rule.why}"


def typeset(text: str, language: str) -> str:
    """*text* with the signs its language is set with, where an ordinary keyboard has none: ’ and … and French spaces."""
    if language in {"en", "fr"}:
        text = text.replace("'", "’")
    if language == "fr":
        text = re.sub("[ \u00a0\u202f]+([?!;])", r"\1", text)
        text = re.sub("(?<=[^\\s\\d])[ \u00a0\u202f]*:(?![\\d/])|(?<=\\d)[ \u00a0\u202f]+:", "\u00a0:", text)
        text = re.sub("«[ \u00a0\u202f]*", "«\u00a0", text)
        text = re.sub("[ \u00a0\u202f]*»", "\u00a0»", text)
    return text.replace("...", "…")


def variants(text: str) -> list[str]:
    """*text* in each way of address; itself alone where it has no ``[…|…]``."""
    groups = [group.split("|") for group in _GROUP.findall(text)]
    ways = list(zip_longest(*groups, fillvalue="")) if groups else [()]
    said = []
    for way in ways:
        left = iter(way)
        said.append(_GROUP.sub(lambda _, left=left: next(left), text))  # type: ignore[misc]
    return said


def _shape(text: str, language: str) -> Iterator[str]:
    """What every prompt must be, in any language."""
    yield from _marks(text, language)
    ways = len(ADDRESSES[language])
    for group in _GROUP.findall(text):
        forms = group.split("|")
        if len(forms) != ways or ways == 1:
            yield f"register: [{group}] needs {ways} variants"
        elif not all(form.strip() for form in forms) or len(set(forms)) == 1:
            yield f"register: [{group}] has an empty variant, or says the same for all"
    if any(sign in _GROUP.sub("", text) for sign in "[]|"):
        yield "register: a bracket or bar stands outside a [...|...]"
    if any(sign in text for sign in "{}<>%_*`"):
        yield "placeholder: a prompt has no {fields}, tags or formatting"
    if "!" in text or "！" in text:
        yield "voice: an exclamation mark"
    if not text.endswith(_ENDINGS):
        yield f"ending: “{text[-1:]}” does not end a sentence"
    opening, closing = _QUOTES[language]
    if text.count(opening) != text.count(closing):
        yield f"quotes: an {opening} or a {closing} is missing"
    first = next((sign for sign in text if unicodedata.bidirectional(sign) in {"L", "R", "AL"}), "ا")
    if language == "ar" and unicodedata.bidirectional(first) != "AL":
        yield f"direction: begins with “{first}”, so that the line would run from the left"


def _marks(text: str, language: str) -> Iterator[str]:
    if hidden := [f"U+{ord(sign):04X}" for sign in text if sign in DIRECTIONS or _is_hidden(sign, language)]:
        yield f"hidden: {', '.join(hidden)}"
    if "  " in text or any(line != line.strip(" ") for line in text.split("\n")):
        yield "spaces: a double or stray space"
    if "..." in text:
        yield "dots: … is one sign"
    if unicodedata.normalize("NFC", text) != text:
        yield "letters: not in normal form (NFC)"


def _is_hidden(sign: str, language: str) -> bool:
    """Zero-width signs and odd spaces. Hindi may join or part letters; French sets its no-break spaces."""
    if sign in "\u200c\u200d":
        return language != "hi"
    if sign == "\u00a0":
        return language != "fr"
    return unicodedata.category(sign) in {"Cc", "Cf", "Zs", "Zl", "Zp"} and sign not in " \n"


def _as_pattern(word: str) -> str:
    ending = f"[{LETTER}]*" if word.endswith("*") else ""
    return re.escape(_plain(word.rstrip("*"))).replace(r"\ ", r"\s+") + ending


def _plain(text: str) -> str:
    """Letters as they are compared: one form of apostrophe, no Arabic vowel signs."""
    return _HARAKAT.sub("", unicodedata.normalize("NFC", text).replace("’", "'"))
