"""What each Bot API method does and refuses, one function each, in Telegram's own words.

Parameters arrive with their right types from `rules`. Nothing here knows HTTP, waits, or keeps anything: the state is
the Telegram that is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.sandbox import markup
from bot.sandbox.attachments import DOWNLOAD_BYTES, FILE_BYTES, PHOTO_BYTES, Stored, photo_size
from bot.sandbox.rules import Json, Refusal, Upload, bad

if TYPE_CHECKING:
    from bot.sandbox.telegram import Chat, Post, Telegram


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXT_LIMIT = 4096
"""UTF-16 units of a message after its tags are read (core.telegram.org/bots/api#sendmessage)."""
CAPTION_LIMIT = 1024
"""UTF-16 units of a caption after its tags are read (core.telegram.org/bots/api#sendphoto)."""
QUERY_LIFE = timedelta(minutes=15)
"""How long a tap can be answered; Telegram publishes no figure, bots have seen minutes."""
DELETE_LIFE = timedelta(hours=48)
"""How long a message can be deleted by a bot (core.telegram.org/bots/api#deletemessage)."""
REACTIONS = _words("""
    👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇
    😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
""")
"""The emoji that can be a reaction (core.telegram.org/bots/api#reactiontypeemoji)."""
ACTIONS = _words("""
    typing upload_photo record_video upload_video record_voice upload_voice upload_document
    choose_sticker find_location record_video_note upload_video_note
""")
"""What a bot can seem to be doing (core.telegram.org/bots/api#sendchataction)."""
UPDATE_KINDS = _words("""
    message edited_message channel_post edited_channel_post business_connection business_message
    edited_business_message deleted_business_messages guest_message message_reaction
    message_reaction_count inline_query chosen_inline_result callback_query shipping_query
    pre_checkout_query purchased_paid_media poll poll_answer my_chat_member chat_member chat_join_request
    chat_boost removed_chat_boost managed_bot
""")
"""What can be asked for in allowed_updates (core.telegram.org/bots/api#update)."""

_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)
_STALE = "query is too old and response timeout expired or query ID is invalid"
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_NOTHING_SEEN = re.compile(r"[\s\u200b-\u200f\u2060-\u2064\u2066-\u206f\ufeff]*")
_ACTS = (
    "url",
    "callback_data",
    "copy_text",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
)
_HOME = {"localhost", "127.0.0.1", "::1"}
_PORTS = {None, 443, 80, 88, 8443}

# ---- words and keyboards


def _styled(p: Json, slot: str, marks: str, *, mode: str = "parse_mode") -> tuple[str, list[markup.Entity]]:
    """The visible text of a parameter and its entities."""
    source = p.get(slot, "")
    style = p.get(mode, "").lower()
    if style == "html":
        try:
            text, entities = markup.parse(source)
        except markup.MarkupError as error:
            raise bad(f"can't parse entities: {error}") from None
    elif style:
        raise bad("unsupported parse_mode")
    else:
        text, entities = source, p.get(marks, [])
    text, entities = markup.trimmed(text, entities)
    return text, markup.found(text, entities)


def _text(p: Json) -> Json:
    text, entities = _styled(p, "text", "entities")
    if _NOTHING_SEEN.fullmatch(text):
        raise bad("message text is empty")
    if markup.utf16(text) > TEXT_LIMIT:
        raise bad("message is too long")
    content: Json = {"text": text}
    if entities:
        content["entities"] = entities
    if "link_preview_options" in p:
        content["link_preview_options"] = p["link_preview_options"]
    return content


def _caption(p: Json) -> Json:
    text, entities = _styled(p, "caption", "caption_entities")
    if markup.utf16(text) > CAPTION_LIMIT:
        raise bad("message caption is too long")
    content: Json = {"caption": text} if text else {}
    if text and entities:
        content["caption_entities"] = entities
    if p.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def _keyboard(p: Json) -> Json | None:
    """The checked inline keyboard of a call, None when there is none or it is empty."""
    given = p.get("reply_markup")
    if not given or "inline_keyboard" not in given:
        return None
    rows = [[_button(button) for button in row] for row in given["inline_keyboard"] if row]
    if sum(map(len, rows)) > 100:
        raise bad("reply markup is too long")
    return {"inline_keyboard": rows} if rows else None


