"""Pictures are drawn elsewhere: nobody waits for them, nothing that goes wrong there is felt here, nothing is left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.courier import easel as easels
from bot.courier.courier import Courier
from bot.courier.easel import CrowdedError, Easel, UndrawnError
from bot.courier.outcome import Later, Sent
from bot.courier.throttle import PROMPT, REPLY, Throttle
from bot.sandbox.attachments import made_up_photo
from bot.speech.card import Button, Card, Tap
from bot.speech.pictures.invite import InvitePicture
from tests.courier.conftest import Post
from tests.courier.sketches import PNG, Broken, Curious, Deadly, Photo, Sketch, Slow

INVITE = InvitePicture(
    link="https://t.me/recipro_bot?start=K7MPQ2XW",
    code="K7MPQ2XW",
    label="An invitation",
    title="Two people",
    how="Scan it",
    rtl=False,
)


@pytest.fixture
async def easel() -> AsyncIterator[Easel]:
    """One drawing process."""
    one = Easel(1)
    yield one
    await one.close()


async def pid(easel: Easel) -> int:
    """Which process draws now."""
    return int((await easel.draw(Curious(), lane=REPLY)).removeprefix(PNG).split()[0])


async def test_the_same_picture_gives_the_same_bytes(easel: Easel) -> None:
    first = await easel.draw(INVITE, lane=REPLY)
    assert first == await easel.draw(INVITE, lane=PROMPT) == INVITE.draw()


async def test_the_loop_goes_on_while_pictures_are_drawn(easel: Easel) -> None:
    """Drawn in a thread, each would hold everything up for its whole length: the library keeps the interpreter's lock."""
    await easel.draw(INVITE, lane=REPLY)
    drawing = asyncio.gather(*(easel.draw(INVITE, lane=PROMPT) for _ in range(5)))
    turns = 0
    while not drawing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20, "threads would have left a handful"


async def test_whoever_is_more_urgent_draws_first(easel: Easel) -> None:
    done: list[str] = []

    async def draw(words: str, lane: int) -> None:
        await easel.draw(Slow(words, seconds=0.02), lane=lane)
        done.append(words)

    held = asyncio.create_task(draw("held", PROMPT))
    await asyncio.sleep(0)
    await asyncio.gather(*(draw(f"week {n}", PROMPT) for n in range(3)), draw("reply", REPLY))
    await held
    assert done == ["held", "reply", "week 0", "week 1", "week 2"]


async def test_patience_ends_and_nobody_else_loses_by_it(easel: Easel) -> None:
    held = asyncio.create_task(easel.draw(Slow(seconds=0.3), lane=PROMPT))
    await asyncio.sleep(0)
    with pytest.raises(CrowdedError):
        await easel.draw(Sketch(), lane=PROMPT, patience=0.01)
    assert await easel.draw(Sketch("next"), lane=PROMPT) == PNG + b"next"
    await held


async def test_a_picture_that_fails_tells_what_kind_of_fault_and_no_word(easel: Easel) -> None:
    with pytest.raises(UndrawnError, match=r"^ValueError$"):
        await easel.draw(Broken("a secret worry"), lane=REPLY)
    assert await easel.draw(Sketch("on"), lane=REPLY) == PNG + b"on", "the same process goes on"


async def test_a_process_that_dies_is_followed_by_another(easel: Easel) -> None:
    before = await pid(easel)
    with pytest.raises(UndrawnError, match="IncompleteReadError"):
        await easel.draw(Deadly(), lane=REPLY)
    assert await pid(easel) != before


async def test_a_process_that_hangs_is_ended(easel: Easel, monkeypatch: pytest.MonkeyPatch) -> None:
    await pid(easel)
    monkeypatch.setattr(easels, "WITHIN", 0.05)
    with pytest.raises(UndrawnError, match="TimeoutError"):
        await easel.draw(Slow(seconds=60), lane=REPLY)
    monkeypatch.setattr(easels, "WITHIN", 15.0)
    assert await easel.draw(Sketch("on"), lane=REPLY) == PNG + b"on"


async def test_a_drawing_given_up_does_not_answer_for_the_next(easel: Easel) -> None:
    await pid(easel)
    task = asyncio.create_task(easel.draw(Slow("old", seconds=0.1), lane=REPLY))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await easel.draw(Sketch("new"), lane=REPLY) == PNG + b"new"


