"""One turn from beginning to end: the use case in one transaction, then its Answer to Telegram.

The answer goes out after the commit. If the process dies in between, Telegram sends the update again, and the use case
finds its own work done. Nothing here decides what is said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import arrive, pair
from bot.chat.context import FRESH, Answer, Heard, Turn, UseCase
from bot.courier.courier import Courier
from bot.courier.outcome import Failed, Sent
from bot.domain import pacing
from bot.domain.pacing import Lane
from bot.domain.people import Pace, Person, Stage
from bot.domain.retention import Keep
from bot.speech import settings
from bot.speech.card import Card, TapError, taps
from bot.speech.library import Library
from bot.speech.voice import Voice, country_of, guess_locale
from bot.storage import deliveries, people, tidies, turns
from bot.storage.store import AwayError, Rows, Store
from bot.storage.turns import Known

log = logging.getLogger(__name__)

QUICK = 0.7
"""Seconds after which a button stops spinning even if its work still runs."""


@dataclass(slots=True)
class Desk:
    """Where what is heard becomes what is answered."""

    store: Store
    library: Library
    courier: Courier
    now: Callable[[], datetime]
    bot: str
    keep: Keep = field(default_factory=Keep)

    async def serve(self, use_case: UseCase, heard: Heard, *, silent: bool = False) -> None:
        """Run *use_case* for what was heard and send its Answer; *silent* does the work and says nothing."""
        now = self.now()
        work = asyncio.ensure_future(
            self.store.write_together(lambda db: self._turn(db, use_case, heard, now, silent=silent))
        )
        acknowledged = False
        if heard.query_id is not None:
            done, _ = await asyncio.wait({work}, timeout=QUICK)
            if not done:
                await self.courier.acknowledge(heard.query_id)
                acknowledged = True
        try:
            answer, person = await work
        except TapError:
            answer, person = Answer(toast=settings.stale(await self._voice(heard))), None
        if heard.query_id is not None and not acknowledged:
            await self.courier.acknowledge(heard.query_id, answer.toast)
        if answer.forgotten:
            await self.store.scrub()
        if not silent or answer.forgotten:
            await self._send(answer, heard, person)

    async def stumble(self, heard: Heard) -> None:
        """Something broke in a use case: one kind line, and the button stops spinning."""
        if heard.query_id is not None:
            await self.courier.acknowledge(heard.query_id)
        await self.courier.send(heard.user, settings.stumbled(await self._voice(heard)), lane=Lane.REPLY)

    async def slow(self, heard: Heard) -> None:
        """Told once to somebody who writes faster than can be answered."""
        await self.courier.send(heard.user, settings.slow(await self._voice(heard)), lane=Lane.REPLY)

    async def leave(self, chat_id: int, language_code: str | None) -> None:
        """A group or channel: say why, and leave."""
        voice = self.library.voice(guess_locale(language_code))
        await self.courier.send(chat_id, Card(settings.only_private(voice)), lane=Lane.REPLY)
        await self.courier.leave(chat_id)

    async def lost(self, user: int, *, gone: bool) -> None:
        """Somebody blocked the bot, or unblocked it. Nobody else is told."""
        now = self.now()

        def mark(db: Connection) -> None:
            found = people.by_chat(db, user)
            if found is not None and gone:
                people.change(db, found.id, unreachable="blocked", unreachable_at=now)
            elif found is not None:
                people.heard(db, found, now)

        await self.store.write(mark)

    def _turn(
        self, db: Connection, use_case: UseCase, heard: Heard, now: datetime, *, silent: bool
    ) -> tuple[Answer, Person | None]:
        found = turns.begin(db, heard.user, message=heard.message_id, since=now - FRESH)
        me, known = found or (people.arrive(db, _newcomer(heard, now)), Known())
        names: dict[int, str | None] = {pair.other(me.id): name for pair, name in known.pairs.items()}
        turn = Turn(db, now, self.library, self.bot, heard, me, self.keep, known, names)
        line = pair.closed_line(turn)
        answer = use_case(turn)
        if answer.forgotten:
            return answer, None
        if line is not None:
            answer = replace(answer, before=(line,))
        if (terms := arrive.changed_terms(turn)) is not None:
            answer = replace(answer, extra=(*answer.extra, terms))
        newest = (
            None if silent else next((card for card in (*answer.extra[::-1], answer.card) if card is not None), None)
        )
        people.heard(db, me, now, name=heard.name, buttons=None if newest is None else taps(newest))
        return answer, turn.me

    async def _send(self, answer: Answer, heard: Heard, person: Person | None) -> None:
        if answer.tidy:
            await self.courier.delete(heard.user, answer.tidy)
        for card in answer.before:
            await self.courier.send(heard.user, card, lane=Lane.REPLY)
        sent: list[int] = []
        if answer.card is not None:
            sent += await self._card(answer, heard, person)
        for card in answer.extra:
            outcome = await self.courier.send(heard.user, card, lane=Lane.REPLY)
            if isinstance(outcome, Sent):
                sent.append(outcome.message_id)
        if answer.react is not None and heard.message_id is not None:
            await self.courier.react(heard.user, heard.message_id, answer.react)
        if answer.forgotten:
            await self.courier.no_menu(heard.user)
        if person is not None and sent:
            await self._note(answer, person, sent)
        if person is not None and answer.menu:
            await self.courier.menu(heard.user, self.library.voice_of(person))

    async def _card(self, answer: Answer, heard: Heard, person: Person | None) -> list[int]:
        card = answer.card
        if card is None:
            return []
        edits = heard.tap is not None and heard.message_id is not None and not answer.new
        if edits and heard.message_id is not None and card.picture is None and not card.documents:
            outcome = await self.courier.edit(heard.user, heard.message_id, card)
            if not isinstance(outcome, Failed):
                return [heard.message_id] if isinstance(outcome, Sent) else []
        outcome = await self.courier.send(heard.user, card, lane=Lane.REPLY)
        if not isinstance(outcome, Sent):
            return []
        if outcome.bare and person is not None:
            log.error("an answer to person %d went without its picture", person.id)
        return [outcome.message_id, *outcome.more]

    async def _note(self, answer: Answer, person: Person, sent: list[int]) -> None:
        if answer.delivery is not None:
            about = answer.delivery
            await self.store.write_soon(lambda db: deliveries.note_message(db, about, sent[0]))
        # the answer is out: nobody waits for this
        await self.store.write_soon(Rows(tidies.add, [(person.id, message, self.now()) for message in sent]))

    async def _voice(self, heard: Heard) -> Voice:
        """The language somebody chose; what their phone suggests, while the database cannot tell."""
        try:
            me = await self.store.read(lambda db: people.by_chat(db, heard.user))
        except AwayError:
            me = None
        except Exception:
            log.exception("whoever wrote cannot be looked up")
            me = None
        return self.library.voice(guess_locale(heard.language_code)) if me is None else self.library.voice_of(me)


def _newcomer(heard: Heard, now: datetime) -> Person:
    locale = guess_locale(heard.language_code)
    return Person(
        id=0,
        chat_id=heard.user,
        name=heard.name,
        locale=locale,
        stage=Stage.LANGUAGE,
        zone="UTC",
        country=country_of(locale),
        pace=Pace.EVENING,
        hour=pacing.EVENING,
        morning=pacing.MORNING,
        week_hour=pacing.WEEK_EVENING,
        quiet_from=pacing.QUIET_FROM,
        quiet_to=pacing.QUIET_TO,
        address=arrive.default_address(locale),
        discreet=False,
        asking=None,
        heard_at=now,
        paused_at=None,
        paused_until=None,
        unreachable=None,
        resting=False,
        asked_lighter_at=None,
        consent_at=None,
    )