def _button(button: Json) -> Json:
    if not button["text"].strip():
        raise bad('can\'t parse inline keyboard button: Field "text" must be non-empty')
    acts = [act for act in _ACTS if act in button]
    if not acts:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(acts) > 1:
        raise bad(f"can't parse inline keyboard button: only one of {', '.join(acts)} can be used")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if "url" in button and not _is_link(button["url"]):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if button.get("style") not in {None, "primary", "success", "danger"}:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    return button


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:
        return False
    if parts.scheme == "tg":
        return bool(parts.netloc)
    return parts.scheme in {"http", "https"} and "." in parts.netloc and " " not in url


def _input(p: Json) -> Json | None:
    """The keyboard or forced reply that a message brings for the input field."""
    given: Json | None = p.get("reply_markup")
    if given is None or "inline_keyboard" in given:
        return None
    if len(given.get("input_field_placeholder", "")) > 64:
        raise bad("INPUT_FIELD_PLACEHOLDER_INVALID")
    if "keyboard" in given and not any(given["keyboard"]):
        raise bad("reply keyboard must contain at least one button")
    return given


# ---- chats and messages


def _reachable(tg: Telegram, chat_id: int | str) -> Chat:
    """The chat a bot may write to. Raises Telegram's refusal."""
    chat = tg.chats.get(chat_id) if isinstance(chat_id, int) else None
    if chat is None:
        if not tg.anyone or not isinstance(chat_id, int) or chat_id <= 0:
            raise bad("chat not found")
        return tg.join("Somebody", id=chat_id, started=True).chat
    if chat.private:
        _check_person(tg, chat)
        return chat
    if chat.moved_to is not None:
        raise Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", moved_to=chat.moved_to)
    if not chat.member:
        why = "bot is not a member of the group chat" if chat.left else "bot was kicked from the group chat"
        raise Refusal(403, f"Forbidden: {why}")
    return chat


def _check_person(tg: Telegram, chat: Chat) -> None:
    person = tg.people[chat.id]
    if person.deactivated:
        raise Refusal(403, "Forbidden: user is deactivated")
    if person.blocked:
        raise Refusal(403, "Forbidden: bot was blocked by the user")
    if not person.started:
        if person.met:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        raise bad("chat not found")


def _replied(p: Json, chat: Chat) -> Post | None:
    asked = p.get("reply_parameters")
    if asked is None:
        return None
    post = chat.posts.get(asked["message_id"])
    if asked.get("chat_id", chat.id) in {chat.id, str(chat.id)} and post is not None and not post.deleted:
        return post
    if asked.get("allow_sending_without_reply"):
        return None
    raise bad("message to be replied not found")


def _send(tg: Telegram, p: Json, content: Json) -> Json:
    """Put a message of the bot into a chat."""
    keyboard = _keyboard(p)
    field = _input(p)
    chat = _reachable(tg, p["chat_id"])
    replied = _replied(p, chat)
    if keyboard is not None:
        content["reply_markup"] = keyboard
    if p.get("protect_content"):
        content["has_protected_content"] = True
    if "message_effect_id" in p:
        if not chat.private or not p["message_effect_id"].isdigit():
            raise bad("EFFECT_ID_INVALID")
        content["effect_id"] = p["message_effect_id"]
    tg.rates.admit(chat.id)
    post = tg.post(chat, tg.bot, content, reply_to=replied)
    post.input = field
    tg.accepted += 1
    return post.message


