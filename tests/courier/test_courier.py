"""A card goes in, an outcome comes out: one for each thing that Telegram and the road to it can do."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.courier.courier import Courier, cut
from bot.courier.outcome import Blocked, Failed, Later, Outcome, Revoked, Sent, Unknown
from bot.courier.request import LEAVING
from bot.courier.throttle import PROMPT, REPLY, Throttle
from bot.domain.gestures import Medium
from bot.speech.card import Button, Card, Document, Tap
from tests.courier.conftest import Answer, Post, bot_at
from tests.courier.test_request import HTML, cut_after_reading, refusal, says

Road = Callable[[Answer], Awaitable[str]]
DONE = Button("Done in person", Tap.of("done", 1), style="primary")
COPY = Button("Copy the code", copy="K7MPQ2XW")


def said(post: Post) -> list[dict[str, Any]]:
    """What Asha has from the bot."""
    return [message for message in post.telegram.inbox(post.asha) if message["from"]["is_bot"]]


async def test_a_card_arrives_with_its_text_buttons_and_silence(post: Post) -> None:
    card = Card("For <b>this evening</b>", ((DONE,), (COPY,)), quiet=True, protect=True)

    outcome = await post.courier.send(post.asha.id, card, lane=PROMPT)

    (message,) = said(post)
    assert outcome == Sent(message["message_id"])
    assert message["text"] == "For this evening"
    assert message["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Done in person", "callback_data": "done:1", "style": "primary"}],
            [{"text": "Copy the code", "copy_text": {"text": "K7MPQ2XW"}}],
        ]
    }
    (call,) = post.telegram.journal("sendMessage")
    assert (call.params["disable_notification"], call.params["protect_content"]) == (True, True)
    assert call.params["link_preview_options"] == {"is_disabled": True}
    assert post.counted == [("send", outcome)]


async def test_a_question_without_buttons_has_its_hint_in_the_input_field(post: Post) -> None:
    await post.courier.send(post.asha.id, Card("Which city?", placeholder="Toronto"), lane=REPLY)
    await post.courier.send(post.asha.id, Card("Which one?", ((DONE,),), placeholder="unused"), lane=REPLY)
    first, second = (call.params["reply_markup"] for call in post.telegram.journal("sendMessage"))
    assert first == {"force_reply": True, "input_field_placeholder": "Toronto"}
    assert set(second) == {"inline_keyboard"}


async def test_files_follow_their_card(post: Post) -> None:
    card = Card("Your own words", documents=(Document(b"{}", "words.json"), Document(b"hi", "words.txt")))
    outcome = await post.courier.send(post.asha.id, card, lane=REPLY)
    messages = said(post)
    assert [message.get("text") or message["document"]["file_name"] for message in messages] == [
        "Your own words",
        "words.json",
        "words.txt",
    ]
    card_id, *files = (message["message_id"] for message in messages)
    assert outcome == Sent(card_id, more=tuple(files))


async def test_a_medium_that_is_no_more_leaves_the_card_sent(post: Post) -> None:
    outcome = await post.courier.send(post.asha.id, Card("From Tom"), lane=PROMPT, document=(Medium.VOICE, "gone"))
    assert outcome == Sent(said(post)[0]["message_id"])
    assert post.counted == [("send", outcome), ("medium", Failed("bad_request"))]


async def test_an_edit_changes_the_message_and_an_unchanged_one_counts_as_done(post: Post) -> None:
    sent = await post.courier.send(post.asha.id, Card("Before", ((DONE,),)), lane=REPLY)
    assert isinstance(sent, Sent)
    for _ in range(2):
        assert await post.courier.edit(post.asha.id, sent.message_id, Card("After")) == sent
    assert [message["text"] for message in said(post)] == ["After"]
    assert await post.courier.edit(post.asha.id, 9999, Card("After")) == Failed("gone_message")


async def test_what_telegram_cannot_parse_goes_once_more_as_plain_text(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = await post.courier.send(post.asha.id, Card("<b>5 &lt; 6 & so <mystery>on", ((DONE,),)), lane=PROMPT)
    (message,) = said(post)
    assert isinstance(outcome, Sent)
    assert message["text"] == "5 < 6 & so on"
    assert message["reply_markup"]["inline_keyboard"][0][0]["text"] == "Done in person"
    assert post.counted == [("send", Failed("unreadable")), ("send", outcome)]
    assert "mystery" not in caplog.text


async def test_buttons_too_new_for_telegram_become_simple_ones(post: Post) -> None:
    odd = Button("Later", Tap.of("later", 1), style="golden")
    outcome = await post.courier.send(post.asha.id, Card("For you", ((odd, COPY), (COPY,))), lane=PROMPT)
    (message,) = said(post)
    assert isinstance(outcome, Sent)
    assert message["reply_markup"] == {"inline_keyboard": [[{"text": "Later", "callback_data": "later:1"}]]}
    assert post.counted == [("send", Failed("buttons")), ("send", outcome)]


async def test_somebody_who_blocked_or_left_is_named_and_never_a_stranger_to_a_mistake_of_ours(post: Post) -> None:
    post.asha.blocked = True
    post.tom.deactivated = True
    assert await post.courier.send(post.asha.id, Card("Hello"), lane=PROMPT) == Blocked("blocked")
    assert await post.courier.send(post.tom.id, Card("Hello"), lane=PROMPT) == Blocked("deactivated")
    assert await post.courier.send(123456789, Card("Hello"), lane=PROMPT) == Blocked("gone")


SAID: list[tuple[Answer, Outcome]] = [
    (refusal(403, "Forbidden: bot was blocked by the user"), Blocked("blocked")),
    (refusal(403, "Forbidden: user is deactivated"), Blocked("deactivated")),
    (refusal(403, "Forbidden: bot can't initiate conversation with a user"), Blocked("blocked")),
    (refusal(400, "Bad Request: chat not found"), Blocked("gone")),
    (refusal(400, "Bad Request: PEER_ID_INVALID"), Blocked("gone")),
    (refusal(403, "Forbidden: bot was kicked from the group chat"), Failed("forbidden")),
    (refusal(403, "Forbidden: bots can't send messages to bots"), Failed("forbidden")),
    (refusal(400, "Bad Request: message text is empty"), Failed("bad_request")),
    (refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "chat not found"'), Failed("unreadable")),
    (refusal(400, "Bad Request: group upgraded", migrate_to_chat_id=-100), Failed("migrated")),
    (refusal(409, "Conflict: terminated by other getUpdates request"), Failed("conflict")),
    (refusal(401, "Unauthorized"), Revoked("unauthorized")),
    (refusal(404, "Not Found"), Revoked("unauthorized")),
    (refusal(429, "Too Many Requests: retry after 35", retry_after=35), Later(35.0, "too_many")),
    (refusal(500, "Internal Server Error"), Later(5.0, "server_error")),
    (says(502, HTML), Unknown("answer_lost")),
    (says(200, HTML), Unknown("answer_lost")),
    (says(200, '{"ok": true, "result": true}'), Unknown("answer_lost")),
    (cut_after_reading, Unknown("answer_lost")),
    (says(403, HTML), Later(5.0, "unreachable")),
    (says(404, HTML), Later(5.0, "unreachable")),
]


@pytest.mark.parametrize(("answer", "outcome"), SAID)
@pytest.mark.parametrize("initialised", [True, False])
async def test_every_answer_has_its_outcome(road: Road, answer: Answer, outcome: Outcome, *, initialised: bool) -> None:
    async def whoever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers getMe, so that the bot may start, and everything after it as the row says."""
        me = {"id": 1, "is_bot": True, "first_name": "Recipro", "username": "recipro_bot"}
        await (says(200, json.dumps({"ok": True, "result": me})) if not greeted else answer)(reader, writer)
        greeted.append(True)

    greeted: list[bool] = [] if initialised else [True]
    bot = bot_at(await road(whoever), read=0.5)
    await (bot if initialised else bot.request).initialize()
    try:
        assert await Courier(bot, Throttle(1000, per_chat=0)).send(1, Card("Hello"), lane=PROMPT) == outcome
    finally:
        await (bot if initialised else bot.request).shutdown()


