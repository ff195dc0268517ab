"""What one message looks like before Telegram hears of it: text, buttons, perhaps a picture.

A Card is a value: two equal cards are the same message. It knows Telegram's limits, because a card that Telegram
would refuse must not exist. It knows no words, no languages and no people.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

TEXT_LIMIT = 4096
"""UTF-16 code units of a message after its tags are read (core.telegram.org/bots/api#sendmessage)."""
CAPTION_LIMIT = 1024
"""UTF-16 code units under a picture (core.telegram.org/bots/api#sendphoto)."""
TAP_LIMIT = 64
"""Bytes of callback_data (core.telegram.org/bots/api#inlinekeyboardbutton)."""
COPY_LIMIT = 256
"""Characters of copy_text (core.telegram.org/bots/api#copytextbutton)."""

_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class TapError(ValueError):
    """Callback data that this bot did not write, or could not."""


@dataclass(frozen=True, slots=True)
class Tap:
    """What a button says when pressed: a verb and a few short arguments, at most 64 bytes in all."""

    verb: str
    args: tuple[str, ...] = ()

    @classmethod
    def of(cls, verb: str, *args: object) -> Tap:
        """A tap whose arguments are written as plain text."""
        return cls(verb, tuple(str(arg) for arg in args))

    def pack(self) -> str:
        """Its form on the wire. Raises TapError when Telegram would refuse it."""
        packed = ":".join((self.verb, *self.args))
        if not 1 <= (size := len(packed.encode())) <= TAP_LIMIT:
            raise TapError(f"a tap of {size} bytes: {self.verb}")
        if packed.count(":") != len(self.args):
            raise TapError(f"a colon inside a tap: {self.verb}")
        return packed

    @classmethod
    def parse(cls, data: str | None) -> Tap:
        """What pack() wrote. Raises TapError for anything else."""
        if not data or len(data.encode()) > TAP_LIMIT:
            raise TapError("not a tap of ours")
        verb, *args = data.split(":")
        if not verb:
            raise TapError("not a tap of ours")
        return cls(verb, tuple(args))

    def number(self, index: int) -> int:
        """Argument *index* as a whole number of 64 bits. Raises TapError when it is missing or something else."""
        if index >= len(self.args) or not _NUMBER.fullmatch(self.args[index]):
            raise TapError(f"{self.verb} has no number at {index}")
        return int(self.args[index])


@dataclass(frozen=True, slots=True)
class Button:
    """One button: exactly one of *tap*, *url* and *copy*. *style* is primary, success or danger (Bot API 9.4)."""

    label: str
    tap: Tap | None = None
    url: str | None = None
    copy: str | None = None
    style: str | None = None

    def __post_init__(self) -> None:
        if (self.tap is None) + (self.url is None) + (self.copy is None) != 2:
            raise ValueError("a button does exactly one thing")
        if self.tap is not None:
            self.tap.pack()
        if self.copy is not None and not 1 <= len(self.copy) <= COPY_LIMIT:
            raise ValueError("too long to copy")


class Picture(Protocol):
    """What is seen above a card's words: a value that says what is on it, drawn only when it is about to be sent.

    The words carry its meaning too, for whoever cannot see it, and go alone where it cannot be drawn.
    """

    @property
    def name(self) -> str:
        """The file name it is sent under, which says nothing."""

    @property
    def veiled(self) -> bool:
        """Whether it is covered until it is tapped."""

    def draw(self) -> bytes:
        """The PNG: a tenth of a second of work, the same bytes for the same value."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file to keep, such as an export."""

    body: bytes = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """One message. *text* is Telegram's HTML; *buttons* are rows, first the recommended one.

    *quiet* makes no sound, *protect* keeps clients from forwarding it, *placeholder* is the hint in the input field
    of a question that is answered by typing (only used where there are no buttons).
    """

    text: str = field(repr=False)
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: Picture | None = None
    documents: tuple[Document, ...] = ()
    quiet: bool = False
    protect: bool = False
    placeholder: str | None = None

    def __post_init__(self) -> None:
        limit = CAPTION_LIMIT if self.picture else TEXT_LIMIT
        if not 1 <= (units := visible_units(self.text)) <= limit:
            raise ValueError(f"a card of {units} UTF-16 units")


def taps(card: Card) -> dict[str, str]:
    """The buttons of *card* that can be pressed: their words, as compared when typed, and what they say."""
    return pressable(card.buttons)


def pressable(rows: Iterable[Iterable[Button]]) -> dict[str, str]:
    """The same, of buttons that are on no card yet."""
    return {spoken(button.label): button.tap.pack() for row in rows for button in row if button.tap is not None}


def spoken(label: str) -> str:
    """A button's words as somebody types them: case, punctuation and emoji do not matter."""
    return " ".join(
        "".join(
            sign if sign.isalnum() or unicodedata.category(sign)[0] == "M" else " " for sign in label.casefold()
        ).split()
    )


def plain(text: str) -> str:
    """Telegram's HTML as a reader sees it, without its tags."""
    return html.unescape(_TAG.sub("", text))


def visible_units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units of what is left when the tags are read."""
    return len(plain(text).encode("utf-16-le")) // 2
