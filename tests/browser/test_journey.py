"""The first journey on the page, the real bot behind it: from Start to the first Sunday, by clicking alone; and the tour."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, expect

from bot.sandbox.play import Stage
from bot.sandbox.telegram import Person
from tests.browser.conftest import POCKET, Open, Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
TEA = {"en": "Tea was ready before I asked", "ar": "وجدت الشاي جاهزًا قبل أن أطلبه"}


@asynccontextmanager
async def hears(screen: Screen, *people: Person) -> AsyncIterator[None]:
    """What is done inside makes the bot write to each of *people*, and their phones show it."""
    before = {person.id: len(screen.telegram.inbox(person)) for person in people}
    yield
    async with asyncio.timeout(60):
        while any(len(screen.telegram.inbox(person)) <= before[person.id] for person in people):
            await asyncio.sleep(0.02)
    await screen.seen()


async def begin(screen: Screen, phone: Locator) -> None:
    """Start, then first buttons up to the first prompt."""
    await phone.locator(".gate").click()
    await screen.seen()
    for _ in range(4):
        await screen.first_button(phone)
    await expect(phone.locator(".keys").last.locator("button")).to_have_count(3)


async def command(screen: Screen, phone: Locator, name: str) -> None:
    """Choose from the menu."""
    await phone.locator(".menu").click()
    async with screen.page.expect_response(lambda answer: answer.request.method == "POST"):
        await phone.locator(f".commands [data-command='/{name}']").click()
    await screen.seen()


@pytest.mark.parametrize(("lang", "theme"), [("en", "light"), ("ar", "dark")])
async def test_two_people_from_start_to_sunday_by_clicking(
    lang: str, theme: str, stage: Stage, open_page: Open
) -> None:
    """In English the invitation's link is pressed, in Arabic its picture is scanned by the other phone."""
    one = stage.telegram.join("Layla", language_code=lang, zone="Asia/Dubai", country="AE")
    two = stage.telegram.join("Omar", language_code=lang, zone="America/Toronto", country="CA")
    screen = await open_page(stage.telegram, stage.server.url, lang=lang, color_scheme=theme)
    page, layla, omar = screen.page, screen.phone(0), screen.phone(1)
    await begin(screen, layla)

    await command(screen, layla, "pair")
    await screen.first_button(layla)
    if lang == "en":
        await layla.locator("a[data-link]").click()
        await page.get_by_role("dialog").get_by_role("button", name="Omar").click()
    else:
        await layla.locator(".shot").click()
        await page.get_by_role("dialog").get_by_role("button", name=re.compile("Omar")).click()
        await expect(omar.locator(".camera")).to_be_visible()
    await expect(omar.locator(".msg")).not_to_have_count(0)
    await screen.seen()
    for _ in range(4):
        await screen.first_button(omar)
    async with hears(screen, one):
        await screen.first_button(omar)  # accept

    async with hears(screen, one):
        await page.locator("[data-turn=next]").click()
    await expect(layla.locator(".msg").last).to_be_in_viewport(ratio=1)
    await layla.locator(".msg").last.dblclick(position={"x": 30, "y": 8})
    await screen.write(layla, TEA[lang])
    async with hears(screen, two):
        await screen.first_button(layla)  # share
    await expect(omar.locator(".msg").last).to_contain_text(TEA[lang])
    async with hears(screen, one):
        await omar.locator(".keys").last.get_by_role("button", name="❤").click()

    await command(screen, layla, "reset")
    async with hears(screen, two):
        await screen.first_button(layla)
    async with hears(screen, one):
        await screen.first_button(omar)  # ready now
    await screen.first_button(layla)  # we mended it

    async with hears(screen, one, two):
        await page.locator("[data-turn=sunday]").click()
    for phone, person in ((layla, one), (omar, two)):
        looks = [message for message in stage.telegram.inbox(person)[-3:] if TEA[lang] in str(message)]
        assert looks, "the look back holds what was shared"
        await expect(phone.locator(".msg").last).to_be_in_viewport()
    await screen.check_overflow()
    await screen.check_access()
    await page.locator("#theme").click()
    await screen.check_access()


async def test_the_tour_leads_through_all_of_it(stage: Stage, open_page: Open) -> None:
    """On a small screen, where it has the least room: each step is pointed at, done on request, and noticed."""
    stage.telegram.join("Asha", language_code="hi", zone="Asia/Kolkata", country="IN")
    stage.telegram.join("Tom", language_code="en-CA", zone="America/Toronto", country="CA")
    screen = await open_page(stage.telegram, stage.server.url, toured=False, viewport=POCKET)
    page = screen.page
    await page.evaluate(
        """() => {
            const title = document.querySelector("#guide h2");
            window.titles = [title.textContent];
            new MutationObserver(() => titles.push(title.textContent)).observe(title, {childList: true});
        }"""
    )
    async with asyncio.timeout(180):
        while not await page.locator("#panel").is_visible():
            await expect(page.locator(".aimed")).to_have_count(1)
            await page.locator("[data-tour=act]").click()
            if await page.get_by_role("dialog").is_visible():
                await page.get_by_role("dialog").get_by_role("button").first.click()
            await asyncio.sleep(0.3)  # a person's pace
            await screen.seen()
    assert list(dict.fromkeys(await page.evaluate("titles"))) == [
        "Meet Asha",
        "First buttons",
        "An invitation",
        "From phone to phone",
        "Tom says yes",
        "At each one’s own hour",
        "Answer, then share",
        "Let’s reset",
        "A look at the week",
        "Behind the scenes",
    ]
    await screen.check_overflow()
    await page.locator("[data-tour=end]").click()
    await expect(page.locator("#guide")).to_be_hidden()
    await page.reload()
    await screen.until("ready")
    await expect(page.locator("#guide")).to_be_hidden()


async def test_the_first_prompt_by_keyboard_alone(stage: Stage, open_page: Open) -> None:
    """Add a person, start, and press first buttons: no mouse, focus stays where one left it."""
    screen = await open_page(stage.telegram, stage.server.url)
    page = screen.page
    await page.locator("#add").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.type("Zoe")
    await page.keyboard.press("Enter")
    zoe = screen.phone(0)
    await expect(zoe.locator(".gate")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(zoe.locator(".keys")).to_be_visible()
    await zoe.locator(".chat").focus()
    await page.keyboard.press("Tab")
    for _ in range(4):
        await expect(zoe.locator(".keys button").first).to_be_focused()
        await page.keyboard.press("Enter")
        await asyncio.sleep(0.05)  # the tap is on its way to the server
        await screen.seen()
    await expect(zoe.locator(".keys").last.locator("button")).to_have_count(3)
    await zoe.locator("textarea").focus()
    await page.keyboard.type("She held the door")
    await page.keyboard.press("Enter")
    await expect(zoe.locator(".msg.own").last).to_contain_text("She held the door")
    await screen.seen()
