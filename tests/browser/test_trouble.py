"""What the panel's buttons do to the real bot while it is at work: nothing is lost, and the page says so."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from bot.sandbox.play import Stage
from bot.sandbox.telegram import Person
from tests.browser.conftest import Open, Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def set_up(screen: Screen, person: Person) -> None:
    """Through set-up with first buttons, as the page would."""
    screen.telegram.say(person, "/start")
    for _ in range(4):
        await screen.seen()
        screen.telegram.tap(person, screen.telegram.inbox(person)[-1])
    await screen.seen()


def prompts(stage: Stage, person: Person, hour: int) -> int:
    """How many messages with a prompt's three buttons were written to them since *hour* of the sandbox's clock."""
    return sum(
        message["date"] >= hour
        and [len(row) for row in message.get("reply_markup", {}).get("inline_keyboard", [])] == [1, 2]
        for message in stage.telegram.inbox(person)
    )


async def test_the_bot_is_ended_and_started_while_it_sends_and_nothing_is_lost(stage: Stage, open_page: Open) -> None:
    """On one evening it is stopped with three prompts in flight, on the next it is killed; all is done from the page."""
    people = [
        stage.telegram.join(name, language_code="en-IN", zone="Asia/Kolkata", country="IN")
        for name in ("Asha", "Mia", "Zoe")
    ]
    screen = await open_page(stage.telegram, stage.server.url, viewport={"width": 1700, "height": 900})
    for person in people:
        await set_up(screen, person)
    await screen.page.locator("#behind").click()
    await expect(screen.page.locator("#bot-state")).to_have_text("It is running, and nothing waits for it.")

    for end in (stop_and_start, kill_and_start):
        evening = stage.telegram.stamp() + 600
        stage.telegram.faults.add("slow", methods=["sendMessage"], seconds=3, times=3)
        await screen.page.locator("[data-turn=next]").click()
        await expect(screen.page.locator("#deliveries .sending")).to_have_count(3)
        await end(screen)
        await expect(screen.page.locator("#pulse")).to_have_text("Bot is here")
        await expect(screen.page.locator(".clock")).not_to_have_attribute("aria-busy", "true")
        await screen.page.locator("[data-turn=hour]").click()  # a killed sender's lease ends in a minute and a half
        async with asyncio.timeout(60):
            while any(prompts(stage, person, evening) == 0 for person in people):
                await asyncio.sleep(0.05)
        await expect(screen.page.locator("#deliveries .sending")).to_have_count(0)
        await expect(screen.page.locator("#bot-state")).to_have_text("It is running, and nothing waits for it.")
        assert [prompts(stage, person, evening) for person in people] == [1, 1, 1]
    assert {row["state"] for row in await screen.page.evaluate("ask('deliveries')")} == {"sent"}


async def stop_and_start(screen: Screen) -> None:
    """Stop; somebody writes meanwhile; start: it was heard."""
    page, asha = screen.page, screen.phone(0)
    await page.locator("[data-bot=stop]").click()
    await expect(page.locator("#pulse")).to_have_text("Bot is away")
    await asha.locator("textarea").fill("She held the door")
    await asha.locator("textarea").press("Enter")
    await expect(page.locator("#bot-state")).to_contain_text("1 to hear")
    await page.locator("[data-bot=start]").click()
    await expect(asha.locator(".msg:not(.own)", has_text="Kept")).to_have_count(1)


async def kill_and_start(screen: Screen) -> None:
    """One button: the process is gone in the middle of its sending, and another one is there."""
    await screen.page.locator("[data-bot=restart]").click()
    await expect(screen.page.locator("[data-bot=restart]")).not_to_have_attribute("aria-disabled", "true")
