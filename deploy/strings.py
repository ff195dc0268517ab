"""Catalogs: `python deploy/strings.py update` extracts, updates and says what each lacks; `check` fails while one lacks something.

Works with Babel's own commands. English is its own source: its catalog repeats the sentences, set with typographic
apostrophes. Regional English catalogs hold only what is said or spelled differently there. What Babel would pass over in
silence (a sentence inside an f-string, or one that is not written out) is looked for in the syntax tree.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.speech.lint import rules, signs, typeset
from bot.speech.voice import ADDRESSES
from bot.speech.voice import LOCALES as CHAINS

WHOLE = ("en", "hi", "ar", "fr")
REGIONAL = ("en_GB", "en_AU", "en_CA", "en_IN")
PLURALS = {
    "en": "nplurals=2; plural=(n != 1);",
    "hi": "nplurals=2; plural=(n > 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
"""Written by hand: Babel's own Arabic header swaps two forms. A test holds them against Babel's plural rules."""
SAYING = ("say", "label", "many")
"""The functions of a voice that look a sentence up."""
HOMES = {"en": "en-US", "hi": "hi-IN", "ar": "ar-AE", "fr": "fr-CA"}
"""The locale whose rules of typography a whole catalog is held to; a regional one has its own."""
_TAG = re.compile(r"</?\w+[^>]*>")


def extract(root: Path = ROOT) -> Catalog:
    """The sentences of the code, as a template."""
    made = root / "locales" / "bot.pot.new"
    subprocess.run(
        [
            *(sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "--no-location", "--sort-output"),
            *("--no-default-keywords", "-k", "say:1", "-k", "label:1", "-k", "many:1,2"),
            *("--project=recipro", "--omit-header", "--width=100", "-o", str(made), "bot/speech"),
        ],
        cwd=root,
        check=True,
    )
    with made.open("rb") as source:
        template = read_po(source)
    made.unlink()
    return template


def update(root: Path = ROOT) -> None:
    """Bring every catalog up to date with the code; what is new stays untranslated, is listed, and fails `check`."""
    template = extract(root)
    _write(root / "locales" / "bot.pot", template)
    for name in (*WHOLE, *REGIONAL):
        path = _path(root, name)
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
            empty = "" if isinstance(message.id, str) else ("",) * _forms(name)
            new.add(message.id, empty if words is None else _set(words, name))
        _write(path, new, PLURALS[name[:2]])
        missing = [_first(m.id) for m in new if m.id and not _whole(m.string)]
        print(f"{name}: {len(new)} sentences, {len(missing)} to translate")
        for sentence in missing:
            print(f"  {sentence!r}")


def check(root: Path = ROOT) -> int:
    """What is not as it should be, one line each; the number of such lines."""
    wrong = list(unheard(root))
    template = extract(root)
    pot = root / "locales" / "bot.pot"
    if not pot.exists() or _bytes(template) != pot.read_bytes():
        wrong.append("locales/bot.pot is not fresh: run `make strings`")
    wanted = {_first(message.id) for message in template if message.id}
    catalogs = {name: _read(_path(root, name)) for name in (*WHOLE, *REGIONAL)}
    for name, catalog in catalogs.items():
        have = {_first(message.id) for message in catalog if message.id}
        if name in WHOLE:
            wrong += [f"{name}: missing: {sentence[:60]!r}" for sentence in sorted(wanted - have)]
        wrong += [f"{name}: no longer said: {sentence[:60]!r}" for sentence in sorted(have - wanted)]
        for message in catalog:
            if message.id:
                wrong += [f"{name}: {why}: {_first(message.id)[:60]!r}" for why in faults(name, message)]
    wrong += said_differently(catalogs)
    for line in wrong:
        print(line)
    return len(wrong)


def unheard(root: Path = ROOT) -> Iterator[str]:
    """Calls whose sentence Babel cannot see, or that fill other places than the sentence has."""
    for path in sorted((root / "bot").rglob("*.py")):
        where = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        inside = {id(call) for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for call in ast.walk(text)}
        for call in ast.walk(tree):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="voice"), attr=way)) if way in SAYING:
                    yield from (
                        f"{where}:{call.lineno}: {why}" for why in _unheard(call, way, where, id(call) in inside)
                    )


def _unheard(call: ast.Call, way: str, where: str, in_f_string: bool) -> Iterator[str]:
    """What is wrong with one call of say, label or many."""
    sentences = call.args[: 2 if way == "many" else 1]
    written = [each.value for each in sentences if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not where.startswith("bot/speech/"):
        yield "words are said in bot/speech only"
    elif not sentences or len(written) != len(sentences):
        yield "a sentence that is not written out here is never translated"
    elif in_f_string:
        yield "a sentence inside an f-string is not extracted: give it a line of its own"
    elif all(word.arg is not None for word in call.keywords):
        given = {str(word.arg) for word in call.keywords} | ({"n"} if way == "many" else set())
        if (needs := set().union(*map(_fields, written)) | (given & {"n"})) != given:
            yield f"fills {sorted(given)}, while the sentence has {sorted(needs)}"


def said_differently(catalogs: dict[str, Catalog]) -> list[str]:
    """Regional English: what adds nothing to the catalogs behind it, and what is spelled as elsewhere."""
    wrong: list[str] = []
    for locale, chain in CHAINS.items():
        nearest, behind = [catalogs[name] for name in chain], [catalogs[name] for name in chain[1:]]
        if chain[0] == locale.replace("-", "_"):
            wrong += [
                f"{chain[0]}: says nothing new: {_first(message.id)[:60]!r}"
                for message in catalogs[chain[0]]
                if message.id and _forms_of(message.string) == _said(behind, message)
            ]
        spelling = [r for r in rules(locale[:2]) if r.name == "spelling" and (not r.locales or locale in r.locales)]
        for message in catalogs[chain[-1]]:
            for sentence in _said(nearest, message) if message.id else ():
                hits = ((rule.found(sentence), rule.why) for rule in spelling)
                wrong += [f"{locale}: “{hit}” {why}: {sentence[:60]!r}" for hit, why in hits if hit is not None]
    return wrong


def _said(chain: Sequence[Catalog], message: Message) -> tuple[str, ...]:
    """What a reader of *chain* sees: the nearest catalog that has the sentence."""
    found = (catalog.get(message.id) for catalog in chain)
    return next((_forms_of(each.string) for each in found if each is not None and _whole(each.string)), ())


def set_prompts(root: Path = ROOT) -> None:
    """Set the quotes and spaces of the prompts' texts, in their files."""
    for path in sorted((root / "content" / "prompts").glob("*/*.toml")):
        language = path.parent.name[:2]
        lines = path.read_text("utf-8").splitlines(keepends=True)
        new = [typeset(line, language) if line.startswith("text = ") else line for line in lines]
        if new != lines:
            path.write_text("".join(new), "utf-8")
            print(f"{path.relative_to(root)}: set")


