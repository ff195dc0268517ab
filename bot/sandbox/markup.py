"""Telegram's HTML as Telegram reads it: text, entities with UTF-16 offsets, and its own words when it cannot.

The rules are those of core.telegram.org/bots/api#html-style and of Telegram's public parser. It does not know
Markdown, and it says nothing about how long a text may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Entity = dict[str, Any]

STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
"""What each tag becomes."""

_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}))|(lt|gt|amp|quot));?")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']*)\s*(?:(=)\s*(?:"([^"]*)"|'([^']*)'|([0-9A-Za-z.\-]*)))?""")
_TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
_LINK = re.compile(r"(?:https?|tg|ton|tonsite|mailto|tel):\S+|[\w-]+(?:\.[\w-]+)+\S*", re.IGNORECASE)
_FOUND = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]+[^\s<>\".,;:!?)'\]]|\bt\.me/[\w?=/+-]+)"
    r"|(?P<bot_command>(?<![\w/@>])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z][A-Za-z0-9_]{2,31}\b)"
    r"|(?P<hashtag>(?<![\w#])\#\w*[^\W\d]\w*)"
)
_MARKS = re.compile(r"[/@#.]")


class MarkupError(ValueError):
    """What Telegram says after "can't parse entities: "."""


def utf16(text: str) -> int:
    """Length in UTF-16 code units, which is how Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(slots=True)
class _Open:
    """A tag that waits for its end."""

    tag: str
    offset: int
    attributes: dict[str, str]


@dataclass(slots=True)
class _Reader:
    """One pass over a marked-up text."""

    source: str
    at: int = 0
    units: int = 0
    parts: list[str] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def read(self) -> tuple[str, list[Entity]]:
        """The text without its tags, and what they meant."""
        source = self.source
        while self.at < len(source):
            mark = _next_mark(source, self.at)
            self._take(source[self.at : mark])
            self.at = mark
            if mark == len(source):
                break
            if source[mark] == "&":
                self._take_character()
            elif source.startswith("</", mark):
                self._close_tag()
            else:
                self._open_tag()
        if self.open:
            raise MarkupError(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        return "".join(self.parts), self.entities

    def _take(self, text: str) -> None:
        self.parts.append(text)
        self.units += utf16(text)

    def _take_character(self) -> None:
        match = _CHARACTER.match(self.source, self.at)
        self._take(_decoded(match) if match else "&")
        self.at = match.end() if match else self.at + 1

    def _offset(self) -> int:
        return len(self.source[: self.at].encode("utf-8", "surrogatepass"))

    def _open_tag(self) -> None:
        end = re.compile(r"[\s>]").search(self.source, self.at + 1)
        if end is None:
            raise MarkupError(f"Unclosed start tag at byte offset {self._offset()}")
        tag = self.source[self.at + 1 : end.start()].lower()
        if tag not in STYLES:
            raise MarkupError(f'Unsupported start tag "{tag}" at byte offset {self._offset()}')
        attributes, after = self._attributes(tag, end.start())
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise MarkupError(f'Tag "span" must have class "tg-spoiler" at byte offset {self._offset()}')
        self._check_special(tag, attributes)
        self.open.append(_Open(tag, self.units, attributes))
        self.at = after

    def _attributes(self, tag: str, at: int) -> tuple[dict[str, str], int]:
        found: dict[str, str] = {}
        while True:
            while at < len(self.source) and self.source[at].isspace():
                at += 1
            if at >= len(self.source):
                raise MarkupError(f'Unclosed start tag "{tag}" at byte offset {self._offset()}')
            if self.source[at] == ">":
                return found, at + 1
            match = _ATTRIBUTE.match(self.source, at)
            if match is None or not match[1]:
                raise MarkupError(f'Empty attribute name in the tag "{tag}" at byte offset {self._offset()}')
            value = next((part for part in match.groups()[2:] if part is not None), "")
            at = match.end()
            if self.source[at : at + 1] in {'"', "'"}:
                raise MarkupError(f'Unclosed start tag "{tag}" at byte offset {self._offset()}')
            if at < len(self.source) and not (self.source[at].isspace() or self.source[at] == ">"):
                raise MarkupError(f"Unexpected end of name token at byte offset {self._offset()}")
            found[match[1]] = _CHARACTER.sub(_decoded, value)

    def _check_special(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
            raise MarkupError(f"Invalid custom emoji identifier specified at byte offset {self._offset()}")
        if tag == "tg-time":
            if not attributes.get("unix", "").isdigit():
                raise MarkupError(f"Invalid date specified at byte offset {self._offset()}")
            if not _TIME_FORMAT.fullmatch(attributes.get("format", "")):
                raise MarkupError(f"Invalid date format specified at byte offset {self._offset()}")

    def _close_tag(self) -> None:
        offset = self._offset()
        if not self.open:
            raise MarkupError(f"Unexpected end tag at byte offset {offset}")
        end = self.source.find(">", self.at)
        if end < 0:
            raise MarkupError(f"Unclosed end tag at byte offset {offset}")
        name = self.source[self.at + 2 : end].strip().lower()
        last = self.open[-1]
        if name and name != last.tag:
            raise MarkupError(
                f'Unmatched end tag at byte offset {offset}, expected "</{last.tag}>", found "</{name}>"',
            )
        self.open.pop()
        self.at = end + 1
        if self.units > last.offset:
            self._keep(last)

    def _keep(self, closed: _Open) -> None:
        entity: Entity = {
            "type": STYLES[closed.tag],
            "offset": closed.offset,
            "length": self.units - closed.offset,
        }
        if closed.tag == "a":
            url = closed.attributes.get("href") or self._text_since(closed.offset)
            if not _LINK.fullmatch(url):
                return
            entity["url"] = url
        elif closed.tag == "tg-emoji":
            entity["custom_emoji_id"] = closed.attributes["emoji-id"]
        elif closed.tag == "tg-time":
            entity["unix_time"] = int(closed.attributes["unix"])
            if closed.attributes.get("format"):
                entity["date_time_format"] = closed.attributes["format"]
        elif closed.tag == "blockquote" and "expandable" in closed.attributes:
            entity["type"] = "expandable_blockquote"
        elif closed.tag == "code" and closed.attributes.get("class", "").startswith("language-"):
            entity["language"] = closed.attributes["class"].removeprefix("language-")
        self.entities.append(entity)

    def _text_since(self, offset: int) -> str:
        return _cut("".join(self.parts), offset, self.units)


def _next_mark(source: str, start: int) -> int:
    marks = [at for at in (source.find("<", start), source.find("&", start)) if at >= 0]
    return min(marks, default=len(source))


def _decoded(match: re.Match[str]) -> str:
    if match[3]:
        return _NAMED[match[3]]
    number = int(match[1], 16) if match[1] else int(match[2])
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else match[0]


def _cut(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")


def parse(source: str) -> tuple[str, list[Entity]]:
    """Text and entities of Telegram's HTML. Raises MarkupError in Telegram's words."""
    if "<" not in source and "&" not in source:
        return source, []
    text, entities = _Reader(source).read()
    return text, _settled(entities)


def _settled(entities: list[Entity]) -> list[Entity]:
    """In reading order; a code inside its pre gives it its language, and nothing else lives inside code."""
    entities = [  # of two that cover the same words, the outer one closed later and comes first
        entity
        for _, entity in sorted(enumerate(entities), key=lambda pair: (pair[1]["offset"], -pair[1]["length"], -pair[0]))
    ]
    kept: list[Entity] = []
    fixed: Entity | None = None
    for entity in entities:
        inside = fixed is not None and entity["offset"] < fixed["offset"] + fixed["length"]
        if inside and fixed is not None:
            if entity["type"] == "code" and fixed["type"] == "pre" and "language" in entity:
                fixed["language"] = entity["language"]
            elif entity["type"] == "pre" and "language" in fixed:
                fixed["type"] = "pre"
            continue
        if entity["type"] in {"code", "pre"}:
            fixed = entity
        kept.append(entity)
    for entity in kept:
        if entity["type"] == "code":
            entity.pop("language", None)
    return kept


def trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Without the white space around it, which Telegram does not keep."""
    bare = text.strip()
    if len(bare) == len(text):
        return text, entities
    start = utf16(text[: len(text) - len(text.lstrip())])
    end = utf16(bare)
    moved = []
    for entity in entities:
        first = max(entity["offset"] - start, 0)
        last = min(entity["offset"] + entity["length"] - start, end)
        if last > first:
            moved.append({**entity, "offset": first, "length": last - first})
    return bare, moved


def found(text: str, entities: list[Entity]) -> list[Entity]:
    """*entities* and those that Telegram sees by itself: commands, links, mentions, hashtags."""
    if not _MARKS.search(text):
        return entities
    more = []
    for match in _FOUND.finditer(text):
        start = utf16(text[: match.start()])
        length = utf16(match[0])
        if not any(
            entity["offset"] < start + length
            and start < entity["offset"] + entity["length"]
            and entity["type"] in {"code", "pre", "text_link", "url"}
            for entity in entities
        ):
            more.append({"type": str(match.lastgroup), "offset": start, "length": length})
    if not more:
        return entities
    return sorted([*entities, *more], key=lambda entity: (entity["offset"], -entity["length"]))
