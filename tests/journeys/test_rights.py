"""What people may ask of us: to know, to agree anew, to take everything with them, to be forgotten."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.delivery.sweep import sweep
from bot.domain.people import CONSENT_VERSION
from bot.domain.retention import UNFINISHED, Keep
from bot.speech import settings as cards
from bot.speech.card import plain
from bot.speech.library import load
from bot.speech.voice import LOCALES
from bot.storage import people
from bot.storage.schema import delivery, gesture, invite, keepsake, person
from tests.journeys.test_probes import couple, share
from tests.world import Someone, World


def exported(world: World, someone: Someone) -> tuple[str, dict[str, Any]]:
    """The page and the data of the newest export."""
    files = [world.telegram.files.find(m["document"]["file_id"]) for m in someone.inbox if "document" in m]
    page, data = files[-2:]
    assert page is not None
    assert data is not None
    return page.body.decode(), json.loads(data.body)


class _Page(HTMLParser):
    """The words of a page, and what it would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.loads = "", []  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "img", "link", "iframe"} or any(name in {"src", "href", "onclick"} for name, _ in attrs):
            self.loads.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


# --- to know ---


@pytest.mark.parametrize("locale", LOCALES)
def test_privacy_says_in_every_language_what_this_operator_has_set(locale: str) -> None:
    voice = load().voice(locale)
    said = plain(cards.privacy(voice, Keep(365, 91, 17, 23), agreed=True).text)
    for word in (
        "365",
        "91",
        "17",
        "23",
        "/unpair",
        "/export",
        "/forget",
        "Telegram" if voice.language in {"en", "fr"} else "/",
    ):
        assert word in said
    assert "365" not in plain(cards.privacy(voice, Keep(), agreed=True).text)


# --- to agree ---


async def test_consent_has_a_time_and_a_version_and_says_eighteen(world: World) -> None:
    tom = await world.person("Tom", ready=False)
    await tom.say("/start")
    for _ in range(3):
        await tom.tap(0)
    assert "eighteen" in tom.texts[-1]
    await tom.tap(0)
    assert world.app is not None
    row = await world.app.store.read(lambda db: db.execute(select(person.c.consent_at, person.c.consent_version)).one())
    assert row == (world.clock.now(), CONSENT_VERSION)


async def test_changed_words_ask_once_again_and_with_each_start(world: World) -> None:
    asha, tom = await couple(world)
    assert world.app is not None
    await world.app.store.write(lambda db: db.execute(update(person).values(consent_version=1)))
    await asha.say("/log")
    assert "These words have changed" in asha.texts[-1]
    assert "Note something" in asha.texts[-2], "what they asked for comes all the same"
    await asha.say("/journal")
    assert "These words have changed" not in asha.texts[-1]
    await asha.say("/start")
    assert "These words have changed" in asha.texts[-1]
    before = len(tom.inbox)
    await world.turn(hours=11)
    assert len(tom.inbox) > before, "prompts go on meanwhile"
    await asha.tap(label="I agree", on=next(m for m in reversed(asha.inbox) if "These words" in m.get("text", "")))
    await asha.say("/start")
    assert "These words have changed" not in asha.texts[-1]
    row = await world.app.store.read(lambda db: people.by_chat(db, asha.person.id))
    assert row is not None
    assert row.agrees


# --- to take everything along ---


async def test_an_export_holds_everything_of_ones_own_and_loads_nothing(both: World) -> None:
    asha, tom = await couple(both)
    await share(tom, "from Tom <script>alert(1)</script>")
    await both.beat()
    await asha.say("/log")
    await asha.tap(0)
    await asha.say("mine & <b>mine</b>")
    await asha.say("/settings")
    await asha.tap(label="My own prompts")
    await asha.say("Did we laugh?")
    await asha.say("/start")
    await asha.tap(0, 0, on=next(m for m in asha.inbox if "first prompt" in m.get("text", "")))
    await asha.say("a draft of hers")
    await asha.say("/export")
    page, data = exported(both, asha)
    reader = _Page()
    reader.feed(page)
    assert reader.loads == []
    for words in ("from Tom <script>alert(1)</script>", "mine & <b>mine</b>", "Did we laugh?", "a draft of hers"):
        assert words in reader.words
    assert data["format"] == 2
    assert data["name"] == "Asha"
    assert [line["words"] for line in data["lines"] if line["by"] == "Tom"] == ["from Tom <script>alert(1)</script>"]
    assert data["own_prompts"] == ["Did we laugh?"]
    assert [each["with"] for each in data["connections"]] == ["Tom"]
    assert data["settings"]["agreed_to_version"] == CONSENT_VERSION


async def test_what_was_shared_stays_in_the_others_export_when_its_writer_is_gone(both: World) -> None:
    asha, tom = await couple(both)
    await share(tom, "you waited for me")
    await both.beat()
    await share(tom, "on its way, and gone with him")
    await tom.say("/forget")
    await tom.tap(label="Yes, delete everything")
    await both.turn(minutes=5)
    await asha.say("/export")
    page, data = exported(both, asha)
    assert [(line["by"], line["words"]) for line in data["lines"]] == [("Tom", "you waited for me")]
    assert "gone with him" not in page


async def test_without_the_name_if_they_wish(both: World) -> None:
    asha, tom = await couple(both)
    await share(tom, "you waited for me")
    await both.beat()
    await tom.say("/forget")
    await tom.tap(label="Yes, and my name too")
    await asha.say("/export")
    page, data = exported(both, asha)
    assert [(line["by"], line["words"]) for line in data["lines"]] == [("your person", "you waited for me")]
    assert "Tom" not in page


# --- how long ---


async def test_each_period_ends_when_it_ends(both: World) -> None:
    asha, tom = await couple(both)
    await share(tom, "carried the soup")
    await both.beat()
    await asha.tap(label="Answer once")
    await asha.say("answered a day later")
    await both.beat()
    await tom.say("/pair")
    await tom.tap(0)
    zoe = await both.person("Zoe", ready=False)
    await zoe.say("/start")
    assert both.app is not None
    store, now = both.app.store, both.clock.now()
    await store.write(
        lambda db: db.execute(update(gesture).where(gesture.c.way == "reply").values(kept_at=now + timedelta(days=1)))
    )

    async def swept(keep: Keep, **later: float) -> tuple[int, ...]:
        await store.write(lambda db: sweep(db, now + timedelta(**later), keep))
        return await store.read(
            lambda db: tuple(
                len(db.execute(select(table.c.person_id if "person_id" in table.c else table.c.id)).all())
                for table in (gesture, delivery, invite, person)
            )
        )

    words, records, invites, _ = await swept(Keep(), days=29)
    assert (words, invites) == (2, 2)
    assert records > 0
    assert await swept(Keep(), days=UNFINISHED + 1) == (2, records, 0, 2), "invitations, and who never agreed"
    assert (await swept(Keep(), days=89))[1] == records
    assert (await swept(Keep(), days=92))[1] == 0
    assert (await swept(Keep(), days=4000))[0] == 2, "words stay until they are forgotten"
    assert (await swept(Keep(gestures=365), days=365, hours=1))[0] == 1, "an answer is kept for its own time"
    assert (await swept(Keep(gestures=365), days=367))[0] == 0
    assert await store.read(lambda db: db.execute(select(keepsake.c.id)).all()) == []
