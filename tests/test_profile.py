"""The bot's profile in docs/ is what the project makes of itself, within what Telegram takes."""

from __future__ import annotations

import struct

import pytest

from bot.speech import library, settings
from bot.speech.voice import LOCALES
from deploy import profile


@pytest.mark.parametrize(("name", "size"), [("bot.png", (640, 640)), ("description.png", (640, 360))])
def test_the_pictures_are_those_that_the_project_draws(name: str, size: tuple[int, int]) -> None:
    body = profile.files()[name]
    assert struct.unpack(">II", body[16:24]) == size
    assert (profile.FOLDER / name).read_bytes() == body, "run make profile"


def test_the_page_for_botfather_holds_the_texts_that_the_bot_says_itself() -> None:
    assert (profile.FOLDER / "README.md").read_text() == profile.guide(), "run make profile"


@pytest.mark.parametrize("locale", LOCALES)
def test_descriptions_fit_what_telegram_takes(locale: str) -> None:
    """core.telegram.org/bots/api#setmydescription and #setmyshortdescription."""
    voice = library.load().voice(locale)
    assert 0 < len(settings.short_description(voice)) <= 120
    assert 0 < len(settings.description(voice)) <= 512
