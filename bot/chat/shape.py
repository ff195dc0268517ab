"""What an update has to look like before anything of it is read: the types Telegram promises for what the bot uses.

Kinds that the bot does not hear are left aside unread. Of one with parts that python-telegram-bot cannot read, what is used
is read all the same; one that cannot be made out costs a line in the log, and neither a traceback nor those behind it.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from telegram import Bot, Update

log = logging.getLogger(__name__)

SHARED_CHATS = frozenset({"group", "supergroup", "channel"})
"""Kinds of chats of more than one."""
LARGEST_ID = 2**52
"""Ids of people and chats have at most 52 bits (core.telegram.org/bots/api#user)."""

_Id = Annotated[int, Field(gt=-LARGEST_ID, lt=LARGEST_ID)]
_Number = Annotated[int, Field(ge=0, lt=2**62)]


class UnreadableError(ValueError):
    """Telegram, or somebody else, has sent what this version cannot make out. The text is fixed: it quotes nobody."""


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True)


class _User(_Shape):
    id: Annotated[int, Field(gt=0, lt=LARGEST_ID)]
    is_bot: bool
    first_name: str
    language_code: str | None = None


class _Chat(_Shape):
    id: _Id
    type: str

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """A person's chat has their own number, one of several people a negative one."""
        if (self.type == "private" and self.id < 0) or (self.type in SHARED_CHATS and self.id > 0):
            raise ValueError("a chat of another kind")
        return self


class _Entity(_Shape):
    type: str
    offset: int
    length: int


class _File(_Shape):
    model_config = ConfigDict(
        strict=True, extra="allow"
    )  # its size and kind are not used, but asked for when it is read
    file_id: Annotated[str, Field(min_length=1)]


class _Place(_Shape):
    latitude: float
    longitude: float


class _Numbered(_Shape):
    message_id: _Number
    date: Annotated[int, Field(ge=0, lt=2**34)]
    chat: _Chat


class _Message(_Numbered):
    sender: _User | None = Field(None, alias="from")
    text: str | None = None
    caption: str | None = None
    entities: list[_Entity] = []
    reply_to_message: _Numbered | None = None
    voice: _File | None = None
    audio: _File | None = None
    photo: list[_File] = []
    sticker: _File | None = None
    video_note: _File | None = None
    location: _Place | None = None


class _Tap(_Shape):
    id: Annotated[str, Field(min_length=1)]
    chat_instance: str = ""
    sender: _User = Field(alias="from")
    data: str | None = None
    message: _Numbered | None = None


class _Reaction(_Numbered):
    user: _User | None = None
    new_reaction: list[Any]


class _Member(_Shape):
    status: str


class _Membership(_Shape):
    date: int
    chat: _Chat
    sender: _User = Field(alias="from")
    new_chat_member: _Member


_SHAPES: dict[str, type[_Shape]] = {
    "message": _Message,
    "edited_message": _Message,
    "callback_query": _Tap,
    "message_reaction": _Reaction,
    "my_chat_member": _Membership,
}
HEARD = tuple(_SHAPES)
"""Exactly the kinds of update that are used; Telegram is asked to keep the rest to itself."""


def number_of(raw: Any) -> int | None:
    """The id of an update; None for what is none."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if type(number) is int and abs(number) < LARGEST_ID else None


def read(raw: dict[str, Any], bot: Bot) -> Update | None:
    """An update as JSON, read; None for a kind that is not heard. Raises UnreadableError."""
    kind = next((kind for kind in HEARD if raw.get(kind) is not None), None)
    if kind is None:
        return None
    try:
        shape = _SHAPES[kind].model_validate(raw[kind])
    except ValidationError:
        raise UnreadableError(f"a {kind} of another shape") from None
    try:
        return Update.de_json({"update_id": raw["update_id"], kind: raw[kind]}, bot)
    except Exception as error:  # whatever python-telegram-bot does not know, in parts that are not used either
        log.warning("update %d holds what came later than this version (%s)", raw["update_id"], type(error).__name__)
    try:
        used = shape.model_dump(by_alias=True, exclude_none=True)
        return Update.de_json({"update_id": raw["update_id"], kind: used}, bot)
    except Exception as error:
        raise UnreadableError(f"a {kind} that {type(error).__name__} came of") from None