def _file(tg: Telegram, p: Json, slot: str, given: str | Upload) -> Stored | Upload:
    """An upload, or the kept file that a file_id names."""
    if isinstance(given, str) and given.startswith("attach://"):
        found = p.get("attached", {}).get(given.removeprefix("attach://"))
        if found is None:
            raise bad("there is no such file attached")
        given = found
    if isinstance(given, Upload):
        if not given.body:
            raise bad("file must be non-empty")
        if len(given.body) > (PHOTO_BYTES if slot == "photo" else FILE_BYTES):
            raise Refusal(413, "Request Entity Too Large")
        return given
    if given.startswith(("http://", "https://")):
        raise bad("failed to get HTTP URL content")
    stored = tg.files.find(given)
    if stored is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if stored.kind != slot:
        raise bad(f"type of file mismatch: can't use file of type {stored.kind.title()} as {slot.title()}")
    return stored


def _media(tg: Telegram, p: Json, slot: str, given: str | Upload) -> Json:
    """The part of a message that holds a file."""
    file = _file(tg, p, slot, given)
    if isinstance(file, Upload):
        about: Json = {}
        if slot == "photo":
            about["width"], about["height"] = photo_size(file.body)
        elif slot in {"voice", "audio"}:
            about = {"duration": p.get("duration", 1), "mime_type": file.mime}
        elif slot == "video_note":
            about = {"duration": p.get("duration", 1), "length": p.get("length", 240)}
        elif slot == "document":
            about = {"file_name": file.name, "mime_type": file.mime}
        elif slot == "sticker":
            width, height = 512, 512
            about = {"type": "regular", "width": width, "height": height, "is_animated": False, "is_video": False}
        file = tg.files.add(slot, file, **about)
    return {slot: [file.shown()] if slot == "photo" else file.shown()}


# ---- sending


def _send_message(tg: Telegram, p: Json) -> Json:
    return _send(tg, p, _text(p))


def _sender(slot: str) -> Callable[[Telegram, Json], Json]:
    """What sends a photo, a document, a sound, a video note or a sticker."""

    def send(tg: Telegram, p: Json) -> Json:
        words = {} if slot in {"sticker", "video_note"} else _caption(p)
        _keyboard(p)
        _reachable(tg, p["chat_id"])
        content = {**_media(tg, p, slot, p[slot]), **words}
        if slot == "photo" and p.get("has_spoiler"):
            content["has_media_spoiler"] = True
        return _send(tg, p, content)

    return send


def _send_chat_action(tg: Telegram, p: Json) -> bool:
    if p["action"] not in ACTIONS:
        raise bad("wrong parameter action in request")
    chat = _reachable(tg, p["chat_id"])
    chat.typing_until = tg.now().timestamp() + 5
    tg.tell("typing", chat.id, {"action": p["action"], "seconds": 5})
    return True


# ---- changing what was sent


def _editable(tg: Telegram, p: Json) -> tuple[Chat, Post]:
    if "chat_id" not in p:
        raise bad("chat_id is empty")
    if "message_id" not in p:
        raise bad("message identifier is not specified")
    chat = _reachable(tg, p["chat_id"])
    post = chat.posts.get(p["message_id"])
    if post is None or post.deleted:
        raise bad("message to edit not found")
    if post.message["from"]["id"] != tg.bot["id"] or post.input is not None:
        raise bad("message can't be edited")
    return chat, post


def _revise(tg: Telegram, chat: Chat, post: Post, content: Json, *, drop: tuple[str, ...]) -> Json:
    """Give *post* new *content*; what is named in *drop* and not in it goes."""
    before = {key: post.message.get(key) for key in drop}
    if before == {key: content.get(key) for key in drop}:
        raise bad(_SAME)
    tg.revise(chat, post, content, drop=drop)
    return post.message


def _with_keyboard(p: Json, content: Json) -> Json:
    keyboard = _keyboard(p)
    return content if keyboard is None else {**content, "reply_markup": keyboard}


def _edit_text(tg: Telegram, p: Json) -> Json:
    content = _with_keyboard(p, _text(p))
    chat, post = _editable(tg, p)
    if "text" not in post.message:
        raise bad("there is no text in the message to edit")
    return _revise(tg, chat, post, content, drop=("text", "entities", "reply_markup", "link_preview_options"))


