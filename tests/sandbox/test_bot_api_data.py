"""The sandbox's tables and answers agree with the Bot API's own data."""

from __future__ import annotations

from typing import Any

import pytest
import telegram as ptb

from bot.sandbox import rules
from bot.sandbox.attachments import made_up_photo, made_up_sound
from bot.sandbox.clock import SandboxClock
from bot.sandbox.methods import CALLS
from bot.sandbox.rules import KINDS, METHODS, OBJECTS, Field, Upload
from bot.sandbox.telegram import Person, Telegram
from tests import botapi

pytestmark = botapi.needed

PHOTO = made_up_photo()
NOTE = Upload("note.txt", b"some words", "text/plain")
EVERY_UPDATE = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]


def disagreements(ours: dict[str, Field], theirs: list[dict[str, Any]]) -> list[str]:
    known = {rule["name"]: rule for rule in theirs}
    return [
        field.name
        for field in ours.values()
        if field.name not in known
        or known[field.name]["required"] != field.required
        or set(known[field.name]["types"]) != set(field.type.split("|"))
    ]


def test_each_parameter_in_our_table_is_one_of_telegrams() -> None:
    methods = botapi.data()["methods"]

    wrong = {name: disagreements(fields, methods[name].get("fields", [])) for name, fields in METHODS.items()}

    assert {name: fields for name, fields in wrong.items() if fields} == {}


def test_what_telegram_requires_is_required_here() -> None:
    methods = botapi.data()["methods"]

    required = {
        name: {rule["name"] for rule in methods[name].get("fields", []) if rule["required"]} for name in METHODS
    }

    assert {
        name: {field.name for field in fields.values() if field.required} for name, fields in METHODS.items()
    } == required


def test_each_object_in_our_table_is_one_of_telegrams() -> None:
    types = botapi.data()["types"]

    wrong = {name: disagreements(fields, types[name].get("fields", [])) for name, fields in OBJECTS.items()}

    assert {name: fields for name, fields in wrong.items() if fields} == {}


def test_each_kind_of_object_is_a_subtype_at_telegram() -> None:
    types = botapi.data()["types"]

    strangers = {kind: set(chosen.values()) - set(types[kind]["subtypes"]) for kind, chosen in KINDS.items()}

    assert strangers == {kind: set() for kind in KINDS}


def test_every_method_in_the_table_can_be_called_and_no_other() -> None:
    assert CALLS.keys() == METHODS.keys()


async def test_every_answer_has_telegrams_shape(telegram: Telegram, clock: SandboxClock, asha: Person) -> None:
    live_through_everything(telegram, clock, asha)

    calls = telegram.journal()

    assert {call.method for call in calls if call.error is None} == METHODS.keys()
    assert botapi.check_calls(calls) == []


async def test_every_update_has_telegrams_shape(telegram: Telegram, clock: SandboxClock, asha: Person) -> None:
    updates = live_through_everything(telegram, clock, asha)

    assert {kind for update in updates for kind in update} == {"update_id", *EVERY_UPDATE}
    assert [said for update in updates for said in botapi.check_value("Update", update)] == []


async def test_python_telegram_bot_understands_every_update(
    telegram: Telegram, clock: SandboxClock, asha: Person
) -> None:
    updates = live_through_everything(telegram, clock, asha)

    async with ptb.Bot("1:offline", request=NoRequest(), get_updates_request=NoRequest()) as bot:
        understood = [ptb.Update.de_json(update, bot) for update in updates]

    assert [update.update_id for update in understood] == [update["update_id"] for update in updates]
    assert [update.update_id for update in understood if update.effective_chat is None] == []
    assert [update.update_id for update in understood if update.api_kwargs] == []


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("sendMassage", {}, "there is no method sendMassage"),
        ("sendMessage", {"chat_id": 1}, "sendMessage: text is missing"),
        ("sendMessage", {"chat_id": 1, "text": "x", "texts": "y"}, "sendMessage: there is no field texts"),
        ("sendMessage", {"chat_id": 1.5, "text": "x"}, "sendMessage.chat_id: float is no Integer"),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "protect_content": "true"},
            "sendMessage.protect_content: str is no Boolean",
        ),
        (
            "editMessageReplyMarkup",
            {"reply_markup": {"inline_keyboard": [[{"text": "x", "data": "y"}]]}},
            "editMessageReplyMarkup.reply_markup.inline_keyboard[0][0]: there is no field data",
        ),
    ],
)
def test_a_wrong_request_is_noticed(method: str, params: dict[str, Any], said: str) -> None:
    assert botapi.check_request(method, params) == [said]


def test_a_number_for_a_truth_is_noticed_in_an_answer() -> None:
    assert botapi.check_value("User", {"id": 1, "is_bot": 1, "first_name": "x"}) == ["User.is_bot: int is no Boolean"]


