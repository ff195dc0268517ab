"""Catalogs: `python deploy/strings.py update` extracts and updates them, `check` fails when they are not fresh.

Works with Babel's own commands. English is its own source: its catalog repeats the sentences, so that a person who
improves them has one place to look at. Regional English catalogs hold only what is spelled differently.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locales"
POT = LOCALES / "bot.pot"
WHOLE = ("en", "hi", "ar", "fr")
REGIONAL = ("en_GB", "en_AU", "en_CA", "en_IN")
PLURALS = {
    "en": "nplurals=2; plural=(n != 1);",
    "hi": "nplurals=2; plural=(n > 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
"""Written by hand: Babel's own Arabic header swaps two forms. A test holds them against Babel's plural rules."""
_TAG = re.compile(r"</?\w+[^>]*>")


def extract() -> Catalog:
    """The sentences of the code, as a template."""
    made = LOCALES / "bot.pot.new"
    subprocess.run(
        [
            *(sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "--no-location", "--sort-output"),
            *("--no-default-keywords", "-k", "say:1", "-k", "label:1", "-k", "many:1,2"),
            *("--project=recipro", "--omit-header", "--width=100", "-o", str(made), "bot/speech"),
        ],
        cwd=ROOT,
        check=True,
    )
    with made.open("rb") as source:
        template = read_po(source)
    made.unlink()
    return template


def update() -> None:
    """Bring every catalog up to date with the code; what is new stays untranslated and fails `check`."""
    template = extract()
    _write(POT, template)
    for name in (*WHOLE, *REGIONAL):
        path = LOCALES / name / "LC_MESSAGES" / "bot.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        old = _read(path) if path.exists() else Catalog(locale=name)
        new = Catalog(locale=name, fuzzy=False)
        for message in template:
            if not message.id:
                continue
            kept = old.get(message.id)
            words = kept.string if kept is not None and _whole(kept.string) else None
            if name == "en":
                words = message.id
            if words is None and name in REGIONAL:
                continue
            new.add(message.id, words or ("" if isinstance(message.id, str) else ("",) * _forms(name)))
        _write(path, new, PLURALS[name[:2]])
        missing = [m for m in new if m.id and not _whole(m.string)]
        print(f"{name}: {len(new)} sentences, {len(missing)} to translate")


def check() -> int:
    """What is not as it should be, one line each; the number of such lines."""
    wrong: list[str] = []
    template = extract()
    if not POT.exists() or _bytes(template) != POT.read_bytes():
        wrong.append("locales/bot.pot is not fresh: run `make strings`")
    wanted = {message.id if isinstance(message.id, str) else message.id[0] for message in template if message.id}
    for name in (*WHOLE, *REGIONAL):
        catalog = _read(LOCALES / name / "LC_MESSAGES" / "bot.po")
        have = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id}
        if name in WHOLE:
            wrong += [f"{name}: missing: {sentence[:60]!r}" for sentence in sorted(wanted - have)]
        wrong += [f"{name}: no longer said: {sentence[:60]!r}" for sentence in sorted(have - wanted)]
        for message in catalog:
            if message.id:
                wrong += [f"{name}: {why}: {_first(message.id)[:60]!r}" for why in faults(name, message)]
    for line in wrong:
        print(line)
    return len(wrong)


def faults(name: str, message: Message) -> list[str]:
    """What is wrong with one translation."""
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    found: list[str] = []
    if not _whole(message.string):
        return ["not translated"]
    if message.fuzzy:
        found.append("fuzzy")
    if not isinstance(message.id, str) and len(strings) != _forms(name):
        found.append("plural forms")
    fields = set().union(*(_fields(sentence) for sentence in ids))
    tags = sorted(_TAG.findall(ids[0]))
    for sentence in strings:
        for variant in variants(sentence):
            extra = _fields(variant) - fields
            lost = fields - _fields(variant) - (set() if isinstance(message.id, str) else {"n"})
            if extra or lost:
                found.append(f"fields {sorted(extra | lost)}")
            if sorted(_TAG.findall(variant)) != tags:
                found.append("tags")
        count = {"hi": 2, "fr": 2, "ar": 3}.get(name[:2], 0)
        groups = re.findall(r"\[([^\[\]]*\|[^\[\]]*)\]", sentence)
        found += ["variants of address" for group in groups if len(group.split("|")) != count]
    return sorted(set(found))


def variants(sentence: str) -> list[str]:
    """Every way in which a sentence can be addressed."""
    most = max((len(group.split("|")) for group in re.findall(r"\[([^\[\]]*\|[^\[\]]*)\]", sentence)), default=1)
    return [_choose(sentence, n) for n in range(most)]


def _choose(sentence: str, n: int) -> str:
    def pick(match: re.Match[str]) -> str:
        ways = match.group(1).split("|")
        return ways[n] if n < len(ways) else ""

    return re.sub(r"\[([^\[\]]*\|[^\[\]]*)\]", pick, sentence)


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def _whole(words: str | Sequence[str] | None) -> bool:
    return bool(words) and (isinstance(words, str) or all(words or ()))


def _first(words: str | Sequence[str]) -> str:
    return words if isinstance(words, str) else words[0]


def _forms(name: str) -> int:
    return int(PLURALS[name[:2]][9])


def _read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=path.parent.parent.name)


def _bytes(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalog, omit_header=True, sort_output=True, width=100, no_location=True)
    return out.getvalue()


def _write(path: Path, catalog: Catalog, plurals: str | None = None) -> None:
    body = _bytes(catalog)
    if plurals is not None:
        header = (
            'msgid ""\nmsgstr ""\n"Language: ' + path.parent.parent.name + '\\n"\n'
            '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
            f'"Plural-Forms: {plurals}\\n"\n\n'
        )
        body = header.encode() + body
    path.write_bytes(body)


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(1 if check() else 0)
    update()