def faults(name: str, message: Message) -> list[str]:
    """What is wrong with one translation."""
    ids, strings = _forms_of(message.id), _forms_of(message.string)
    found: list[str] = []
    if not _whole(message.string):
        return ["not translated"]
    if message.fuzzy:
        found.append("fuzzy")
    if not isinstance(message.id, str) and len(strings) != _forms(name):
        found.append("plural forms")
    if name == "en" and strings != tuple(typeset(sentence, "en") for sentence in ids):
        found.append("not as the source says it: run `make strings`")
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
        found += signs(sentence, HOMES.get(name, name.replace("_", "-")))
        count = len(ADDRESSES[name[:2]])
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


def _set(words: str | Sequence[str], name: str) -> str | tuple[str, ...]:
    """As it is shown: typed with ', set with ’."""
    said = tuple(typeset(each, name[:2]) for each in _forms_of(words))
    return said[0] if isinstance(words, str) else said


def _forms_of(words: str | Sequence[str] | None) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words or ())


def _first(words: str | Sequence[str]) -> str:
    return words if isinstance(words, str) else words[0]


def _forms(name: str) -> int:
    return int(PLURALS[name[:2]][9])


def _path(root: Path, name: str) -> Path:
    return root / "locales" / name / "LC_MESSAGES" / "bot.po"


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
    set_prompts()
