"""Everything read from disk once: prompts, cities, safety words and lines, interface catalogs.

What is on disk is checked as it is read; a file that breaks its schema stops the start with the file and entry named.
Nothing here is about any person.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.domain import clock
from bot.domain.gestures import Form
from bot.domain.people import Address, Person, Tie
from bot.domain.places import City, Places
from bot.domain.prompts import Kind, Practice, Prompt, Step
from bot.domain.safety import Lexicon, Wordlist, WordsError
from bot.speech.voice import LOCALES, Voice

M = TypeVar("M", bound=BaseModel)
TEXT_LIMIT = 220
"""Characters of a prompt: readable at a glance."""
SHORT = {"appreciation": "app", "checkin": "chk", "reset": "rst", "weekly": "wk"}


class ContentError(ValueError):
    """A content file breaks its schema; the message names the file and the entry."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Prompt(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]{2}-(app|chk|rst|wk)-\d{2,3}$")]
    text: Annotated[str, Field(min_length=10, max_length=TEXT_LIMIT)]
    form: Form
    step: Step
    ties: Annotated[tuple[Tie, ...], Field(alias="for", min_length=1)]
    pace: Literal["gentle", "any"]
    practice: Practice | None = None


class _PromptFile(_Strict):
    locale: str
    kind: Kind
    review: Literal["draft", "reviewed"]
    reread: date | None = None
    prompt: tuple[_Prompt, ...]


Said = str | dict[str, str]
"""Words for all, or a table by language in which English stands for a missing one."""


class Line(_Strict):
    """One helpline, with where its number comes from. State C is never shown.

    *text* is the number for text messages, *text_word* the word to send there.
    """

    name: Said
    number: str | None = None
    text: str | None = None
    text_word: str | None = None
    hours: Said = ""
    languages: Said = ""
    note: Said = ""
    region: Said = ""
    kind: Literal["crisis", "violence", "child", "mental"]
    source: str
    source_date: str | date
    checked: date
    state: Literal["A", "B", "C"]

    @model_validator(mode="after")
    def _can_be_reached(self) -> Line:
        if self.number is None and self.text is None:
            raise ValueError("a line needs a number or a text number")
        every = (self.name, self.hours, self.languages, self.note, self.region)
        if any(isinstance(said, dict) and "en" not in said for said in every):
            raise ValueError("a table by language needs en")
        return self


class Emergency(_Strict):
    """A country's emergency number."""

    number: str
    source: str
    checked: date


class Country(_Strict):
    """What is shown to people in one country who may be in danger."""

    country: str
    emergency: Emergency
    danger_path: bool
    line: tuple[Line, ...]

    @property
    def shown(self) -> tuple[Line, ...]:
        """The lines that are safe to show."""
        return tuple(line for line in self.line if line.state != "C")


@dataclass(frozen=True)
class Library:
    """What the bot can say and knows of the world."""

    prompts: Mapping[str, Mapping[Kind, tuple[Prompt, ...]]]
    reviews: Mapping[tuple[str, str], str]
    countries: Mapping[str, Country]
    catalogs: Mapping[str, NullTranslations]
    forms: Mapping[Form, tuple[str, ...]]
    base: Path = field(compare=False)
    """Where the rest is read from."""
    danger_path: Mapping[str, bool] = field(default_factory=dict)
    """Where an operator has turned the danger path on or off, by country; elsewhere it is as shipped."""
    _voices: dict[tuple[str, Address], Voice] = field(default_factory=dict, compare=False)

    def voice(self, locale: str, address: Address = Address.NEUTRAL) -> Voice:
        """The voice for a locale and a way of address."""
        key = (locale, address)
        if (known := self._voices.get(key)) is None:
            known = self._voices[key] = Voice(locale, address, self.catalogs[locale])
        return known

    def voice_of(self, person: Person) -> Voice:
        """The voice for one person."""
        return self.voice(person.locale, person.address)

    def pool(self, locale: str, kind: Kind) -> Sequence[Prompt]:
        """The prompts of a locale and kind."""
        return self.prompts[locale][kind]

    def looks(self, country: str) -> bool:
        """Whether words of people in *country* may be looked at for danger; without a file, they are."""
        known = self.countries.get(country)
        return self.danger_path.get(country, known is None or known.danger_path)

    def heavy(self, words: str | None, country: str) -> bool:
        """Whether what somebody in *country* wrote may speak of danger. Not looked at where the path is off."""
        return bool(words) and self.looks(country) and self.lexicon.concern(words or "") is not None

    def form_of(self, words: str) -> Form:
        """The form of care that *words* suggest; the person can change it."""
        said = words.casefold()
        return next((form for form, hints in self.forms.items() if any(hint in said for hint in hints)), Form.PRACTICAL)

    def warm(self) -> None:
        """Read what load() leaves for later, so that nobody's message waits for it. Raises ContentError."""
        _ = self.lexicon, self.places

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of danger. Raises ContentError."""
        return _lexicon(self.base)

    @cached_property
    def places(self) -> Places:
        """The cities. Raises ContentError."""
        return Places(tuple(_cities(self.base)))

    @cached_property
    def by_id(self) -> Mapping[str, Prompt]:
        """Every prompt by its id."""
        return {prompt.id: prompt for kinds in self.prompts.values() for pool in kinds.values() for prompt in pool}


def root() -> Path:
    """Where ``content`` lies: inside an installed wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "_data" if (package / "_data" / "content").is_dir() else package.parent