async def test_two_chats_told_to_wait_stop_the_whole_bot_and_broadcasts_come_back_at_once(post: Post) -> None:
    post.telegram.faults.add("too_many", retry_after=40, times=2, methods=["sendMessage"])
    first = await post.courier.send(post.asha.id, Card("Hello"), lane=PROMPT)
    second = await post.courier.send(post.tom.id, Card("Hello"), lane=PROMPT)
    assert (first, second) == (Later(40.0, "too_many"), Later(40.0, "too_many", whole_bot=True))

    third = await post.courier.send(post.tom.id, Card("Hello"), lane=PROMPT)
    assert isinstance(third, Later)
    assert (third.why, third.whole_bot) == ("halted", True)
    assert 39 < third.seconds <= 40
    assert len(post.telegram.journal("sendMessage")) == 2, "nothing goes out inside a halt"


async def test_a_claimed_delivery_never_waits_longer_than_its_lease_allows(post: Post) -> None:
    post.courier.throttle.halt(40)
    outcome = await asyncio.wait_for(post.courier.send(post.asha.id, Card("Hi"), lane=PROMPT), timeout=1)
    assert isinstance(outcome, Later)
    crowded = Courier(post.courier._bot, slow := Throttle(0.01))
    await slow.take(5, PROMPT)
    assert await crowded.send(post.asha.id, Card("Hi"), lane=PROMPT, within=0.05) == Later(5.0, "crowded")
    assert slow.waiting == 0
    assert said(post) == []


