"""Two to four people at random: commands, taps, replies, reactions, clock turns, restarts; and a simple model beside them.

After every step: nobody has received a word that its writer has not shared with them, no button was left spinning, and
every person can get home.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.world import Someone, World, words

COMMANDS = [
    "/start", "/pair", "/log", "/checkin", "/reset", "/week", "/settings", "/pause", "/resume", "/journal", "/help",
    "/unpair", "/export", "/privacy", "/support", "/forget", "/cancel", "/nonsense",
]  # fmt: skip
PASSES_ON = ("Share with", "Answer once")


class Life(RuleBasedStateMachine):
    """The machine. *shared* holds the marks whose writer has passed them on, or may have."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(prefix="recipro-model-")
        self.world = World(f"sqlite:///{Path(self.folder.name) / 'recipro.db'}")
        self.people: list[Someone] = []
        self.marks: dict[str, int] = {}
        self.shared: set[str] = set()
        self.cards: dict[tuple[int, int], str] = {}
        self.run(self.world.__aenter__())

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 60))

    @initialize(count=st.integers(2, 4), paired=st.booleans())
    def arrive(self, count: int, paired: bool) -> None:
        for number in range(count):
            self.people.append(self.run(self.world.person(f"Person{number}")))
        if paired:
            self.run(self.world.pair(self.people[0], self.people[1]))

    def somebody(self, number: int) -> Someone:
        return self.people[number % len(self.people)]

    @rule(who=st.integers(0, 3), command=st.sampled_from(COMMANDS))
    def command(self, who: int, command: str) -> None:
        self.run(self.somebody(who).say(command))

    @rule(who=st.integers(0, 3), reply=st.integers(0, 4))
    def write(self, who: int, reply: int) -> None:
        someone = self.somebody(who)
        mark = f"mark{len(self.marks)}x"
        self.marks[mark] = someone.person.id
        inbox = someone.inbox
        to = inbox[-reply] if 0 < reply <= len(inbox) else None
        if to is not None and "was shared with you" in words(to):
            self.shared.add(mark)  # a reply to something shared is passed on
        before = {message["message_id"]: words(message) for message in inbox}
        if "One answer back" in words(inbox[-1]) or any("Write it now, in a line" in text for text in before.values()):
            self.shared.add(mark)  # it was asked for one answer back
        self.run(someone.say(f"I noticed {mark}", reply_to=to))
        after = {message["message_id"]: words(message) for message in someone.inbox}
        assert after != before, "words are never met with silence"
        for message in someone.inbox:
            if message["message_id"] not in before or before[message["message_id"]] != words(message):
                self.cards[someone.person.id, message["message_id"]] = mark

    @rule(who=st.integers(0, 3), back=st.integers(0, 5), row=st.integers(0, 9), column=st.integers(0, 3))
    def tap(self, who: int, back: int, row: int, column: int) -> None:
        someone = self.somebody(who)
        with_buttons = [message for message in someone.inbox if message.get("reply_markup")]
        if not with_buttons:
            return
        message = with_buttons[-1 - back % len(with_buttons)]
        rows = message["reply_markup"]["inline_keyboard"]
        keys = rows[row % len(rows)]
        button = keys[column % len(keys)]
        if "callback_data" not in button:
            return
        if button["text"].startswith(PASSES_ON):
            self.shared.add(self.cards.get((someone.person.id, message["message_id"]), ""))
        self.run(someone.tap(row % len(rows), column % len(keys), on=message))

    @precondition(lambda self: len(self.people) > 1)
    @rule(who=st.integers(0, 3), other=st.integers(0, 3))
    def invite(self, who: int, other: int) -> None:
        one, two = self.somebody(who), self.somebody(other)
        self.run(one.say("/pair"))
        self.run(one.tap(0))
        try:
            link = one.link()
        except AssertionError:
            return  # the one who invites is in the middle of set-up again
        self.run(two.open(link))
        self.run(two.tap(0))

    @rule(who=st.integers(0, 3))
    def react(self, who: int) -> None:
        someone = self.somebody(who)
        self.world.telegram.react(someone.person, someone.last, "❤")
        self.run(self.world.settle())

    @rule(hours=st.sampled_from([0.1, 1, 3, 11, 25, 170]))
    def turn(self, hours: float) -> None:
        self.run(self.world.turn(hours=hours))

    @rule(hours=st.integers(1, 4))
    def live(self, hours: int) -> None:
        for _ in range(hours * 2):
            self.run(self.world.turn(minutes=30))

    @rule()
    def restart(self) -> None:
        self.run(self.world.restart_bot())

    @invariant()
    def no_unshared_word_reached_anyone_else(self) -> None:
        for someone in self.people:
            for text in someone.texts:
                for mark, writer in self.marks.items():
                    if mark in text and writer != someone.person.id:
                        assert mark in self.shared, f"{mark} of {writer} reached {someone.person.id}: {text}"

    def teardown(self) -> None:
        try:
            for someone in self.people:
                self.run(someone.say("/start"))
                assert someone.last.get("reply_markup"), "nobody is stuck: /start always has a button"
                self.run(someone.tap(0))
            self.world.check()
        finally:
            self.run(self.world.__aexit__())
            self.loop.close()
            self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a life takes a second: shrinking one would take an hour
    print_blob=True,
)