async def test_a_drawing_process_is_given_no_secret(easel: Easel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:secret")
    monkeypatch.setenv("RECIPRO_KEYS", "key")
    seen = (await easel.draw(Curious(), lane=REPLY)).decode("latin-1").split()[1:]
    assert "TELEGRAM_BOT_TOKEN" not in seen
    assert "RECIPRO_KEYS" not in seen


async def test_processes_end_with_the_easel_and_when_idle() -> None:
    easel = Easel(1, idle=0.01)
    gone = await pid(easel)
    async with asyncio.timeout(5):
        while alive(gone):
            await asyncio.sleep(0.01)
    again = await pid(easel)
    assert again != gone
    await easel.close()
    assert not alive(again)


async def test_a_drawing_process_ends_when_the_bot_is_killed() -> None:
    """Its end of the pipe closes: nothing is left behind by SIGKILL, which the sandbox's *Kill* is."""
    script = (
        "import asyncio, os\n"
        "from bot.courier.easel import Easel\n"
        "from tests.courier.sketches import Curious\n"
        "async def main():\n"
        "    print((await Easel(1).draw(Curious(), lane=0))[8:].split()[0].decode(), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).resolve().parents[2]
    )
    out, _ = await process.communicate()
    assert process.returncode == -9
    async with asyncio.timeout(5):
        while alive(int(out)):
            await asyncio.sleep(0.01)


def alive(number: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{number}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


# --- in the courier ---

KEYS = ((Button("Note something", Tap.of("log")),),)


def said(post: Post) -> list[dict[str, object]]:
    return [message for message in post.telegram.inbox(post.asha) if message["from"]["is_bot"]]


async def test_a_card_arrives_as_a_picture_with_its_words_under_it(post: Post) -> None:
    outcome = await post.courier.send(post.asha.id, Card("A <b>week</b>", KEYS, picture=INVITE), lane=REPLY)
    (message,) = said(post)
    assert outcome == Sent(message["message_id"])  # type: ignore[arg-type]
    assert message["caption"] == "A week"
    assert message["reply_markup"]
    stored = post.telegram.files.find(message["photo"][-1]["file_id"])  # type: ignore[index]
    assert stored is not None
    assert stored.body == INVITE.draw()
    assert "has_media_spoiler" not in message


async def test_a_picture_that_cannot_be_drawn_leaves_the_words(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    undrawn: list[None] = []
    courier = Courier(post.courier._bot, Throttle(1000, per_chat=0), undrawn=lambda: undrawn.append(None))
    with caplog.at_level(logging.DEBUG, logger="bot"):
        outcome = await courier.send(
            post.asha.id, Card("The week in words", KEYS, picture=Broken("secret")), lane=REPLY
        )
    (message,) = said(post)
    assert outcome == Sent(message["message_id"], bare=True)  # type: ignore[arg-type]
    assert message["text"] == "The week in words"
    assert len(undrawn) == 1
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text
    await courier.easel.close()


async def test_nobody_free_to_draw_means_later_and_nothing_sent(post: Post) -> None:
    held = asyncio.gather(*(post.courier.easel.draw(Slow(seconds=0.1), lane=REPLY) for _ in post.courier.easel._hands))
    await asyncio.sleep(0)
    outcome = await post.courier.send(post.asha.id, Card("A week", picture=Sketch()), lane=PROMPT, within=0.01)
    assert outcome == Later(5.0, "undrawn")
    assert said(post) == []
    assert post.counted == [("send", outcome)]
    await held


async def test_a_veiled_picture_is_covered_until_it_is_tapped(post: Post) -> None:
    body = made_up_photo().body

    await post.courier.send(post.asha.id, Card("A week", picture=Photo(body, veiled=True)), lane=REPLY)

    (message,) = said(post)
    assert message["has_media_spoiler"] is True


async def test_words_under_a_picture_that_telegram_cannot_read_go_once_more_plainly(post: Post) -> None:
    body = made_up_photo().body
    outcome = await post.courier.send(post.asha.id, Card("<b>Half", picture=Photo(body)), lane=REPLY)
    (message,) = said(post)
    assert isinstance(outcome, Sent)
    assert message["caption"] == "Half"