async def test_a_message_counts_from_when_it_goes_out(post: Post) -> None:
    """What else the event loop has to do in the same turn delays it on its way; the chat's second begins after that."""
    clock = 100.0

    def do_much() -> None:
        nonlocal clock
        clock += 0.3

    courier = Courier(post.courier._bot, throttle := Throttle(30, now=lambda: clock))
    sending = asyncio.create_task(courier.send(post.asha.id, Card("Hi"), lane=PROMPT))
    asyncio.get_running_loop().call_soon(do_much)
    assert isinstance(await sending, Sent)
    assert throttle._chats[post.asha.id] == pytest.approx(100.3 + 1.02)
    await courier.acknowledge("4711")
    assert LEAVING.get() is None, "a request that has no place moves nobody else's"


async def test_a_button_answered_too_late_troubles_nobody(post: Post) -> None:
    await post.courier.acknowledge("4711", "Kept")
    assert post.counted == [("acknowledge", Failed("too_old"))]


async def test_receipts_tidying_and_leaving_never_raise(post: Post) -> None:
    sent = await post.courier.send(post.asha.id, Card("Hello"), lane=REPLY)
    assert isinstance(sent, Sent)
    await post.courier.react(post.asha.id, sent.message_id, "❤")
    assert await post.courier.delete(post.asha.id, [sent.message_id]) == 1
    assert said(post) == []
    post.telegram.faults.add("server_error")
    await post.courier.react(post.asha.id, sent.message_id, "❤")
    assert await post.courier.delete(post.asha.id, [1, 2]) == 0
    await post.courier.leave(-100)
    assert [outcome for _, outcome in post.counted[-3:]] == [Later(5.0, "server_error")] * 3


async def test_an_outcome_holds_no_word_of_a_person(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    secret = "<b>I cried in the car"
    outcome = await post.courier.send(post.asha.id, Card(secret), lane=PROMPT)
    assert "cried" not in caplog.text + repr(outcome) + repr(post.counted)


@given(st.text(), st.integers(2, 50))
def test_what_is_cut_fits_and_is_the_beginning(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short.encode("utf-16-le", "surrogatepass")) // 2 <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("tea for two", 20, "tea for two"),
        ("tea for two", 4, "tea…"),
        ("tea 👩‍👧‍👦 for two", 8, "tea …"),
        ("tea 👋🏽 for two", 7, "tea …"),
        ("cafe\N{COMBINING ACUTE ACCENT} at ten", 5, "caf…"),
        ("मेरी चाय", 4, "मे…"),
        ("love ❤\N{VARIATION SELECTOR-16} you", 7, "love …"),
    ],
)
def test_a_cut_never_falls_inside_what_is_seen_as_one_character(text: str, limit: int, short: str) -> None:
    assert cut(text, limit) == short
