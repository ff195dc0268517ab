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
        and [len(row) for row in message.get("reply_markup", {}).get("inline_keyboard", [])] == [3]
        for message in stage.telegram.inbox(person)
    )


@pytest.mark.parametrize("way", ["restart", "stop"])
async def test_the_bot_is_ended_and_started_while_it_sends_and_nothing_is_lost(
    way: str, stage: Stage, open_page: Open
) -> None:
    """Three prompts are in flight when it is killed or stopped from the page; what is said meanwhile waits for it."""
    people = [
        stage.telegram.join(name, language_code="en", zone="Asia/Kolkata", country="IN")
        for name in ("Asha", "Mia", "Zoe")
    ]
    screen = await open_page(stage.telegram, stage.server.url, viewport={"width": 1700, "height": 900})
    page = screen.page
    for person in people:
        await set_up(screen, person)
    evening = stage.telegram.stamp() + 600
    await page.locator("#behind").click()
    await expect(page.locator("#bot-state")).to_have_text("It is running, and nothing waits for it.")

    stage.telegram.faults.add("slow", methods=["sendMessage"], seconds=1.5, times=3)
    await page.locator("[data-turn=next]").click()
    await expect(page.locator("#deliveries .sending")).to_have_count(3)
    if way == "restart":
        await page.locator("[data-bot=restart]").click()
    else:
        await page.locator("[data-bot=stop]").click()
        await expect(page.locator("#pulse")).to_have_text("Bot is away")
        await screen.phone(0).locator("textarea").fill("She held the door")
        await screen.phone(0).locator("textarea").press("Enter")
        await expect(page.locator("#bot-state")).to_contain_text("1 to hear")
        await page.locator("[data-bot=start]").click()
    await expect(page.locator("#pulse")).to_have_text("Bot is here")
    await expect(page.locator(".clock")).not_to_have_attribute("aria-busy", "true")
    await page.locator("[data-turn=hour]").click()  # a killed sender's lease ends within a minute and a half
    async with asyncio.timeout(20):
        while any(prompts(stage, person, evening) == 0 for person in people):
            await asyncio.sleep(0.05)
    await expect(page.locator("#deliveries .sending")).to_have_count(0)
    await expect(page.locator("#bot-state")).to_have_text("It is running, and nothing waits for it.")

    assert [prompts(stage, person, evening) for person in people] == [1, 1, 1]
    assert await page.locator("#deliveries .sent").count() == 6
    if way == "stop":
        await expect(screen.phone(0).locator(".msg:not(.own)").last).to_contain_text("Kept")