@lru_cache(maxsize=1)
def load() -> Library:
    """Read and check everything, but for what warm() does: half of the work, and nothing of it is needed to begin.

    Raises ContentError.
    """
    base = root()
    prompts: dict[str, dict[Kind, tuple[Prompt, ...]]] = {}
    reviews: dict[tuple[str, str], str] = {}
    for locale in LOCALES:
        prompts[locale] = {}
        for kind in Kind:
            path = base / "content" / "prompts" / locale / f"{kind}.toml"
            parsed = _read(path, _PromptFile)
            _agree(path, parsed, locale, kind)
            prompts[locale][kind] = tuple(
                Prompt(p.id, kind, p.text, p.form, p.step, frozenset(p.ties), p.pace == "gentle", p.practice)
                for p in parsed.prompt
            )
            reviews[locale, kind] = parsed.review + (f", reread {parsed.reread}" if parsed.reread else "")
    return Library(
        prompts=prompts,
        reviews=reviews,
        countries={country.country: country for country in _countries(base)},
        forms={Form(name): tuple(hints) for name, hints in _toml(base / "content" / "forms.toml").items()},
        catalogs=catalogs(base),
        base=base,
    )


def _agree(path: Path, parsed: _PromptFile, locale: str, kind: Kind) -> None:
    prefix = f"{locale.lower()}-{SHORT[kind]}-"
    if (parsed.locale, parsed.kind) != (locale, kind):
        raise ContentError(f"{path.name} of {locale} says it is {parsed.kind} of {parsed.locale}")
    seen: set[str] = set()
    for prompt in parsed.prompt:
        if not prompt.id.startswith(prefix) or prompt.id in seen:
            raise ContentError(f"{locale}/{path.name}: the id {prompt.id} is taken or does not begin with {prefix}")
        seen.add(prompt.id)


def _read(path: Path, model: type[M]) -> M:
    try:
        return model.model_validate(_toml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ContentError(f"{path.parent.name}/{path.name}: {where}: {first['msg']}") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ContentError(f"{path.parent.name}/{path.name}: {error}") from error


def _countries(base: Path) -> Iterator[Country]:
    for path in sorted((base / "content" / "safety").glob("*.toml")):
        yield _read(path, Country)


@lru_cache(maxsize=1)
def _lexicon(base: Path) -> Lexicon:
    lists: list[Wordlist] = []
    try:
        for path in sorted((base / "content" / "safety" / "words").glob("*.toml")):
            table = _toml(path)
            lists.append(Wordlist.of_table(path.name, table))
            if "latin" in table:
                lists.append(lists[-1].in_latin(table["latin"]))
        return Lexicon(lists)
    except (KeyError, TypeError, WordsError) as error:
        raise ContentError(f"content/safety/words: {error}") from error


def _cities(base: Path) -> Iterator[City]:
    """Ours first; then the principal city of every zone that has none, by its names in the four languages."""
    named: dict[str, list[str]] = _toml(base / "content" / "zones.toml")
    known: set[str] = set()
    for row in _toml(base / "content" / "cities.toml")["city"]:
        known.add(row["zone"])
        yield City(row["name"], row["zone"], row["country"], row["at"][0], row["at"][1], tuple(row.get("names", ())))
    current = set(clock.common_zones())
    for zone, country, latitude, longitude in clock.principal_cities():
        if zone not in known and zone in current:
            name, *names = named.get(zone) or [zone.rpartition("/")[2].replace("_", " ")]
            yield City(name, zone, country, latitude, longitude, tuple(names))


def catalogs(base: Path) -> dict[str, NullTranslations]:
    """What speaks for each locale: its catalogs, nearest first, as LOCALES names them.

    Only regional English may lack a sentence, for English stands behind it. A language that lacks one would show a mixed
    screen; it stops the start instead. Raises ContentError.
    """
    names = dict.fromkeys(name for chain in LOCALES.values() for name in chain)
    compiled = {name: _compiled(base / "locales" / name / "LC_MESSAGES" / "bot.po") for name in names}
    sentences = {name: read_mo(BytesIO(packed)) for name, packed in compiled.items()}
    whole = {_first(message.id) for message in sentences["en"] if message.id}
    for name in {chain[-1] for chain in LOCALES.values()}:
        there = {_first(message.id) for message in sentences[name] if message.id and message.string}
        if lacking := sorted(whole - there):
            raise ContentError(f"locales/{name}: {len(lacking)} sentences are missing, such as {lacking[0][:60]!r}")
    return {locale: _chained([compiled[name] for name in chain]) for locale, chain in LOCALES.items()}


def _chained(nearest_first: Sequence[bytes]) -> NullTranslations:
    spoken = [GNUTranslations(BytesIO(packed)) for packed in nearest_first]
    for nearer, farther in pairwise(spoken):
        nearer.add_fallback(farther)
    return spoken[0]


def _compiled(path: Path) -> bytes:
    """A catalog: compiled in a wheel; in a checkout made from its source, so that there is nothing to forget."""
    try:
        if not path.exists():
            return path.with_suffix(".mo").read_bytes()
        packed = BytesIO()
        with path.open("rb") as source:
            write_mo(packed, read_po(source))
        return packed.getvalue()
    except (OSError, ValueError) as error:
        raise ContentError(f"{path.parent.parent.name}/{path.name}: {error}") from error


def _first(sentence: str | Sequence[str]) -> str:
    return sentence if isinstance(sentence, str) else sentence[0]