class NoRequest(ptb.request.BaseRequest):
    """No door to the outside; the bot is only asked to read."""

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        return None

    async def shutdown(self) -> None:
        return None

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        return 200, b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"x","username":"x_bot"}}'


def live_through_everything(telegram: Telegram, clock: SandboxClock, asha: Person) -> list[dict[str, Any]]:
    """Call each method once and do all that people can do. Returns every update that came of it."""
    call = telegram.call
    call("getUpdates", {"allowed_updates": EVERY_UPDATE})
    buttons = {
        "inline_keyboard": [
            [{"text": "Yes", "callback_data": "yes", "style": "primary"}],
            [{"text": "Copy", "copy_text": {"text": "c"}}],
        ]
    }
    chat = {"chat_id": asha.id}
    sent = call(
        "sendMessage",
        {**chat, "text": "<b>One</b> <a href='https://t.me'>two</a>", "parse_mode": "HTML", "reply_markup": buttons},
    )
    one = {**chat, "message_id": sent["message_id"]}
    call("editMessageText", {**one, "text": "Two", "reply_markup": buttons})
    call("editMessageReplyMarkup", {**one, "reply_markup": {"inline_keyboard": buttons["inline_keyboard"][:1]}})
    call("setMessageReaction", {**one, "reaction": [{"type": "emoji", "emoji": "❤"}]})
    picture = call(
        "sendPhoto",
        {
            **chat,
            "photo": PHOTO,
            "caption": "see",
            "has_spoiler": True,
            "reply_parameters": {"message_id": one["message_id"]},
        },
    )
    shown = {**chat, "message_id": picture["message_id"]}
    call("editMessageCaption", {**shown, "caption": "look"})
    call("editMessageMedia", {**shown, "media": {"type": "photo", "media": picture["photo"][0]["file_id"]}})
    call("sendDocument", {**chat, "document": NOTE, "protect_content": True})
    call("sendVoice", {**chat, "voice": made_up_sound(), "duration": 1})
    call("sendAudio", {**chat, "audio": made_up_sound(), "caption": "Hum"})
    call("sendVideoNote", {**chat, "video_note": Upload("note.mp4", b"round", "video/mp4"), "length": 240})
    call("sendSticker", {**chat, "sticker": PHOTO, "message_effect_id": "5159385139981059251"})
    call("sendChatAction", {**chat, "action": "typing"})
    call("getFile", {"file_id": picture["photo"][0]["file_id"]})
    call("getChat", chat)
    call("getMe", {})
    for verb in ("Description", "ShortDescription", "Name"):
        name = {"Description": "description", "ShortDescription": "short_description", "Name": "name"}[verb]
        call(f"setMy{verb}", {name: "Kind words", "language_code": "en"})
        call(f"getMy{verb}", {"language_code": "en"})
    scope = {"scope": {"type": "chat", "chat_id": asha.id}, "language_code": "hi"}
    call("setMyCommands", {"commands": [{"command": "help", "description": "Help"}], **scope})
    call("getMyCommands", scope)
    call("deleteMyCommands", scope)
    call("setChatMenuButton", {**chat, "menu_button": {"type": "commands"}})
    call("getChatMenuButton", chat)
    query = telegram.tap(asha, sent["message_id"])
    call("answerCallbackQuery", {"callback_query_id": query.id, "text": "Well done"})
    said = telegram.say(asha, "My words, see /help at https://t.me/x", reply_to=sent["message_id"])
    telegram.edit(asha, said, "Other words")
    telegram.react(asha, sent["message_id"], "🙏")
    telegram.react(asha, sent["message_id"], None)
    for kind in ("photo", "voice", "audio", "video_note", "document", "sticker", "location", "contact", "dice", "poll"):
        attached: dict[str, Any] = {kind: True}
        telegram.say(asha, **attached)
    telegram.say(asha, "from elsewhere", forward=True)
    call("deleteMessage", one)
    call("deleteMessages", {**chat, "message_ids": [shown["message_id"], 999]})
    telegram.tap(asha, sent["message_id"], data="yes")
    telegram.block(asha)
    telegram.unblock(asha)
    group = telegram.found_group("Family", asha)
    telegram.say_in_group(group, asha, "/start")
    call("leaveChat", {"chat_id": group.id})
    telegram.migrate(group)
    updates: list[dict[str, Any]] = []
    while batch := call("getUpdates", {"offset": updates[-1]["update_id"] + 1 if updates else 0, "limit": 7}):
        updates += batch
    call("setWebhook", {"url": "https://bot.example.org/hook", "secret_token": "s", "max_connections": 3})
    call("getWebhookInfo", {})
    call("deleteWebhook", {})
    return updates


def test_a_method_is_heard_in_any_case() -> None:
    assert rules.spelled("SENDmessage") == "sendMessage"
