"""What a chat must do, on a page whose bot is the test: every kind of message, touch, keys, and two thousand of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import expect

from bot.sandbox.rules import Upload
from tests.browser.conftest import DESK, POCKET, Open, Post
from tests.browser.pictures import png

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_words_are_shown_as_written_and_never_run(post: Post, open_page: Open) -> None:
    """Entities become elements; what looks like HTML stays text; links to elsewhere are never followed by themselves."""
    nasty = "<img src=x onerror=alert(1)> & <b>"
    post.telegram.say(post.tom, nasty)
    post.send(
        post.tom,
        "<b>Bold <i>both</i></b> <u>u</u> <s>s</s> <code>code</code> <tg-spoiler>hidden</tg-spoiler> "
        '<a href="https://example.org/">away</a> /pair\n<blockquote>Said</blockquote>\nafter 👩‍👩‍👧 <b>😀x</b>',
    )
    screen = await open_page(post.telegram, post.server.url)
    tom = screen.phone(1)

    assert await tom.locator(".msg.own .words").inner_text() == nasty
    words = tom.locator(".msg:not(.own) .words").last
    assert await words.locator("b").all_inner_texts() == ["Bold both", "😀x"]
    assert await words.locator("b i").inner_text() == "both"
    assert await words.locator("blockquote").inner_text() == "Said"
    assert await words.locator("a").get_attribute("rel") == "noopener noreferrer"
    await expect(words.locator(".spoiler")).to_have_css("color", "rgba(0, 0, 0, 0)")
    await words.locator(".spoiler").click()
    await expect(words.locator(".spoiler")).not_to_have_css("color", "rgba(0, 0, 0, 0)")
    await words.locator(".cmd").click()
    await expect(tom.locator(".msg.own").last).to_contain_text("/pair")


async def test_a_message_is_answered_reacted_to_edited_and_deleted(post: Post, open_page: Open) -> None:
    asked = post.send(post.tom, "How was the day?")
    screen = await open_page(post.telegram, post.server.url)
    tom = screen.phone(1)
    bots = tom.locator(".msg:not(.own)").last

    await bots.hover()
    await bots.locator(".re-it").click()
    await expect(tom.locator(".replying")).to_contain_text("How was the day?")
    await tom.locator("textarea").fill("Long, but good")
    await tom.locator("textarea").press("Enter")
    own = tom.locator(".msg.own").last
    await expect(own.locator(".re")).to_have_text("How was the day?")
    assert post.telegram.chat(post.tom)[-1]["reply_to_message"]["message_id"] == asked["message_id"]

    await bots.click(button="right")
    await screen.page.get_by_role("menuitemcheckbox", name="React ❤").click()
    await expect(bots.locator(".reactions")).to_have_text("❤")
    await bots.locator(".reactions button").click()
    await expect(bots.locator(".reactions")).to_have_count(0)

    await own.hover()
    await own.locator(".more-of").click()
    await screen.page.get_by_role("menuitem", name="Edit").click()
    await tom.locator("textarea").fill("Long, and good")
    await tom.locator("textarea").press("Enter")
    await expect(own.locator(".words")).to_have_text("Long, and good")
    await expect(own.locator(".meta")).to_contain_text("edited")

    await own.click(button="right")
    await screen.page.get_by_role("menuitem", name="Delete").click()
    await expect(tom.locator(".msg.own")).to_have_count(0)
    post.telegram.call(
        "editMessageText", {"chat_id": post.tom.id, "message_id": asked["message_id"], "text": "Good night"}
    )
    await expect(bots.locator(".words")).to_have_text("Good night")
    post.telegram.call("deleteMessage", {"chat_id": post.tom.id, "message_id": asked["message_id"]})
    await expect(tom.locator(".msg")).to_have_count(0)


async def test_a_button_looks_pressed_until_the_bot_answers(post: Post, open_page: Open) -> None:
    """And what it answers is a toast on that phone, or a dialog when it asks for attention; dots while it types."""
    post.send(post.tom, "Shall we?", ["Yes"], ["No", "Later"])
    screen = await open_page(post.telegram, post.server.url)
    tom, asha = screen.phone(1), screen.phone(0)
    yes, later = tom.get_by_role("button", name="Yes"), tom.get_by_role("button", name="Later")

    await yes.click()
    await expect(yes).to_have_attribute("aria-busy", "true")
    post.telegram.call("sendChatAction", {"chat_id": post.tom.id, "action": "typing"})
    await expect(tom.locator(".typing")).to_be_visible()
    await expect(tom.locator(".sub")).to_have_text("typing …")
    query = post.telegram.updates[-1]["callback_query"]
    assert query["data"] == "Yes"
    post.telegram.call("answerCallbackQuery", {"callback_query_id": query["id"], "text": "Noted"})
    await expect(tom.locator(".notes")).to_have_text("Noted")
    await expect(yes).not_to_have_attribute("aria-busy", "true")
    await expect(asha.locator(".notes")).to_be_empty()
    post.send(post.tom, "There")
    await expect(tom.locator(".typing")).to_be_hidden()

    await later.click()
    await expect(later).to_have_attribute("aria-busy", "true")
    query = post.telegram.updates[-1]["callback_query"]
    post.telegram.call("answerCallbackQuery", {"callback_query_id": query["id"], "text": "Listen", "show_alert": True})
    await expect(screen.page.get_by_role("dialog")).to_contain_text("Listen")


async def test_pictures_voice_and_other_things_are_sent_shown_and_heard(post: Post, open_page: Open) -> None:
    """A tall picture takes its room before it is loaded, opens large, and does not push the newest line away."""
    screen = await open_page(post.telegram, post.server.url)
    page, tom = screen.page, screen.phone(1)

    await tom.locator(".record").click()
    await expect(tom.locator(".voice")).to_have_count(1)
    await tom.locator(".voice").click()
    await expect(tom.locator(".voice")).to_have_attribute("aria-pressed", "true")
    for label in ("Photo", "Sticker", "File", "Location", "Contact"):
        await tom.locator(".attach").click()
        await page.get_by_role("menuitem", name=label, exact=True).click()
    await tom.locator(".attach").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name="Your own photo").click()
    tall = png(200, 1900)
    await (await chooser.value).set_files({"name": "tall.png", "mimeType": "image/png", "buffer": tall})
    await expect(tom.locator(".shot")).to_have_count(2)
    mine = post.telegram.chat(post.tom)[-1]["photo"][-1]
    assert (mine["width"], mine["height"]) == (135, 1280)

    post.telegram.call(
        "sendPhoto",
        {"chat_id": post.tom.id, "photo": Upload("a.png", tall, "image/png"), "caption": "The week"},
    )
    post.send(post.tom, "The newest line")
    newest = tom.locator(".msg").last
    await expect(newest).to_contain_text("The newest line")
    await expect(newest).to_be_in_viewport(ratio=1)
    await tom.get_by_role("button", name="The week").click()
    large = page.get_by_role("dialog").locator("img")
    await expect(large).to_be_in_viewport(ratio=1)
    await expect(large).to_have_attribute("alt", "The week")


async def test_the_view_follows_the_newest_but_not_somebody_who_reads_back(post: Post, open_page: Open) -> None:
    for number in range(150):
        post.send(post.tom, f"Line {number}")
    screen = await open_page(post.telegram, post.server.url)
    tom = screen.phone(1)
    await expect(tom.locator(".msg").last).to_be_in_viewport(ratio=1)

    await tom.locator(".chat").evaluate("chat => { chat.scrollTop = -1500 }")
    await expect(tom.locator(".fresh")).to_be_visible()
    await screen.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    place = "chat => [...chat.querySelectorAll('.msg')].map(each => [each.innerText, each.getBoundingClientRect().top])"
    before = dict(await tom.locator(".chat").evaluate(place))
    post.send(post.tom, "Something new")
    await expect(tom.locator(".fresh b")).to_have_text("1")
    after = dict(await tom.locator(".chat").evaluate(place))
    assert {line for line in before if abs(after[line] - before[line]) > 2} == set()

    await tom.locator(".fresh").click()
    await expect(tom.locator(".msg").last).to_be_in_viewport(ratio=1)
    await expect(tom.locator(".fresh")).to_be_hidden()
    await tom.locator(".chat").evaluate("chat => { chat.scrollTop = -1e6 }")
    await expect(tom.get_by_text("Line 50", exact=True)).to_be_attached()
    await tom.locator(".chat").evaluate("chat => { chat.scrollTop = -1e6 }")
    await expect(tom.get_by_text("Line 0", exact=True)).to_be_attached()
    assert await tom.locator(".msg").count() == 151
    assert await tom.locator(".day-line").count() == 1


async def test_two_thousand_messages_cost_no_more_than_sixty(post: Post, open_page: Open) -> None:
    """Only a window of them is drawn, and a new one touches a handful of nodes; `python -m tests.bench.page` has the times."""
    for number in range(2000):
        post.send(post.tom, f"<b>Line {number}</b>\nand what it says", ["One", "Two"])
    screen = await open_page(post.telegram, post.server.url)
    tom = screen.phone(1)
    assert await tom.locator(".msg").count() == 60
    assert await tom.locator("*").count() < 1500

    await tom.evaluate(
        """phone => {
            window.touched = 0;
            new MutationObserver(all => { for (const each of all) touched += each.addedNodes.length + each.removedNodes.length + (each.type === "attributes"); })
                .observe(phone, {subtree: true, childList: true, attributes: true, characterData: true});
        }"""
    )
    post.send(post.tom, "One more", ["Yes"])
    await expect(tom.locator(".msg").last).to_contain_text("One more")
    touched = await screen.page.evaluate("touched")
    assert touched < 20
    await tom.locator("textarea").press_sequentially("hello")
    assert await screen.page.evaluate("touched") - touched < 20
    for number in range(300):
        post.send(post.tom, f"Flood {number}")
    await expect(tom.locator(".msg").last).to_contain_text("Flood 299")
    assert await tom.locator(".msg").count() <= 200


async def test_each_phone_has_its_own_days_and_hours(post: Post, open_page: Open) -> None:
    """It is Monday evening in Toronto and already Tuesday in Dubai; Arabic reads from the right."""
    post.send(post.asha, "صباح الخير")
    post.send(post.tom, "Good morning")
    post.clock.advance(hours=8)
    post.send(post.asha, "مساء الخير")
    post.send(post.tom, "Good evening")
    screen = await open_page(post.telegram, post.server.url)
    asha, tom = screen.phone(0), screen.phone(1)

    assert await tom.locator(".day-line").all_inner_texts() == ["Monday, March 2"]
    assert await asha.locator(".day-line").all_inner_texts() == ["الاثنين، 2 مارس", "الثلاثاء، 3 مارس"]
    assert await tom.locator(".meta time").all_inner_texts() == ["9:30 a.m.", "5:30 p.m."]
    assert await tom.locator(".bar .wall").inner_text() == "Mon 5:30 p.m."
    assert await asha.get_attribute("dir") == "rtl"
    await expect(asha.locator(".menu")).to_have_text("القائمة")
    mark, name = asha.locator(".top .mark"), asha.locator(".name")
    left = [(await each.bounding_box() or {"x": 0})["x"] for each in (name, mark)]
    assert left[0] < left[1]


async def test_the_keyboard_reaches_everything(post: Post, open_page: Open) -> None:
    """Commands, messages, their buttons, reactions and answers without a mouse; focus never falls out."""
    post.telegram.call(
        "setMyCommands",
        {
            "commands": json.dumps(
                [{"command": "log", "description": "Note it"}, {"command": "week", "description": "Look back"}]
            )
        },
    )
    post.send(post.tom, "First", ["One", "Two"])
    post.send(post.tom, "Second", ["Three"])
    screen = await open_page(post.telegram, post.server.url)
    page, tom = screen.page, screen.phone(1)
    press = page.keyboard.press

    await tom.locator("textarea").focus()
    await page.keyboard.type("/w")
    await press("ArrowDown")
    await expect(tom.locator(".commands button")).to_have_text("/weekLook back")
    await expect(tom.locator(".commands button")).to_be_focused()
    await press("Enter")
    await expect(tom.locator(".msg.own").last).to_contain_text("/week")
    await expect(tom.locator("textarea")).to_be_focused()

    await tom.locator(".chat").focus()
    await press("Tab")  # only the newest buttons are on the way
    await expect(tom.get_by_role("button", name="Three")).to_be_focused()
    await press("ArrowUp")
    await press("ArrowUp")
    await expect(tom.locator(".msg").first).to_be_focused()
    await press("ArrowRight")
    await press("ArrowRight")
    await press("Enter")
    await expect(tom.get_by_role("button", name="Two")).to_have_attribute("aria-busy", "true")
    await press("ArrowDown")
    await press("Enter")
    await press("ArrowRight")
    await press("Enter")
    await expect(tom.locator(".msg").first.locator(".reactions")).to_have_text("👍")
    await expect(tom.locator(".msg").first).to_be_focused()
    await press("r")
    await expect(tom.locator(".replying")).to_contain_text("First")
    await press("Escape")
    await expect(tom.locator(".replying")).to_be_hidden()
    await press("ArrowUp")  # in an empty field: change what was said last
    await expect(tom.locator("textarea")).to_have_value("/week")
    pressed = [update["callback_query"]["data"] for update in post.telegram.updates if "callback_query" in update]
    assert pressed == ["Two"]


async def test_a_phone_in_the_hand(post: Post, open_page: Open) -> None:
    """One phone at a time; a swipe answers, a tap shows what can be done; the panel stands below and hides nothing."""
    post.send(post.tom, "How was the day?", ["Good"])
    screen = await open_page(post.telegram, post.server.url, viewport=POCKET, has_touch=True, is_mobile=True)
    page, asha, tom = screen.page, screen.phone(0), screen.phone(1)
    await screen.check_overflow()
    assert [await asha.is_visible(), await tom.is_visible()] == [True, False]
    post.send(post.tom, "And the night?")
    await expect(page.get_by_role("tab", name="Tom")).to_have_class(re.compile("unread"))
    await page.get_by_role("tab", name="Tom").tap()
    assert [await asha.is_visible(), await tom.is_visible()] == [False, True]

    bubble = tom.locator(".bubble").last
    box = await bubble.bounding_box()
    assert box is not None
    x, y = box["x"] + 30, box["y"] + 15
    touch = await page.context.new_cdp_session(page)
    await touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for by in (20, 40, 60, 80):
        await touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x + by, "y": y}]})
    await touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(tom.locator(".replying")).to_contain_text("And the night?")
    await tom.locator(".replying button").tap()
    await bubble.tap(position={"x": 20, "y": 12})
    await page.get_by_role("menuitemcheckbox", name="React 🙏").tap()
    await expect(tom.locator(".reactions")).to_have_text("🙏")

    await page.locator("#behind").tap()
    chat, panel = await tom.bounding_box(), await page.locator("#panel").bounding_box()
    assert chat is not None
    assert panel is not None
    assert chat["height"] > 250
    assert chat["y"] + chat["height"] <= panel["y"] + 1
    await screen.check_overflow()
    await screen.check_access()


async def test_the_panel_never_hides_a_phone(post: Post, open_page: Open) -> None:
    """Beside them or below, on every width, and each keeps room enough to be read."""
    screen = await open_page(post.telegram, post.server.url)
    await screen.page.locator("#behind").click()
    for width in (1440, 1280, 1024, 900, 600):
        await screen.page.set_viewport_size({"width": width, "height": 800})
        panel = await screen.page.locator("#panel").bounding_box()
        boxes = [await each.bounding_box() for each in await screen.page.locator(".phone").all()]
        assert panel is not None
        for box in filter(None, boxes):
            beside = box["x"] + box["width"] <= panel["x"] + 1
            above = box["y"] + box["height"] <= panel["y"] + 1
            assert beside or above, width
            assert box["height"] > 250, width
        await screen.check_overflow()


async def test_anybody_from_anywhere_can_be_added_and_block_the_bot(post: Post, open_page: Open) -> None:
    screen = await open_page(post.telegram, post.server.url)
    page = screen.page
    await page.locator("#add").click()
    await page.get_by_role("textbox", name="Name").fill("Ana María <b>")
    await page.get_by_label("Place").select_option("")
    await page.get_by_label("Country").select_option("NP")
    await page.get_by_label("Time zone").select_option("Asia/Katmandu")  # as browsers still spell it
    await page.get_by_label("Language in Telegram").select_option("es")
    await page.get_by_role("button", name="Add", exact=True).click()
    ana = screen.phone(2)
    await expect(ana.locator("h2")).to_have_text("Ana María <b> · Katmandu")
    person = list(post.telegram.people.values())[-1]
    assert (person.zone, person.country, person.language_code) == ("Asia/Katmandu", "NP", "es")

    await page.locator("#behind").click()
    await page.get_by_role("button", name="Tom blocks the bot").click()
    await expect(screen.phone(1).locator(".gate")).to_have_text("Unblock")
    assert post.tom.blocked
    await screen.phone(1).locator(".gate").click()
    await expect(screen.phone(1).locator("form")).to_be_visible()
    assert not post.tom.blocked
    for label, kind in (
        ("Too many requests", "too_many"),
        ("Outage", "server_error"),
        ("An answer gets lost", "lose_answer"),
    ):
        await page.get_by_role("button", name=label).click()
        await expect(page.get_by_role("button", name=label)).to_have_attribute("aria-pressed", "true")
        assert kind in [fault.kind for fault in post.telegram.faults.active]
    await page.get_by_role("button", name="Outage").click()
    await expect(page.get_by_role("button", name="Outage")).to_have_attribute("aria-pressed", "false")
    assert {fault.kind for fault in post.telegram.faults.active} == {"too_many", "lose_answer"}


async def test_what_was_missed_during_a_break_is_there_afterwards(post: Post, open_page: Open) -> None:
    """The server goes away and comes back on the same port: nothing is shown twice, nothing is missing."""
    gone = post.send(post.tom, "Before")
    screen = await open_page(post.telegram, post.server.url)
    tom = screen.phone(1)
    await post.server.stop()
    await expect(screen.page.locator("#pulse")).to_have_text("Reconnecting …")
    post.telegram.call("deleteMessage", {"chat_id": post.tom.id, "message_id": gone["message_id"]})
    post.send(post.tom, "Meanwhile")
    await post.server.start()
    await expect(tom.locator(".msg .words")).to_have_text(["Meanwhile"])
    post.send(post.tom, "After")
    await expect(tom.locator(".msg .words")).to_have_text(["Meanwhile", "After"])
    screen.errors.clear()  # a browser writes every refused connection on its console


@pytest.mark.parametrize("lang", ["en", "ar"])
async def test_everything_at_once_is_accessible(lang: str, post: Post, open_page: Open) -> None:
    """All kinds of messages, the panel, a menu and a dialog, seen by axe-core."""
    post.send(
        post.tom,
        "<b>Bold</b> <code>code</code> <a href='https://example.org'>link</a> /pair <blockquote>Said</blockquote>",
        ["Yes"],
        ["No"],
    )
    own = post.telegram.say(post.tom, "Something /start")
    post.telegram.react(post.tom, own, "❤")
    post.telegram.edit(post.tom, own, "Something else /start")
    post.telegram.say(post.tom, "again", reply_to=own)
    for kind in ("photo", "voice", "sticker", "document", "location"):
        attached: dict[str, Any] = {kind: True}
        post.telegram.say(post.tom, **attached)
        post.telegram.say(post.asha, **attached)
    styles = [[{"text": style, "callback_data": "x", "style": style} for style in ("primary", "success", "danger")]]
    post.send(post.asha, "اختر", reply_markup={"inline_keyboard": styles})
    screen = await open_page(post.telegram, post.server.url, lang=lang, viewport={**DESK, "width": 1500}, toured=False)
    page = screen.page
    await page.locator("#behind").click()
    await page.locator("#calls summary").first.click()
    await screen.check_access()
    await page.locator("#theme").click()
    assert await page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    await screen.check_access()
    await page.locator(".menu").nth(1).click()
    await screen.phone(1).locator(".chat").evaluate("chat => { chat.scrollTop = -1e6 }")
    await screen.phone(1).locator(".msg.own").first.click(button="right")
    await screen.check_access()
    await page.keyboard.press("Escape")
    await page.locator("#add").click()
    await screen.check_access()