def _edit_caption(tg: Telegram, p: Json) -> Json:
    content = _with_keyboard(p, _caption(p))
    chat, post = _editable(tg, p)
    if not any(kind in post.message for kind in ("photo", "document", "voice", "audio")):
        raise bad("there is no caption in the message to edit")
    drop = ("caption", "caption_entities", "show_caption_above_media", "reply_markup")
    return _revise(tg, chat, post, content, drop=drop)


def _edit_media(tg: Telegram, p: Json) -> Json:
    media = p["media"]
    content = _with_keyboard(p, _caption(media))
    chat, post = _editable(tg, p)
    if any(kind in post.message for kind in ("voice", "video_note", "sticker")):
        raise bad("message can't be edited")
    content.update(_media(tg, {**media, "attached": p.get("attached", {})}, media["type"], media["media"]))
    if media.get("has_spoiler"):
        content["has_media_spoiler"] = True
    drop = ("photo", "document", "caption", "caption_entities", "show_caption_above_media", "has_media_spoiler")
    return _revise(tg, chat, post, content, drop=(*drop, "text", "entities", "reply_markup", "link_preview_options"))


def _edit_keyboard(tg: Telegram, p: Json) -> Json:
    content = _with_keyboard(p, {})
    chat, post = _editable(tg, p)
    return _revise(tg, chat, post, content, drop=("reply_markup",))


def _deletable(tg: Telegram, chat: Chat, message_id: int) -> Post:
    post = chat.posts.get(message_id)
    if post is None or post.deleted:
        raise bad("message to delete not found")
    mine = post.message["from"]["id"] == tg.bot["id"]
    if tg.stamp() - post.message["date"] > DELETE_LIFE.total_seconds() or not (mine or chat.private):
        raise bad("message can't be deleted")
    return post


def _delete_message(tg: Telegram, p: Json) -> bool:
    chat = _reachable(tg, p["chat_id"])
    tg.remove(chat, _deletable(tg, chat, p["message_id"]))
    return True


def _delete_messages(tg: Telegram, p: Json) -> bool:
    if not 1 <= len(p["message_ids"]) <= 100:
        raise bad("message identifiers are not specified" if not p["message_ids"] else "too many messages to delete")
    chat = _reachable(tg, p["chat_id"])
    for message_id in p["message_ids"]:
        try:
            tg.remove(chat, _deletable(tg, chat, message_id))
        except Refusal:
            continue  # those that cannot be found or deleted are skipped (core.telegram.org/bots/api#deletemessages)
    return True


def _set_reaction(tg: Telegram, p: Json) -> bool:
    reactions = p.get("reaction", [])
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emoji = reactions[0].get("emoji", "").replace("\ufe0f", "") if reactions else None
    if emoji is not None and emoji not in REACTIONS:
        raise bad("REACTION_INVALID")
    chat = _reachable(tg, p["chat_id"])
    post = chat.posts.get(p["message_id"])
    if post is None or post.deleted:
        raise bad("message to react not found")
    tg.set_reaction(chat, post, tg.bot["id"], emoji)
    return True


