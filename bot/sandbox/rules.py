"""What each Bot API method may be given: names, types, what is required, and how values look on the wire.

Our own tables, for the methods that the sandbox speaks; a test holds them against the Bot API's data. Telegram ignores
parameters it does not know; here they are refused, so that tests notice. What a value means is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Json = dict[str, Any]
Coercion = Callable[[Any], Any]


class Refusal(Exception):  # noqa: N818 - Telegram refuses; nothing is broken
    """Telegram's *no*: an HTTP status, its words and perhaps how to go on."""

    def __init__(
        self, code: int, description: str, *, retry_after: int | None = None, moved_to: int | None = None
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.moved_to = moved_to

    def body(self) -> Json:
        """The answer that carries it."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        elif self.moved_to is not None:
            body["parameters"] = {"migrate_to_chat_id": self.moved_to}
        return body


def bad(description: str) -> Refusal:
    """A 400 in Telegram's words."""
    return Refusal(400, f"Bad Request: {description}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    body: bytes = field(repr=False)
    mime: str = "application/octet-stream"

    def shown(self) -> Json:
        """How the journal tells of it over HTTP."""
        return {"upload": self.name, "size": len(self.body), "mime": self.mime}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter or field: its type in the Bot API's own words, alternatives joined by ``|``."""

    name: str
    type: str
    required: bool


def _table(lines: str) -> dict[str, dict[str, Field]]:
    """Read ``method: name!=Type other=Type|Type``, where ``!`` marks what is required and ``[Type]`` an array of it."""
    table: dict[str, dict[str, Field]] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, _, rest = line.partition(":")
        fields = {}
        for part in rest.split():
            label, _, kind = part.partition("=")
            plain = label.removesuffix("!")
            fields[plain] = Field(plain, kind.replace("[", "Array of ").replace("]", ""), required=label.endswith("!"))
        table[name] = fields
    return table


_SENDING = (
    "chat_id!=Integer|String message_thread_id=Integer disable_notification=Boolean protect_content=Boolean"
    " allow_paid_broadcast=Boolean message_effect_id=String reply_parameters=ReplyParameters"
    " reply_markup=InlineKeyboardMarkup|ReplyKeyboardMarkup|ReplyKeyboardRemove|ForceReply"
)
_CAPTION = "caption=String parse_mode=String caption_entities=[MessageEntity]"
_EDITED = "chat_id=Integer|String message_id=Integer reply_markup=InlineKeyboardMarkup"

METHODS = _table(f"""
    getMe:
    getUpdates: offset=Integer limit=Integer timeout=Integer allowed_updates=[String]
    setWebhook: url!=String ip_address=String max_connections=Integer allowed_updates=[String]\
        drop_pending_updates=Boolean secret_token=String
    deleteWebhook: drop_pending_updates=Boolean
    getWebhookInfo:
    sendMessage: {_SENDING} text!=String parse_mode=String entities=[MessageEntity]\
        link_preview_options=LinkPreviewOptions
    sendPhoto: {_SENDING} {_CAPTION} photo!=InputFile|String show_caption_above_media=Boolean has_spoiler=Boolean
    sendDocument: {_SENDING} {_CAPTION} document!=InputFile|String disable_content_type_detection=Boolean
    sendVoice: {_SENDING} {_CAPTION} voice!=InputFile|String duration=Integer
    sendAudio: {_SENDING} {_CAPTION} audio!=InputFile|String duration=Integer performer=String title=String
    sendVideoNote: {_SENDING} video_note!=InputFile|String duration=Integer length=Integer
    sendSticker: {_SENDING} sticker!=InputFile|String emoji=String
    editMessageText: {_EDITED} text=String parse_mode=String entities=[MessageEntity]\
        link_preview_options=LinkPreviewOptions
    editMessageCaption: {_EDITED} {_CAPTION} show_caption_above_media=Boolean
    editMessageMedia: {_EDITED} media!=InputMedia
    editMessageReplyMarkup: {_EDITED}
    deleteMessage: chat_id!=Integer|String message_id!=Integer
    deleteMessages: chat_id!=Integer|String message_ids!=[Integer]
    answerCallbackQuery: callback_query_id!=String text=String show_alert=Boolean url=String cache_time=Integer
    setMessageReaction: chat_id!=Integer|String message_id!=Integer reaction=[ReactionType] is_big=Boolean
    sendChatAction: chat_id!=Integer|String message_thread_id=Integer action!=String
    getFile: file_id!=String
    setMyCommands: commands!=[BotCommand] scope=BotCommandScope language_code=String
    getMyCommands: scope=BotCommandScope language_code=String
    deleteMyCommands: scope=BotCommandScope language_code=String
    setMyDescription: description=String language_code=String
    getMyDescription: language_code=String
    setMyShortDescription: short_description=String language_code=String
    getMyShortDescription: language_code=String
    setMyName: name=String language_code=String
    getMyName: language_code=String
    setChatMenuButton: chat_id=Integer menu_button=MenuButton
    getChatMenuButton: chat_id=Integer
    getChat: chat_id!=Integer|String
    leaveChat: chat_id!=Integer|String
""")
"""Each method's parameters."""

_MEDIA = "type!=String media!=String caption=String parse_mode=String caption_entities=[MessageEntity]"

OBJECTS = _table(f"""
    MessageEntity: type!=String offset!=Integer length!=Integer url=String language=String custom_emoji_id=String\
        unix_time=Integer date_time_format=String
    LinkPreviewOptions: is_disabled=Boolean url=String prefer_small_media=Boolean prefer_large_media=Boolean\
        show_above_text=Boolean
    ReplyParameters: message_id!=Integer chat_id=Integer|String allow_sending_without_reply=Boolean quote=String\
        quote_parse_mode=String quote_entities=[MessageEntity] quote_position=Integer
    InlineKeyboardMarkup: inline_keyboard!=[[InlineKeyboardButton]]
    InlineKeyboardButton: text!=String style=String icon_custom_emoji_id=String url=String callback_data=String\
        copy_text=CopyTextButton switch_inline_query=String switch_inline_query_current_chat=String\
        switch_inline_query_chosen_chat=SwitchInlineQueryChosenChat
    CopyTextButton: text!=String
    SwitchInlineQueryChosenChat: query=String allow_user_chats=Boolean allow_bot_chats=Boolean\
        allow_group_chats=Boolean allow_channel_chats=Boolean
    ReplyKeyboardMarkup: keyboard!=[[KeyboardButton]] is_persistent=Boolean resize_keyboard=Boolean\
        one_time_keyboard=Boolean input_field_placeholder=String selective=Boolean
    KeyboardButton: text!=String style=String request_contact=Boolean request_location=Boolean
    ReplyKeyboardRemove: remove_keyboard!=Boolean selective=Boolean
    ForceReply: force_reply!=Boolean input_field_placeholder=String selective=Boolean
    InputMediaPhoto: {_MEDIA} show_caption_above_media=Boolean has_spoiler=Boolean
    InputMediaDocument: {_MEDIA} disable_content_type_detection=Boolean
    ReactionTypeEmoji: type!=String emoji!=String
    ReactionTypeCustomEmoji: type!=String custom_emoji_id!=String
    BotCommand: command!=String description!=String
    BotCommandScopeDefault: type!=String
    BotCommandScopeAllPrivateChats: type!=String
    BotCommandScopeAllGroupChats: type!=String
    BotCommandScopeAllChatAdministrators: type!=String
    BotCommandScopeChat: type!=String chat_id!=Integer|String
    BotCommandScopeChatAdministrators: type!=String chat_id!=Integer|String
    BotCommandScopeChatMember: type!=String chat_id!=Integer|String user_id!=Integer
    MenuButtonCommands: type!=String
    MenuButtonDefault: type!=String
""")
"""Each object that a parameter may hold."""

KINDS: Mapping[str, Mapping[str, str]] = {
    "InputMedia": {"photo": "InputMediaPhoto", "document": "InputMediaDocument"},
    "ReactionType": {"emoji": "ReactionTypeEmoji", "custom_emoji": "ReactionTypeCustomEmoji"},
    "BotCommandScope": {
        "default": "BotCommandScopeDefault",
        "all_private_chats": "BotCommandScopeAllPrivateChats",
        "all_group_chats": "BotCommandScopeAllGroupChats",
        "all_chat_administrators": "BotCommandScopeAllChatAdministrators",
        "chat": "BotCommandScopeChat",
        "chat_administrators": "BotCommandScopeChatAdministrators",
        "chat_member": "BotCommandScopeChatMember",
    },
    "MenuButton": {"commands": "MenuButtonCommands", "default": "MenuButtonDefault"},
}
"""Which object a value of several kinds is, by its ``type``."""

_MARKUPS = {
    "inline_keyboard": "InlineKeyboardMarkup",
    "keyboard": "ReplyKeyboardMarkup",
    "remove_keyboard": "ReplyKeyboardRemove",
    "force_reply": "ForceReply",
}
_ABSENT = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
    "voice": "there is no voice in the request",
    "audio": "there is no audio in the request",
    "video_note": "there is no video note in the request",
    "sticker": "there is no sticker in the request",
    "callback_query_id": "query ID is not specified",
    "file_id": "file_id not specified",
    "action": "wrong parameter action in request",
}
"""What Telegram says when a parameter is missing; the rest is in our own words."""

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_SCALARS: Mapping[str, type | tuple[type, ...]] = {"String": str, "Boolean": bool, "Float": (int, float)}


def read(method: str, given: Mapping[str, Any]) -> Json:
    """The parameters of one call with their right types. Raises Refusal."""
    known = _COERCIONS.get(method.lower())
    if known is None:
        raise Refusal(404, "Not Found: method not found")
    taken: Json = {}
    for name, value in given.items():
        if value == "" or value is None:
            if name not in known:
                raise _unknown(name)
            if name in {"description", "short_description", "name", "url", "caption"}:
                taken[name] = ""
            continue
        coerce = known.get(name)
        if coerce is None:
            raise _unknown(name)
        taken[name] = coerce(value)
    for name in _REQUIRED[method.lower()]:
        if name not in taken:
            raise bad(_ABSENT.get(name, f'parameter "{name}" is required'))
    return taken


def spelled(method: str) -> str | None:
    """A method's name as it is written; Telegram hears it in any case."""
    return _SPELLINGS.get(method.lower())


def _unknown(name: str) -> Refusal:
    return bad(f'unknown parameter "{name}" (Telegram would ignore it, the sandbox does not)')


def _coercion(name: str, kind: str) -> Coercion:
    """What turns a wire value into one of type *kind*."""
    match kind:
        case "Integer":
            return lambda value: _integer(name, value)
        case "Integer|String":
            return lambda value: _chat(name, value)
        case "Boolean":
            return lambda value: _boolean(name, value)
        case "String":
            return lambda value: _string(name, value)
        case "InputFile|String":
            return lambda value: _file(name, value)
        case _:
            return lambda value: _object(name, kind, value)


def _wrong(name: str, kind: str) -> Refusal:
    return bad(f'Field "{name}" must be of type {kind}')


def _integer(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise _wrong(name, "Integer")


def _chat(name: str, value: Any) -> int | str:
    if isinstance(value, str) and value.startswith("@"):
        return value
    try:
        return _integer(name, value)
    except Refusal:
        raise bad("chat not found") from None


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
        return value.lower() in {"true", "1"}
    raise _wrong(name, "Boolean")


def _string(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _wrong(name, "String")


def _file(name: str, value: Any) -> str | Upload:
    if isinstance(value, str | Upload):
        return value
    raise _wrong(name, "InputFile or String")


def _object(name: str, kind: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            what = "reply keyboard markup" if name == "reply_markup" else name
            raise bad(f"can't parse {what} JSON object") from None
    check(name, kind, value)
    return value


def check(name: str, kind: str, value: Any) -> None:
    """Raise Refusal unless *value*, read from JSON, is of type *kind*."""
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            raise _wrong(name, "Array")
        for item in value:
            check(name, kind.removeprefix("Array of "), item)
    elif kind in {"Integer", "Integer|String"}:
        if isinstance(value, bool) or not isinstance(value, int if kind == "Integer" else (int, str)):
            raise _wrong(name, kind)
    elif kind in _SCALARS:
        if not isinstance(value, _SCALARS[kind]):
            raise _wrong(name, kind)
    else:
        _check_object(name, kind, value)


def _check_object(name: str, kind: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise bad("object expected as reply markup") if name == "reply_markup" else _wrong(name, "Object")
    kind = _which(name, kind, value)
    fields = OBJECTS[kind]
    for label, part in value.items():
        if label not in fields:
            raise bad(f'can\'t parse {kind}: unknown field "{label}" (Telegram would ignore it, the sandbox does not)')
        check(label, fields[label].type, part)
    for label, rule in fields.items():
        if rule.required and label not in value:
            raise bad(f"can't parse {kind}: Can't find field \"{label}\"")


def _which(name: str, kind: str, value: Json) -> str:
    if kind in KINDS:
        chosen = KINDS[kind].get(str(value.get("type")))
        if chosen is None:
            raise bad(f"can't parse {kind}: unsupported type specified in {name}")
        return chosen
    if "|" in kind:
        for label, chosen in _MARKUPS.items():
            if label in value and chosen in kind:
                return chosen
        raise bad("can't parse reply keyboard markup JSON object")
    return kind


_SPELLINGS = {name.lower(): name for name in METHODS}
_COERCIONS = {
    method.lower(): {name: _coercion(name, rule.type) for name, rule in fields.items()}
    for method, fields in METHODS.items()
}
_REQUIRED = {
    method.lower(): tuple(name for name, rule in fields.items() if rule.required) for method, fields in METHODS.items()
}
