"""Words that may speak of danger or self-harm, in any of the languages at once. Pure; the phrases are content.

It answers with a kind, never with the words, and remembers nothing. A false alarm costs one quiet line to the writer, and
prompts that rest until they say otherwise; a miss costs more, so the lists lean towards hearing.

A phrase is written in a small language: words; ``(a|b c)`` for one of several; ``{name}`` for a named set of the file;
``?`` after either for what may be missing; ``..`` for up to three words in between and ``..6`` for up to six, never across
the end of a sentence and never over a word that denies; ``word*`` for a beginning, ``~word`` for one slip of the finger,
``+word`` or ``+(a|b)`` for words with the file's prefixes before them, ``$`` for the end of a clause.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

LONGEST = 4096
"""Characters looked at."""
SLIP_FROM = 6
"""Letters a word needs before one slip in it can be forgiven: shorter ones turn into other words."""
GAP = 3


class WordsError(ValueError):
    """A phrase that cannot be read."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What kind of danger words speak of."""

    kind: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Phrases of one kind, and what makes them harmless where it overlaps them."""

    kind: str
    phrases: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wordlist:
    """One file: how its letters are compared, its named sets, its words of denial, what is harmless, and its phrases."""

    name: str
    same: tuple[tuple[str, str], ...]
    """Expressions of what is written in several ways, and the one way it is compared in; in this order."""
    joined: bool
    """Whether an apostrophe joins (don't, dont) or parts (j'ai, j ai)."""
    prefixes: tuple[str, ...]
    sets: Mapping[str, tuple[str, ...]]
    denies_before: tuple[str, ...]
    denies_after: tuple[str, ...]
    reach: int
    """How many words may stand between a denial and what it denies."""
    unless: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    least: int = 0
    """Letters that a phrase needs at least; shorter ones are left out."""
    marks: tuple[str, ...] = ()
    """Expressions for words of which a text must hold one to be read by this list at all; none: every text is."""

    @classmethod
    def of_table(cls, name: str, table: Mapping[str, Any]) -> Wordlist:
        """A content file as it is read from TOML."""
        return cls(
            name=name,
            same=_pairs(table.get("same", ())),
            joined=table.get("apostrophe", "joins") == "joins",
            prefixes=tuple(table.get("prefixes", ())),
            sets={name: tuple(words) for name, words in table.get("sets", {}).items()},
            denies_before=tuple(table.get("denies_before", ())),
            denies_after=tuple(table.get("denies_after", ())),
            reach=table.get("reach", 1),
            unless=tuple(table.get("unless", ())),
            patterns=tuple(
                Pattern(row["kind"], tuple(row["any"]), tuple(row.get("unless", ()))) for row in table["pattern"]
            ),
            marks=tuple(table.get("marks", ())),
        )

    def fold(self, tokens: str) -> str:
        """Normalised *tokens* as this list compares them."""
        folded = tokens.replace("'", "" if self.joined else " ")
        for left, right in self.same:
            folded = re.sub(left, right, folded)
        return _spaced(_DOUBLED.sub(r"\1", folded))

    def in_latin(self, table: Mapping[str, Any]) -> Wordlist:
        """The same list for people who type the language in Latin letters.

        *table* says how each letter is written (``letters``), which of those are written in several ways (``variants``)
        and what is compared alike (``same``).
        """
        letters, variants = _pairs(table["letters"]), dict(table.get("variants", {}))

        @cache
        def ways(native: str) -> list[str]:
            written = [normalise(native).strip()]
            for left, right in letters:
                written = [re.sub(left, right, written[0])]
            for mark, all_ways in variants.items():
                written = [way.replace(mark, each) for way in written for each in (all_ways if mark in way else [""])]
            return list(dict.fromkeys(way for way in written if way)) or [_NEVER]

        def word(found: re.Match[str]) -> str:
            if found["name"]:
                return str(found["name"])
            made = [found["before"] + way + found["after"] for way in ways(found["word"])]
            return made[0] if len(made) == 1 else f"({'|'.join(made)})"

        def each(phrases: Sequence[str]) -> tuple[str, ...]:
            return tuple(_NATIVE.sub(word, phrase) for phrase in phrases)

        return Wordlist(
            name=f"{self.name} in Latin letters",
            same=_pairs(table["same"]),
            joined=True,
            prefixes=each(self.prefixes),
            sets={name: each(words) for name, words in self.sets.items()},
            denies_before=each(self.denies_before),
            denies_after=each(self.denies_after),
            reach=self.reach,
            unless=each(self.unless),
            patterns=tuple(Pattern(one.kind, each(one.phrases), each(one.unless)) for one in self.patterns),
            least=table["least"],
            marks=tuple(table["marks"]),
        )


class Lexicon:
    """All lists, ready to be looked through. Raises WordsError."""

    def __init__(self, lists: Sequence[Wordlist]) -> None:
        self._books = [_Book(each) for each in lists]

    def concern(self, text: str) -> Concern | None:
        """What *text* may speak of; None for nothing."""
        said = normalise(text[:LONGEST])
        return next((Concern(kind) for book in self._books if (kind := book.kind(said)) is not None), None)


def _pairs(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((left, right) for left, right in rows)


# --- one list, read ---


@dataclass(frozen=True, slots=True)
class _Word:
    body: str
    form: str
    """Nothing, or ``+``, ``~`` or ``*``."""


@dataclass(frozen=True, slots=True)
class _Gap:
    most: int


@dataclass(frozen=True, slots=True)
class _Choice:
    branches: tuple[tuple[_Word | _Gap | _Choice | _End, ...], ...]
    optional: bool = False
    prefixed: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    pass


_Item = _Word | _Gap | _Choice | _End
_Items = tuple[_Item, ...]


class _Phrase:
    """One phrase of danger, and what makes it harmless. It is read anew when its expression is first needed.

    Few of them ever are, and all of them as their parts would take some six megabytes.
    """

    def __init__(self, grammar: _Grammar, kind: str, phrase: str, unless: Sequence[_Unless]) -> None:
        self._grammar, self._phrase = grammar, phrase
        self.kind, self.unless = kind, unless

    @cached_property
    def found(self) -> re.Pattern[str]:
        """Finds it."""
        return self._grammar.finder([self._phrase])


class _Unless:
    """What makes the phrases of one pattern harmless, or those of a whole list."""

    def __init__(self, grammar: _Grammar, phrases: Sequence[str]) -> None:
        self._grammar, self._phrases = grammar, phrases
        grammar.all_of(phrases)  # what cannot be read is said at the start

    @cached_property
    def found(self) -> re.Pattern[str]:
        """Finds any of it, as wide as it goes."""
        return self._grammar.finder(self._phrases, widest=True)


class _Book:
    """One list. A phrase is only looked for where a word stands that it cannot do without."""

    def __init__(self, words: Wordlist) -> None:
        self._fold = words.fold
        self._marked = re.compile(rf"(?<![^ ])(?:{'|'.join(words.marks)}) ") if words.marks else None
        grammar = _Grammar(words)
        self._phrases: list[_Phrase] = []
        read: list[_Items] = []
        always = _Unless(grammar, words.unless)
        for pattern in words.patterns:
            unless = (always, _Unless(grammar, pattern.unless))
            for phrase, items in grammar.all_of(pattern.phrases).items():
                self._phrases.append(_Phrase(grammar, pattern.kind, phrase, unless))
                read.append(items)
        self._denied_before = grammar.denied_before()
        self._denied_after = grammar.denied_after()
        self._index(grammar, read)
        grammar.forget()

    def _index(self, grammar: _Grammar, read: Sequence[_Items]) -> None:
        """Under which words each phrase has to be thought of; the rarest it has, so that few are for most texts."""
        common = Counter(word for items in read for word in set(grammar.words_of(items)))
        by_word: dict[str, list[int]] = {}
        self._everywhere: list[int] = []
        for number, items in enumerate(read):
            needed = grammar.needed(items, common)
            for word in needed or ():
                by_word.setdefault(word, []).append(number)
            if needed is None:
                self._everywhere.append(number)
        shared: dict[tuple[int, ...], tuple[int, ...]] = {}  # the words of one set have the same numbers
        self._by_word = {word: shared.setdefault(each := tuple(numbers), each) for word, numbers in by_word.items()}

    def kind(self, said: str) -> str | None:
        """The first kind that is found and neither denied nor harmless."""
        if self._marked is not None and self._marked.search(said) is None:
            return None
        said = self._fold(said)
        numbers = set(self._everywhere)
        for word in set(said.split()):
            numbers.update(self._by_word.get(word, ()))
        return next((self._phrases[n].kind for n in sorted(numbers) if self._speaks(self._phrases[n], said)), None)

    def _speaks(self, phrase: _Phrase, said: str) -> bool:
        harmless: list[tuple[int, int]] | None = None
        for found in _everywhere(phrase.found, said):
            if self._denied(said, found):
                continue
            if harmless is None:
                harmless = [each.span() for unless in phrase.unless for each in _everywhere(unless.found, said)]
            if not any(begin < found.end() and found.start() < end for begin, end in harmless):
                return True
        return False

    def _denied(self, said: str, found: re.Match[str]) -> bool:
        """Whether a word close before it, or the word after it, denies it."""
        before = said[: found.start()].rpartition(". ")[2].rpartition(", ")[2]
        return self._denied_before.search(before) is not None or self._denied_after.match(said, found.end()) is not None


class _Grammar:
    """The small language of one list: read, and turned into expressions over words that each end with a space."""

    def __init__(self, words: Wordlist) -> None:
        self._words = words
        self._sets: dict[str, _Choice] = {}
        self._items: dict[str, _Item] = {}
        self._phrases: dict[str, _Items] = {}
        self._prefix = f"(?:{'|'.join(map(re.escape, words.prefixes))})?" if words.prefixes else ""
        self._denials = self._one_of([*words.denies_before, *words.denies_after])

    def read(self, phrase: str) -> _Items:
        """*phrase* as its parts. Raises WordsError."""
        if (known := self._phrases.get(phrase)) is not None:
            return known
        parts = _PART.findall(phrase)
        if not parts or "".join(parts) != "".join(phrase.split()):
            raise WordsError(f"{self._words.name}: {phrase!r} cannot be read")
        branches = self._branches(parts, phrase, inside=False)
        items = branches[0] if len(branches) == 1 else (_Choice(branches),)
        self._phrases[phrase] = items
        return items

    def _branches(self, parts: list[str], phrase: str, *, inside: bool) -> tuple[_Items, ...]:
        branches: list[list[_Item]] = [[]]
        while parts:
            part = parts.pop(0)
            if part == ")" and inside:
                break
            if part == "|":
                branches.append([])
            elif part in {"(", "+("}:
                inner = self._branches(parts, phrase, inside=True)
                branches[-1].append(_Choice(inner, prefixed=part == "+("))
            elif part == "?" and branches[-1] and not isinstance(last := branches[-1][-1], _Gap):
                branches[-1][-1] = _Choice(((last,),), optional=True)
            elif part in {")", "?"}:
                raise WordsError(f"{self._words.name}: {phrase!r} has a stray {part}")
            else:
                if (item := self._items.get(part)) is None:
                    item = self._items[part] = self._item(part, phrase)
                branches[-1].append(item)
        else:
            if inside:
                raise WordsError(f"{self._words.name}: {phrase!r} lacks a )")
        if not all(branches):
            raise WordsError(f"{self._words.name}: {phrase!r} has an empty choice")
        return tuple(map(tuple, branches))

    def _item(self, part: str, phrase: str) -> _Item:
        if part.startswith(".."):
            return _Gap(int(part[2:] or GAP))
        if part == "$":
            return _End()
        if part.startswith("{"):
            return self._set(part[1:-1], phrase)
        body = self._words.fold(normalise(part.strip("+~*"))).strip()
        if not body:
            raise WordsError(f"{self._words.name}: {phrase!r} has {part!r}, which is no word")
        form = part[0] if part[0] in "+~" else "*" if part.endswith("*") else ""
        if form == "~" and len(body) < SLIP_FROM:
            raise WordsError(f"{self._words.name}: {phrase!r} forgives a slip in {part!r}, which is too short for it")
        return _Word(body, form)

    def _set(self, name: str, phrase: str) -> _Choice:
        if name not in self._words.sets:
            raise WordsError(f"{self._words.name}: {phrase!r} names {{{name}}}, which is no set")
        if (known := self._sets.get(name)) is None:
            known = self._sets[name] = _Choice(tuple(self.read(each) for each in self._words.sets[name]))
        return known

    def forget(self) -> None:
        """Let go of everything that was read, whatever another thread is reading; what is asked for again is read again."""
        for read in (self._sets, self._items, self._phrases):
            read.clear()

    def all_of(self, phrases: Sequence[str]) -> dict[str, _Items]:
        """*phrases*, each once, as far as they are long enough."""
        read = ((each, self._strong(self.read(each), self._words.least)) for each in dict.fromkeys(phrases))
        return {each: items for each, items in read if items is not None}

    def _strong(self, items: _Items, least: int) -> _Items | None:
        """*items* without the choices that would make them shorter than *least*; None when nothing is left."""
        if least <= 0:
            return items
        for n, item in enumerate(items):
            if isinstance(item, _Choice) and not item.optional:
                lacks = least - self._letters(items[:n]) - self._letters(items[n + 1 :])
                kept = (self._strong(branch, lacks) for branch in item.branches)
                branches = tuple(branch for branch in kept if branch is not None)
                if not branches:
                    return None
                items = (*items[:n], replace(item, branches=branches), *items[n + 1 :])
        return items if self._letters(items) >= least else None

    def _letters(self, items: _Items) -> int:
        """How many letters it has at least."""
        return sum(
            len(item.body)
            if isinstance(item, _Word)
            else min(map(self._letters, item.branches))
            if isinstance(item, _Choice) and not item.optional
            else 0
            for item in items
        )

    # --- as expressions ---

    def finder(self, phrases: Sequence[str], *, widest: bool = False) -> re.Pattern[str]:
        """Finds any of *phrases* at the beginning of a word; *widest* lets gaps take what they can."""
        lazy = "" if widest else "?"
        read = self.all_of(phrases).values()
        self.forget()
        return re.compile(f"(?<![^ ])(?:{'|'.join(self._sequence(items, lazy) for items in read) or '(?!)'})")

    def denied_before(self) -> re.Pattern[str]:
        """A denial at the end of what stands before."""
        reach = rf"(?:[^ ,.]+ ){{0,{self._words.reach}}}"
        return re.compile(rf"(?<![^ ]){self._one_of(self._words.denies_before)}{reach}$")

    def denied_after(self) -> re.Pattern[str]:
        """A denial that follows at once."""
        return re.compile(self._one_of(self._words.denies_after))

    def _one_of(self, phrases: Sequence[str]) -> str:
        return f"(?:{'|'.join(self._sequence(self.read(each), '?') for each in phrases) or '(?!)'})"

    def _sequence(self, items: _Items, lazy: str) -> str:
        return "".join(self._part(item, lazy) for item in items)

    def _part(self, item: _Item, lazy: str) -> str:
        if isinstance(item, _Gap):
            return rf"(?:, )?(?:(?!{self._denials})[^ ,.]+ (?:, )?){{0,{item.most}}}{lazy}"
        if isinstance(item, _End):
            return r"(?=[,.] |$)"
        if isinstance(item, _Choice):
            inner = "|".join(self._sequence(branch, lazy) for branch in item.branches)
            return f"{self._prefix if item.prefixed else ''}(?:{inner}){'?' if item.optional else ''}"
        if item.form == "~":
            return f"{_with_a_slip(item.body)} "
        return f"{self._prefix if item.form == '+' else ''}{re.escape(item.body)}{'[^ ]*' if item.form == '*' else ''} "

    # --- as an index ---

    def words_of(self, items: _Items) -> Iterator[str]:
        """Every word in it."""
        for item in items:
            if isinstance(item, _Choice):
                for branch in item.branches:
                    yield from self.words_of(branch)
            elif isinstance(item, _Word):
                yield from item.body.split()

    def needed(self, items: _Items, common: Mapping[str, int]) -> frozenset[str] | None:
        """Words of which one must stand wherever it is found, the least common choice; None when there are none."""
        choices = [words for item in items if (words := self._needed(item, common)) is not None]
        return min(choices, key=lambda words: sum(common.get(word, 0) for word in words), default=None)

    def _needed(self, item: _Item, common: Mapping[str, int]) -> frozenset[str] | None:
        if isinstance(item, _Word):
            if item.form in {"~", "*"}:
                return None
            last = item.body.split()[-1]
            return self._prefixed(frozenset({last})) if item.form == "+" else frozenset({last})
        if not isinstance(item, _Choice) or item.optional:
            return None
        inner = [self.needed(branch, common) for branch in item.branches]
        if None in inner:
            return None
        words = frozenset[str]().union(*(each for each in inner if each is not None))
        return self._prefixed(words) if item.prefixed else words

    def _prefixed(self, words: frozenset[str]) -> frozenset[str]:
        return words | {f"{prefix}{word}" for prefix in self._words.prefixes for word in words}


# --- letters ---


def _everywhere(pattern: re.Pattern[str], said: str) -> Iterator[re.Match[str]]:
    """Every place at which *pattern* is found, also inside another."""
    found = pattern.search(said)
    while found is not None:
        yield found
        found = pattern.search(said, found.start() + 1)


def _with_a_slip(word: str) -> str:
    """*word*, or it with one letter missing, changed, added, or two swapped."""
    near = {re.escape(word)}
    for n in range(len(word) + 1):
        head, tail = re.escape(word[:n]), word[n:]
        near.add(f"{head}[^ ]{re.escape(tail)}")
        if tail:
            near.add(head + re.escape(tail[1:]))
            near.add(f"{head}[^ ]{re.escape(tail[1:])}")
        if len(tail) > 1:
            near.add(head + re.escape(tail[1] + tail[0] + tail[2:]))
    return f"(?:{'|'.join(sorted(near))})"


def normalise(text: str) -> str:
    """*text* as words that each end with a space, ``,`` and ``.`` among them where a clause or a sentence ends.

    No case, no accents or vowel marks, one form of each Arabic and Devanagari letter and of every digit and apostrophe.
    """
    folded = unicodedata.normalize("NFKD", text.casefold()).translate(_SAME)
    return _spaced("".join(map(_sign, _DOTS.sub(",", folded))))


def _sign(sign: str) -> str:
    category = unicodedata.category(sign)
    if category[0] == "L" or category == "Mc" or sign in _KEPT:
        return sign
    if (digit := unicodedata.decimal(sign, None)) is not None:
        return str(digit)
    if category in {"Mn", "Cf"}:
        return ""
    if sign in _LAUGHS:
        return " haha "
    return _BREAKS.get(sign, " ")


def _spaced(words: str) -> str:
    return " ".join(words.split()) + " "


_NATIVE = re.compile(r"(?P<name>\{[^{}\s]+\})|(?P<before>[+~]?)(?P<word>[\u0600-\u06ff\u0900-\u097f]+)(?P<after>\*?)")
"""What is turned into Latin letters in a phrase: the words, not the names of sets."""
_NEVER = "ꙮ"
"""Stands for a word of which nothing is left in Latin letters; nobody writes it."""
_PART = re.compile(r"\.\.\d?|\+\(|\{[^{}\s]+\}|[()|?$]|[+~]?[^\s()|?${}.+~]+")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_DOTS = re.compile(r"\.{2,}|…")
_SAME = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´ʹ′", "'"),
        "ى": "ي",
        "ی": "ي",
        "ة": "ه",
        "ک": "ك",
        "گ": "ق",
        "چ": "ك",
        "ڤ": "ف",
        "ـ": None,
        "ء": None,
        "œ": "oe",
        "æ": "ae",
        "ँ": "ं",
    }
)
_KEPT = frozenset("'ािीुूृेैोौ्ंःॉॅ")
"""Devanagari vowel signs are part of the letter, unlike accents; the nukta is not."""
_BREAKS = dict.fromkeys(",;:،؛–—()", " , ") | dict.fromkeys(".!?؟।\n", " . ")
_LAUGHS = frozenset("😂🤣😅😆😹😝😜")