def _answer_query(tg: Telegram, p: Json) -> bool:
    if markup.utf16(p.get("text", "")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query = tg.queries.get(p["callback_query_id"])
    if query is None or query.answer is not None or tg.now() - query.at > QUERY_LIFE:
        raise bad(_STALE)
    answer = {"text": p.get("text", ""), "show_alert": p.get("show_alert", False)}
    query.settle(answer)
    tg.tell("toast", query.person.id, {"query_id": query.id, "message_id": query.message_id, **answer})
    return True


# ---- updates


def _check_kinds(p: Json) -> list[str] | None:
    kinds: list[str] | None = p.get("allowed_updates")
    if kinds is not None and (unknown := sorted(set(kinds) - UPDATE_KINDS)):
        raise bad(f"unknown update type {unknown[0]} (Telegram would ignore it, the sandbox does not)")
    return kinds


def take_updates(tg: Telegram, p: Json) -> list[Json]:
    """Do what getUpdates does without its waiting: confirm, remember what is wanted, and give what there is."""
    if tg.webhook["url"]:
        why = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        raise Refusal(409, f"Conflict: {why}")
    tg.allow(_check_kinds(p))
    tg.confirm(p.get("offset", 0))
    limit = min(max(p.get("limit", 100), 1), 100)
    return [update for update, _ in zip(tg.updates, range(limit), strict=False)]


def _set_webhook(tg: Telegram, p: Json) -> bool:
    kinds = _check_kinds(p)
    if p["url"]:
        parts = urlsplit(p["url"])
        at_home = parts.hostname in _HOME
        if not parts.hostname or (parts.scheme != "https" and not (at_home and parts.scheme == "http")):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if parts.port not in _PORTS and not at_home:
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if "secret_token" in p and not _SECRET.fullmatch(p["secret_token"]):
        raise bad("secret token contains unallowed characters")
    if not 1 <= p.get("max_connections", 40) <= 100:
        raise bad("max_connections must be from 1 to 100")
    tg.allow(kinds)
    if p.get("drop_pending_updates"):
        tg.updates.clear()
    tg.webhook = {
        "url": p["url"],
        "secret_token": p.get("secret_token"),
        "max_connections": p.get("max_connections", 40),
    }
    tg.tell("bot", None, tg.state()["bot"])
    return True


def _delete_webhook(tg: Telegram, p: Json) -> bool:
    if p.get("drop_pending_updates"):
        tg.updates.clear()
    tg.webhook = {"url": ""}
    tg.tell("bot", None, tg.state()["bot"])
    return True


def _webhook_info(tg: Telegram, _p: Json) -> Json:
    hook = tg.webhook
    info: Json = {
        "url": hook["url"],
        "has_custom_certificate": False,
        "pending_update_count": len(tg.updates),
    }
    if hook["url"]:
        info["max_connections"] = hook["max_connections"]
    if "last_error_date" in hook:
        info |= {key: hook[key] for key in ("last_error_date", "last_error_message")}
    if tg.allowed_named:
        info["allowed_updates"] = tg.allowed_named
    return info


# ---- the bot's account


def _me(tg: Telegram, _p: Json) -> Json:
    return {
        **tg.bot,
        "first_name": tg.texts.get(("name", "")) or tg.bot["first_name"],
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _language(p: Json) -> str:
    code: str = p.get("language_code", "")
    if code and not _LANGUAGE.fullmatch(code):
        raise bad("LANG_CODE_INVALID")
    return code


def _scope(p: Json) -> tuple[Any, ...]:
    scope: Json = p.get("scope", {"type": "default"})
    rest = tuple(int(scope[key]) for key in ("chat_id", "user_id") if key in scope)
    return (scope["type"], *rest)


def _set_commands(tg: Telegram, p: Json) -> bool:
    key = (_scope(p), _language(p))
    if len(p["commands"]) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    commands = []
    for given in p["commands"]:
        name = given["command"].removeprefix("/")
        if not _COMMAND.fullmatch(name):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= markup.utf16(given["description"].strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        commands.append({"command": name, "description": given["description"]})
    if key[0][0] == "chat" and key[0][1] not in tg.chats:
        raise bad("chat not found")
    tg.commands[key] = commands
    tg.tell("bot", None, tg.state()["bot"])
    return True


def _commands(tg: Telegram, p: Json) -> list[Json]:
    return tg.commands.get((_scope(p), _language(p)), [])


def _delete_commands(tg: Telegram, p: Json) -> bool:
    tg.commands.pop((_scope(p), _language(p)), None)
    tg.tell("bot", None, tg.state()["bot"])
    return True


def _text_setter(slot: str, limit: int, refusal: str) -> Callable[[Telegram, Json], bool]:
    """What sets a name or a description."""

    def set_text(tg: Telegram, p: Json) -> bool:
        key = (slot, _language(p))
        text = p.get(slot, "")
        if markup.utf16(text) > limit:
            raise bad(refusal)
        if text:
            tg.texts[key] = text
        else:
            tg.texts.pop(key, None)
        tg.tell("bot", None, tg.state()["bot"])
        return True

    return set_text


def _text_getter(slot: str) -> Callable[[Telegram, Json], Json]:
    """What tells a name or a description."""

    def tell_text(tg: Telegram, p: Json) -> Json:
        text = tg.text_for(slot, _language(p))
        return {slot: text or (tg.bot["first_name"] if slot == "name" else "")}

    return tell_text


def _set_menu_button(tg: Telegram, p: Json) -> bool:
    button = p.get("menu_button", {"type": "default"})
    if "chat_id" not in p:
        tg.menu_button = {"type": "commands"} if button["type"] == "default" else button
        return True
    chat = _reachable(tg, p["chat_id"])
    chat.menu_button = None if button["type"] == "default" else button
    return True


def _menu_button(tg: Telegram, p: Json) -> Json:
    chat = _reachable(tg, p["chat_id"]) if "chat_id" in p else None
    return (chat.menu_button if chat else None) or tg.menu_button


# ---- chats and files


def _chat_info(tg: Telegram, p: Json) -> Json:
    chat = tg.chats.get(p["chat_id"]) if isinstance(p["chat_id"], int) else None
    if chat is None or (chat.private and not tg.people[chat.id].started):
        raise bad("chat not found")
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
    )
    return {**chat.about, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}


def _leave(tg: Telegram, p: Json) -> bool:
    chat = _reachable(tg, p["chat_id"])
    if chat.private:
        raise bad("chat member status can't be changed in private chats")
    tg.leave_group(chat)
    return True


def _file_info(tg: Telegram, p: Json) -> Json:
    stored = tg.files.find(p["file_id"])
    if stored is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if len(stored.body) > DOWNLOAD_BYTES:
        raise bad("file is too big")
    about = stored.shown()
    return {key: about[key] for key in ("file_id", "file_unique_id", "file_size")} | {"file_path": stored.path}


CALLS: dict[str, Callable[[Telegram, Json], Any]] = {
    "getMe": _me,
    "getUpdates": take_updates,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "getWebhookInfo": _webhook_info,
    "sendMessage": _send_message,
    "sendPhoto": _sender("photo"),
    "sendDocument": _sender("document"),
    "sendVoice": _sender("voice"),
    "sendAudio": _sender("audio"),
    "sendVideoNote": _sender("video_note"),
    "sendSticker": _sender("sticker"),
    "sendChatAction": _send_chat_action,
    "editMessageText": _edit_text,
    "editMessageCaption": _edit_caption,
    "editMessageMedia": _edit_media,
    "editMessageReplyMarkup": _edit_keyboard,
    "deleteMessage": _delete_message,
    "deleteMessages": _delete_messages,
    "setMessageReaction": _set_reaction,
    "answerCallbackQuery": _answer_query,
    "setMyCommands": _set_commands,
    "getMyCommands": _commands,
    "deleteMyCommands": _delete_commands,
    "setMyDescription": _text_setter("description", 512, "BOT_DESCRIPTION_INVALID"),
    "getMyDescription": _text_getter("description"),
    "setMyShortDescription": _text_setter("short_description", 120, "BOT_SHORT_DESCRIPTION_INVALID"),
    "getMyShortDescription": _text_getter("short_description"),
    "setMyName": _text_setter("name", 64, "BOT_NAME_INVALID"),
    "getMyName": _text_getter("name"),
    "setChatMenuButton": _set_menu_button,
    "getChatMenuButton": _menu_button,
    "getChat": _chat_info,
    "leaveChat": _leave,
    "getFile": _file_info,
}
"""Every method the sandbox speaks."""
