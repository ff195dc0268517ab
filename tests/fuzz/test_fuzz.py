"""A few thousand of what `make fuzz` plays a hundred thousand of; and that its eyes are open."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.sandbox.rules import bad
from bot.sandbox.telegram import Call
from tests.fuzz.play import MOST_GROWN, Play, breaches

SEED, UPDATES, PEOPLE = 20260302, 3_000, 120


async def test_whatever_comes_nothing_breaks_and_an_ordinary_person_is_served(sqlite_url: str) -> None:
    verdict = await Play(SEED, sqlite_url, people=PEOPLE).whole(UPDATES, warm=UPDATES // 2)
    assert verdict.wrong == [], verdict.told()
    assert verdict.warm
    assert verdict.grown < MOST_GROWN, verdict.told()
    assert verdict.refused.keys() <= {400, 413}, "and these only for what is no update, or far too large"
    assert min(verdict.kinds[way] for way in ("broken", "no", "_taps", "_edits", "_reacts", "_blocks")) >= 10
    assert verdict.methods["sendMessage"] > UPDATES // 3


async def test_a_tap_that_nobody_answers_and_an_error_in_the_log_are_seen(sqlite_url: str) -> None:
    """The bot is not even there."""
    play = Play(1, sqlite_url, people=3)
    play.bot = play.made()
    play.bot.said = "2026-03-02T15:00:00Z error   bot.chat.routes: update 1000001 broke its use case | KeyError\n"

    async def taken(body: bytes) -> int:
        return 200

    await play.wave(taken, 60)
    play.look()
    assert any(line.startswith("nobody answered the tap") for line in play.verdict.wrong)
    assert any("broke its use case" in line and "update_id" in line for line in play.verdict.wrong)


def test_a_refusal_for_our_mistake_is_a_breach_and_one_for_anothers_is_not() -> None:
    def call(description: str) -> Call:
        return Call(datetime(2026, 3, 2, tzinfo=UTC), "sendMessage", {}, None, bad(description).body())

    assert len(breaches([call("can't parse entities: …"), call("message is too long")])) == 2
    assert breaches([call("message is not modified: …"), call("chat not found")]) == []
