"""What the sandbox's Telegram refuses, remembers and shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import markup
from bot.sandbox.attachments import made_up_photo
from bot.sandbox.clock import SandboxClock
from bot.sandbox.methods import REACTIONS
from bot.sandbox.rules import Refusal, Upload
from bot.sandbox.telegram import Person, SandboxError, Telegram

ME = {"chat_id": 501}
BUTTONS = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}


def refused(telegram: Telegram, method: str, **params: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        telegram.call(method, params)
    assert telegram.journal()[-1].error == caught.value.body()
    return caught.value.code, caught.value.description


def keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "x", **button}]]}


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("sendMassage", {}, (404, "Not Found: method not found")),
        ("sendMessage", {"text": "x"}, (400, "Bad Request: chat_id is empty")),
        ("sendMessage", ME, (400, "Bad Request: message text is empty")),
        ("sendMessage", {**ME, "text": " \n\u200b"}, (400, "Bad Request: message text is empty")),
        ("sendMessage", {**ME, "text": "x" * 4097}, (400, "Bad Request: message is too long")),
        ("sendMessage", {**ME, "text": "😀" * 2049}, (400, "Bad Request: message is too long")),
        ("sendMessage", {"chat_id": 7, "text": "x"}, (400, "Bad Request: chat not found")),
        ("sendMessage", {"chat_id": "asha", "text": "x"}, (400, "Bad Request: chat not found")),
        ("sendMessage", {**ME, "text": "x", "disable_notification": "perhaps"}, (400, 'Bad Request: Field "disable_notification" must be of type Boolean')),
        ("sendMessage", {**ME, "text": "x", "reply_markup": "{"}, (400, "Bad Request: can't parse reply keyboard markup JSON object")),
        ("sendMessage", {**ME, "text": "x", "reply_markup": "5"}, (400, "Bad Request: object expected as reply markup")),
        ("sendMessage", {**ME, "text": "x", "reply_markup": keyboard(callback_data="é" * 33)}, (400, "Bad Request: BUTTON_DATA_INVALID")),
        ("sendMessage", {**ME, "text": "x", "reply_markup": keyboard(callback_data="")}, (400, "Bad Request: BUTTON_DATA_INVALID")),
        ("sendMessage", {**ME, "text": "x", "reply_markup": keyboard(copy_text={"text": "x" * 257})}, (400, "Bad Request: BUTTON_COPY_TEXT_INVALID")),
        ("sendMessage", {**ME, "text": "x", "reply_markup": keyboard(url="nowhere")}, (400, "Bad Request: inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL")),
        ("sendMessage", {**ME, "text": "x", "reply_parameters": {"message_id": 9}}, (400, "Bad Request: message to be replied not found")),
        ("sendMessage", {**ME, "text": "x", "parse_mode": "Markdown"}, (400, "Bad Request: unsupported parse_mode")),
        ("sendPhoto", ME, (400, "Bad Request: there is no photo in the request")),
        ("sendPhoto", {**ME, "photo": "unknown"}, (400, "Bad Request: wrong file identifier/HTTP URL specified")),
        ("sendPhoto", {**ME, "photo": Upload("x.png", b"no picture")}, (400, "Bad Request: IMAGE_PROCESS_FAILED")),
        ("sendPhoto", {**ME, "photo": made_up_photo(), "caption": "x" * 1025}, (400, "Bad Request: message caption is too long")),
        ("editMessageText", {**ME, "text": "x"}, (400, "Bad Request: message identifier is not specified")),
        ("editMessageText", {**ME, "message_id": 9, "text": "x"}, (400, "Bad Request: message to edit not found")),
        ("deleteMessage", {**ME, "message_id": 9}, (400, "Bad Request: message to delete not found")),
        ("setMessageReaction", {**ME, "message_id": 9}, (400, "Bad Request: message to react not found")),
        ("setMessageReaction", {**ME, "message_id": 9, "reaction": [{"type": "emoji", "emoji": "🐢"}]}, (400, "Bad Request: REACTION_INVALID")),
        ("sendChatAction", {**ME, "action": "dancing"}, (400, "Bad Request: wrong parameter action in request")),
        ("answerCallbackQuery", {"callback_query_id": "9"}, (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")),
        ("answerCallbackQuery", {"callback_query_id": "9", "text": "x" * 201}, (400, "Bad Request: MESSAGE_TOO_LONG")),
        ("getFile", {"file_id": "9"}, (400, "Bad Request: wrong file_id or the file is temporarily unavailable")),
        ("setMyCommands", {"commands": [{"command": "Help", "description": "x"}]}, (400, "Bad Request: BOT_COMMAND_INVALID")),
        ("setMyCommands", {"commands": [{"command": "help", "description": ""}]}, (400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")),
        ("setMyCommands", {"commands": [{"command": "a", "description": "x"}] * 101}, (400, "Bad Request: BOT_COMMANDS_TOO_MUCH")),
        ("setMyDescription", {"description": "x" * 513}, (400, "Bad Request: BOT_DESCRIPTION_INVALID")),
        ("setMyShortDescription", {"short_description": "x" * 121}, (400, "Bad Request: BOT_SHORT_DESCRIPTION_INVALID")),
        ("setMyName", {"name": "x" * 65}, (400, "Bad Request: BOT_NAME_INVALID")),
        ("setWebhook", {"url": "http://bot.example.org"}, (400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")),
        ("setWebhook", {"url": "https://b.example", "secret_token": "ü"}, (400, "Bad Request: secret token contains unallowed characters")),
        ("leaveChat", ME, (400, "Bad Request: chat member status can't be changed in private chats")),
    ],
)  # fmt: skip
def test_what_telegram_refuses_is_refused_in_its_words(
    telegram: Telegram, asha: Person, method: str, params: dict[str, Any], answer: tuple[int, str]
) -> None:
    assert refused(telegram, method, **params) == answer
    assert telegram.chat(asha) == []


def test_what_telegram_would_ignore_is_refused_so_that_tests_notice(telegram: Telegram, asha: Person) -> None:
    code, words = refused(telegram, "sendMessage", chat_id=asha.id, text="x", disable_web_page_preview=True)

    assert (code, words.startswith('Bad Request: unknown parameter "disable_web_page_preview"')) == (400, True)


def test_the_longest_message_and_the_longest_button_are_taken(telegram: Telegram, asha: Person) -> None:
    sent = telegram.call(
        "sendMessage",
        {
            "chat_id": asha.id,
            "text": "<b>" + "😀" * 2048 + "</b>",
            "parse_mode": "HTML",
            "reply_markup": keyboard(callback_data="é" * 32),
        },
    )

    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 4096}]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain & simple", "plain & simple", []),
        ("&lt;b&gt; &amp;amp; &quot;&#65;&#x1F600;", '<b> &amp; "A😀', []),
        ("&nbsp; stays", "&nbsp; stays", []),
        ("😀 <b>x</b>", "😀 x", [("bold", 3, 1)]),
        ("<B>x</b>", "x", [("bold", 0, 1)]),
        ("<i>a <u>b</u></i>", "a b", [("italic", 0, 3), ("underline", 2, 1)]),
        ("<strong>a</strong><em>b</em><ins>c</ins><del>d</del><strike>e</strike>", "abcde", [("bold", 0, 1), ("italic", 1, 1), ("underline", 2, 1), ("strikethrough", 3, 1), ("strikethrough", 4, 1)]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ("<blockquote expandable>a</blockquote><blockquote>b</blockquote>", "ab", [("expandable_blockquote", 0, 1), ("blockquote", 1, 1)]),
        ("<code><b>a</b></code>", "a", [("code", 0, 1)]),
        ("  <b> a </b>  ", "a", [("bold", 0, 1)]),
        ("<b></b>a", "a", []),
        ("go to /help", "go to /help", [("bot_command", 6, 5)]),
        ("a/b 1/2 x@y", "a/b 1/2 x@y", []),
    ],
)  # fmt: skip
def test_html_is_read_as_telegram_reads_it(
    telegram: Telegram, asha: Person, source: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    sent = telegram.call("sendMessage", {"chat_id": asha.id, "text": source, "parse_mode": "HTML"})

    assert sent["text"] == text
    assert [(e["type"], e["offset"], e["length"]) for e in sent.get("entities", [])] == entities


def test_links_times_and_code_carry_what_they_say() -> None:
    source = (
        '<a href="https://a.example/?x=1&amp;y=2">a</a><tg-time unix="1647531900" format="wDT">b</tg-time>'
        '<pre><code class="language-python">c</code></pre><tg-emoji emoji-id="55">d</tg-emoji>'
    )

    assert markup.parse(source) == (
        "abcd",
        [
            {"type": "text_link", "offset": 0, "length": 1, "url": "https://a.example/?x=1&y=2"},
            {"type": "date_time", "offset": 1, "length": 1, "unix_time": 1647531900, "date_time_format": "wDT"},
            {"type": "pre", "offset": 2, "length": 1, "language": "python"},
            {"type": "custom_emoji", "offset": 3, "length": 1, "custom_emoji_id": "55"},
        ],
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>é<i>x</b></i>", 'Unmatched end tag at byte offset 9, expected "</i>", found "</b>"'),
        ("é <p>x</p>", 'Unsupported start tag "p" at byte offset 3'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("1 <2", "Unclosed start tag at byte offset 2"),
        ("<a href='x", 'Unclosed start tag "a" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<tg-time unix="soon">x</tg-time>', "Invalid date specified at byte offset 0"),
        ('<tg-time unix="1" format="q">x</tg-time>', "Invalid date format specified at byte offset 0"),
    ],
)
def test_html_that_cannot_be_read_is_refused_with_its_place(
    telegram: Telegram, asha: Person, source: str, words: str
) -> None:
    assert refused(telegram, "sendMessage", chat_id=asha.id, text=source, parse_mode="HTML") == (
        400,
        f"Bad Request: can't parse entities: {words}",
    )


@given(st.text())
def test_escaped_words_come_out_as_they_were_written(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")

    assert markup.parse(escaped) == (words, [])


@given(st.text(alphabet="<>/&;ab =\"'x#1😀-"))
def test_any_text_is_either_read_or_refused_with_a_reason(source: str) -> None:
    def outcome() -> str:
        try:
            text, entities = markup.parse(source)
        except markup.MarkupError as error:
            return "refused" if str(error) else "refused without a reason"
        inside = all(e["offset"] + e["length"] <= markup.utf16(text) for e in entities)
        return "read" if inside else "read beyond its end"

    assert outcome() in {"read", "refused"}


def test_an_edit_that_changes_nothing_is_refused(telegram: Telegram, asha: Person) -> None:
    sent = telegram.call("sendMessage", {**ME, "text": "One", "reply_markup": BUTTONS})
    one = {**ME, "message_id": sent["message_id"]}

    same = refused(telegram, "editMessageText", **one, text="One", reply_markup=BUTTONS)
    changed = telegram.call("editMessageText", {**one, "text": "One"})

    assert same == (
        400,
        (
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the"
            " same as a current content and reply markup of the message"
        ),
    )
    assert "reply_markup" not in changed
    assert refused(telegram, "editMessageReplyMarkup", **one) == same


def test_only_what_the_bot_wrote_and_kept_can_be_edited(telegram: Telegram, asha: Person) -> None:
    hers = telegram.say(asha, "Hers")
    picture = telegram.call("sendPhoto", {**ME, "photo": made_up_photo()})
    asked = telegram.call("sendMessage", {**ME, "text": "Write", "reply_markup": {"force_reply": True}})
    gone = telegram.call("sendMessage", {**ME, "text": "Gone"})
    telegram.delete(asha, gone)

    answers = [
        refused(telegram, "editMessageText", **ME, message_id=message["message_id"], text="New")[1]
        for message in (hers, picture, asked, gone)
    ]

    assert answers == [
        "Bad Request: message can't be edited",
        "Bad Request: there is no text in the message to edit",
        "Bad Request: message can't be edited",
        "Bad Request: message to edit not found",
    ]


def test_after_two_days_a_message_can_no_longer_be_deleted(
    telegram: Telegram, clock: SandboxClock, asha: Person
) -> None:
    old = telegram.call("sendMessage", {**ME, "text": "Old"})["message_id"]
    clock.advance(hours=48, seconds=1)
    new = telegram.call("sendMessage", {**ME, "text": "New"})["message_id"]

    assert refused(telegram, "deleteMessage", **ME, message_id=old) == (400, "Bad Request: message can't be deleted")
    assert telegram.call("deleteMessages", {**ME, "message_ids": [old, new, 999]}) is True
    assert [message["text"] for message in telegram.chat(asha)] == ["Old"]


def test_a_tap_is_answered_once_and_within_its_time(telegram: Telegram, clock: SandboxClock, asha: Person) -> None:
    sent = telegram.call("sendMessage", {**ME, "text": "One", "reply_markup": BUTTONS})
    stale = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    first, second = telegram.tap(asha, sent), telegram.tap(asha, sent, label="Yes")

    telegram.call("answerCallbackQuery", {"callback_query_id": first.id, "text": "Well", "show_alert": True})
    clock.advance(minutes=15, seconds=1)

    assert first.answer == {"text": "Well", "show_alert": True}
    assert refused(telegram, "answerCallbackQuery", callback_query_id=first.id) == stale
    assert refused(telegram, "answerCallbackQuery", callback_query_id=second.id) == stale


def test_only_who_started_and_did_not_block_can_be_written_to(telegram: Telegram, asha: Person, tom: Person) -> None:
    def answer(person: Person) -> tuple[int, str]:
        return refused(telegram, "sendMessage", chat_id=person.id, text="x")

    never_started = answer(tom)
    telegram.found_group("Family", tom)
    met_in_a_group = answer(tom)
    telegram.block(asha)
    blocked = answer(asha)
    telegram.unblock(asha)
    telegram.call("sendMessage", {"chat_id": asha.id, "text": "Welcome back"})
    telegram.deactivate(asha)

    assert [never_started, met_in_a_group, blocked, answer(asha)] == [
        (400, "Bad Request: chat not found"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
    ]


def test_blocking_and_coming_back_are_told_to_the_bot(telegram: Telegram, asha: Person) -> None:
    telegram.block(asha)
    telegram.say(asha, "/start")

    told = telegram.call("getUpdates")

    assert [update.get("my_chat_member", {}).get("new_chat_member", {}).get("status") for update in told] == [
        "kicked",
        "member",
        None,
    ]
    assert told[-1]["message"]["text"] == "/start"


def test_a_deep_link_says_start_with_its_code(telegram: Telegram, tom: Person) -> None:
    by_code = telegram.open(tom, "p_ABC-1")
    by_link = telegram.open(tom, "https://t.me/recipro_sandbox_bot?start=p_ABC-1")

    assert (by_code["text"], by_link["text"], tom.started) == ("/start p_ABC-1", "/start p_ABC-1", True)
    assert by_code["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


def test_updates_come_again_until_a_later_offset_confirms_them(telegram: Telegram, asha: Person) -> None:
    for words in ("one", "two", "three"):
        telegram.say(asha, words)

    first = telegram.call("getUpdates", {"limit": 2})
    again = telegram.call("getUpdates")
    rest = telegram.call("getUpdates", {"offset": first[-1]["update_id"] + 1})
    telegram.call("getUpdates", {"offset": rest[-1]["update_id"] + 1})
    telegram.say(asha, "four")
    later = telegram.call("getUpdates")

    assert [update["message"]["text"] for update in again] == ["one", "two", "three"]
    assert [update["message"]["text"] for update in rest] == ["three"]
    assert [update["message"]["text"] for update in later] == ["four"]
    assert later[0]["update_id"] > rest[-1]["update_id"]


def test_which_updates_are_wanted_is_remembered(telegram: Telegram, asha: Person) -> None:
    sent = telegram.call("sendMessage", {**ME, "text": "One"})
    telegram.react(asha, sent, "🙏")
    telegram.call("getUpdates", {"allowed_updates": ["message_reaction"]})
    telegram.react(asha, sent, "❤")
    telegram.say(asha, "not heard")

    heard = telegram.call("getUpdates")

    assert [update["message_reaction"]["new_reaction"] for update in heard] == [[{"type": "emoji", "emoji": "❤"}]]
    assert len(REACTIONS) == 73


def test_a_bot_with_a_webhook_cannot_also_poll(telegram: Telegram) -> None:
    telegram.call("setWebhook", {"url": "https://bot.example.org/hook"})

    assert refused(telegram, "getUpdates") == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )


def test_the_narrowest_menu_in_their_language_is_shown(telegram: Telegram, asha: Person, tom: Person) -> None:
    def set_menu(word: str, **where: Any) -> None:
        telegram.call("setMyCommands", {"commands": [{"command": word, "description": word}], **where})

    seen = []
    for word, where in (
        ("everyone", {}),
        ("hindi", {"language_code": "hi"}),
        ("private", {"scope": {"type": "all_private_chats"}}),
        ("hers", {"scope": {"type": "chat", "chat_id": asha.id}}),
    ):
        set_menu(word, **where)
        seen.append([telegram.commands_for(person)[0]["command"] for person in (asha, tom)])

    assert seen == [["everyone", "everyone"], ["hindi", "everyone"], ["private", "private"], ["hers", "private"]]


def test_in_a_group_only_words_for_the_bot_reach_it(telegram: Telegram, asha: Person) -> None:
    group = telegram.found_group("Family", asha)
    spoken = telegram.call("sendMessage", {"chat_id": group.id, "text": "Hello"})
    telegram.call("getUpdates", {"offset": -1})
    confirmed = telegram.call("getUpdates")[-1]["update_id"] + 1

    telegram.say_in_group(group, asha, "What is for dinner?")
    telegram.say_in_group(group, asha, "/start@another_bot")
    telegram.say_in_group(group, asha, "/start@recipro_sandbox_bot")
    telegram.say_in_group(group, asha, "Thank you", reply_to=spoken)

    heard = telegram.call("getUpdates", {"offset": confirmed})
    assert [update["message"]["text"] for update in heard] == ["/start@recipro_sandbox_bot", "Thank you"]


def test_a_group_that_was_left_or_moved_cannot_be_written_to(telegram: Telegram, asha: Person) -> None:
    left, moved = telegram.found_group("Left", asha), telegram.found_group("Moved", asha)
    telegram.call("leaveChat", {"chat_id": left.id})
    to = telegram.migrate(moved)

    with pytest.raises(Refusal) as caught:
        telegram.call("sendMessage", {"chat_id": moved.id, "text": "x"})

    assert caught.value.body()["parameters"] == {"migrate_to_chat_id": to.id}
    assert refused(telegram, "sendMessage", chat_id=left.id, text="x") == (
        403,
        "Forbidden: bot is not a member of the group chat",
    )


def test_a_reply_carries_what_it_answers_but_not_what_that_answered(telegram: Telegram, asha: Person) -> None:
    first = telegram.say(asha, "First")
    second = telegram.call(
        "sendMessage", {**ME, "text": "Second", "reply_parameters": {"message_id": first["message_id"]}}
    )
    third = telegram.say(asha, "Third", reply_to=second)

    assert second["reply_to_message"] == first
    assert third["reply_to_message"] == {key: value for key, value in second.items() if key != "reply_to_message"}


def test_what_the_people_see_is_messages_with_their_reactions(telegram: Telegram, asha: Person) -> None:
    sent = telegram.call("sendMessage", {**ME, "text": "One"})
    gone = telegram.call("sendMessage", {**ME, "text": "Gone"})
    before = telegram.shown(asha)["seq"]
    telegram.react(asha, sent, "🙏")
    telegram.delete(asha, gone)

    changed = telegram.shown(asha, after=before)["messages"]

    assert telegram.chat(asha) == [
        {**sent, "seq": before + 1, "deleted": False, "reactions": [{"emoji": "🙏", "from": asha.id}]}
    ]
    assert [(message["text"], message["deleted"]) for message in changed] == [("One", False), ("Gone", True)]
    assert telegram.inbox(asha) == [sent]


def test_typing_shows_until_the_message_comes_or_five_seconds_pass(
    telegram: Telegram, clock: SandboxClock, asha: Person
) -> None:
    def typing() -> bool:
        return bool(telegram.shown(asha)["typing"])

    seen = [typing()]
    telegram.call("sendChatAction", {**ME, "action": "typing"})
    seen.append(typing())
    clock.advance(6)
    seen.append(typing())
    telegram.call("sendChatAction", {**ME, "action": "typing"})
    telegram.call("sendMessage", {**ME, "text": "One"})
    seen.append(typing())

    assert seen == [False, True, False, False]


def test_people_cannot_do_what_nobody_can(telegram: Telegram, asha: Person) -> None:
    sent = telegram.call("sendMessage", {**ME, "text": "One", "reply_markup": keyboard(url="https://a.example")})
    impossible: list[Callable[[], object]] = [
        lambda: telegram.tap(asha, sent),
        lambda: telegram.tap(asha, sent, 1, 0),
        lambda: telegram.edit(asha, sent, "Mine"),
        lambda: telegram.say(asha, "  "),
        lambda: telegram.say(asha, "x" * 4097),
        lambda: telegram.open(asha, "no spaces"),
        lambda: telegram.say(asha, hologram=True),
        lambda: telegram.react(asha, sent, "🐢"),
        lambda: telegram.join("Asha again", id=asha.id),
    ]

    for deed in impossible:
        with pytest.raises(SandboxError):
            deed()
    assert telegram.call("getUpdates") == []


def test_an_edit_by_a_person_is_told_once(telegram: Telegram, asha: Person) -> None:
    said = telegram.say(asha, "Frist")
    telegram.edit(asha, said, "First")
    telegram.edit(asha, said, "First")

    told = telegram.call("getUpdates")

    assert [(kind, update[kind]["text"]) for update in told for kind in update if kind != "update_id"] == [
        ("message", "Frist"),
        ("edited_message", "First"),
    ]


def test_at_the_limit_nobody_is_refused_and_above_it_they_are(clock: SandboxClock) -> None:
    moment = 0.0
    telegram = Telegram(clock.now, limit_per_second=30, limit_per_chat=1, anyone=True, monotonic=lambda: moment)
    for at in range(90):
        moment = at / 30
        telegram.call("sendMessage", {"chat_id": 1 + at, "text": "x"})

    busiest = telegram.rates.busiest_second()
    for at in range(30):
        moment = 10 + at / 1000
        telegram.call("sendMessage", {"chat_id": 1000 + at, "text": "x"})
    too_many = refused(telegram, "sendMessage", chat_id=2000, text="x")
    moment = 12
    telegram.call("sendMessage", {"chat_id": 2000, "text": "x"})
    moment = 12.5
    twice = refused(telegram, "sendMessage", chat_id=2000, text="x")

    assert busiest == 30
    assert [too_many, twice] == [(429, "Too Many Requests: retry after 1")] * 2
    assert (telegram.accepted, telegram.rates.refused) == (121, 2)


def test_chance_is_the_same_in_each_run(clock: SandboxClock) -> None:
    def struck() -> list[bool]:
        telegram = Telegram(clock.now, seed=7)
        telegram.faults.add("drop", probability=0.3, methods=["sendMessage"])
        return [telegram.faults.strike("sendMessage", 1) is not None for _ in range(50)]

    assert struck() == struck()
    assert 5 < sum(struck()) < 25


def test_a_fault_strikes_so_often_and_only_where_it_was_meant(telegram: Telegram) -> None:
    telegram.faults.add("too_many", times=1, methods=["sendMessage"], chat_id=501, retry_after=9)

    struck = [
        telegram.faults.strike(*call)
        for call in (("getMe", None), ("sendMessage", 502), ("sendMessage", "501"), ("sendMessage", "501"))
    ]

    assert [fault and fault.kind for fault in struck] == [None, None, "too_many", None]
    assert telegram.faults.shown() == []
