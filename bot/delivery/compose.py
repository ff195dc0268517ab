"""A claimed delivery becomes its Card, or the reason why it is not sent.

Reads what a whole batch needs in a few queries; writes, sends and decides nothing about time (domain.pacing does).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain import clock, pacing, prompts, reflection
from bot.domain.gestures import Gesture, Medium
from bot.domain.pacing import Defer, Drop, Due, Why
from bot.domain.people import Pair, Person, Tie
from bot.domain.prompts import DAILY, Kind
from bot.domain.reflection import Glance, Week
from bot.speech import daily, pairing, resets, weekly
from bot.speech.card import Card
from bot.speech.library import Library
from bot.speech.voice import Voice, shown_name
from bot.storage import deliveries, gestures, keepsakes, own_prompts, pairs, people
from bot.storage import resets as reset_store
from bot.storage.deliveries import Around, Delivery, Settled
from bot.storage.pairs import Untold

log = logging.getLogger(__name__)

NEVER_TWICE = ("call", "ready", "tonight", "time", "return")
"""What could be felt as pressure is never sent again when it is uncertain whether it arrived."""
SHARED = ("share", "reveal")
POISON_PUSH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery ready to go. *edits* is a message of the bot to change instead of a new one."""

    delivery: Delivery
    chat_id: int
    card: Card
    prompt: str | None = None
    edits: int | None = None
    deletes: int | None = None
    """Another message of the bot that has to go first."""
    document: tuple[Medium, str] | None = None
    """A file of Telegram to pass on with the card."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What of a batch goes out now, what became of the rest, and what has to be written down of it."""

    parcels: list[Parcel]
    settled: list[Settled]
    writes: list[Callable[[Connection], None]]


@dataclass(slots=True)
class _Batch:
    """What a batch of deliveries needs to know, read at once; *writes* is what it leaves to be written."""

    db: Connection
    now: datetime
    library: Library
    people: dict[int, Person]
    pairs: dict[int, Pair]
    around: dict[int, Around]
    resets_muted: set[tuple[int, int]]
    shares_muted: set[tuple[int, int]]
    own: dict[int, tuple[int, str]]
    untold: dict[tuple[int, int], Untold]
    told: list[int] = field(default_factory=list)
    writes: list[Callable[[Connection], None]] = field(default_factory=list)


def compose(db: Connection, claimed: Sequence[Delivery], library: Library, now: datetime) -> Composed:
    """The cards of *claimed*. It only reads, so that it holds nobody up who writes."""
    batch = _read(db, claimed, library, now)
    parcels: list[Parcel] = []
    settled: list[Settled] = []
    for delivery in claimed:
        try:
            result = _one(batch, delivery)
        except Exception:
            log.exception("delivery %d cannot be composed and steps aside", delivery.id)
            over = delivery.tries >= 2
            result = Settled(
                delivery, "failed" if over else "waiting", reason="poison", due_at=None if over else now + POISON_PUSH
            )
        if isinstance(result, Parcel):
            parcels.append(result)
        else:
            settled.append(result)
    return Composed(parcels, settled, batch.writes)


def _read(db: Connection, claimed: Sequence[Delivery], library: Library, now: datetime) -> _Batch:
    who = people.by_ids(db, {each.person for each in claimed})
    both = pairs.by_ids(db, sorted({each.pair for each in claimed if each.pair is not None}))
    others = {pair.other(each.person) for each in claimed if (pair := both.get(each.pair or 0)) is not None}
    who |= people.by_ids(db, others - who.keys())
    numbers = sorted(both)
    prompted = [each.person for each in claimed if each.kind in DAILY or each.kind == Kind.WEEKLY]
    return _Batch(
        db,
        now,
        library,
        who,
        both,
        deliveries.around(
            db,
            set(prompted),
            now,
            days={each.about for each in claimed if each.kind in DAILY},
            mine={each.id for each in claimed},
        ),
        pairs.muted(db, numbers),
        pairs.shares_muted(db, numbers),
        own_prompts.due(db, prompted, now),
        pairs.untold(db, sorted({each.pair for each in claimed if each.pair is not None})),
    )


def _one(batch: _Batch, delivery: Delivery) -> Parcel | Settled:
    person = batch.people.get(delivery.person)
    if person is None:
        return deliveries.drop(delivery, Why.ENDED)
    verdict = pacing.verdict(_due(batch, delivery), person, batch.now)
    if isinstance(verdict, Defer):
        return Settled(delivery, "waiting", due_at=verdict.until, reason="deferred", counts=False)
    if isinstance(verdict, Drop):
        if verdict.why is Why.SILENCE:
            _ask_once(batch, person)
        return deliveries.drop(delivery, verdict.why)
    made = _parcel(batch, delivery, person)
    if isinstance(made, Why):
        return deliveries.drop(delivery, made)
    _remember(batch, delivery, made)
    if person.discreet:
        made = replace(made, card=_discreet(made.card))
    return made


def _due(batch: _Batch, delivery: Delivery) -> Due:
    around = batch.around.get(delivery.person)
    pair = batch.pairs.get(delivery.pair) if delivery.pair is not None else None
    key = (delivery.pair or 0, delivery.person)
    over = delivery.pair is not None and (pair is None or pair.ended_at is not None)
    if delivery.kind in pairs.PAST_THE_END or (delivery.kind in pairs.OF_ONESELF and key in batch.untold):
        over = False
    muted = (delivery.kind in NEVER_TWICE and key in batch.resets_muted) or (
        delivery.kind in {*SHARED, "heart", "thanks"} and key in batch.shares_muted
    )
    return Due(
        kind=delivery.kind,
        due_at=delivery.due_at,
        good_until=delivery.good_until,
        pair_open=not over,
        muted=muted,
        unanswered=around.unanswered if around is not None else 0,
        prompts_today=around.days.count((delivery.pair, delivery.about)) if around is not None else 0,
        last_sent_at=around.last_sent_at if around is not None else None,
    )


def _remember(batch: _Batch, delivery: Delivery, parcel: Parcel) -> None:
    """A second delivery to the same person in this batch must see the first as sent."""
    around = batch.around.get(delivery.person)
    if around is None or (delivery.kind not in DAILY and delivery.kind != Kind.WEEKLY):
        return
    daily = delivery.kind in DAILY
    batch.around[delivery.person] = Around(
        around.recent if parcel.prompt is None else [*around.recent, parcel.prompt],
        [*around.days, (delivery.pair, delivery.about)] if daily else around.days,
        around.unanswered + daily,
        batch.now,
    )


def _ask_once(batch: _Batch, person: Person) -> None:
    if person.id in batch.told or (person.asked_lighter_at is not None and person.asked_lighter_at >= person.heard_at):
        return
    batch.told.append(person.id)
    today = clock.day_number(clock.local_day(batch.now, person.zone))

    def ask(db: Connection) -> None:
        people.change(db, person.id, asked_lighter_at=batch.now)
        deliveries.enqueue(
            db,
            person.id,
            "lighter",
            about=today,
            due_at=batch.now,
            good_for=timedelta(days=2),
            lane=pacing.Lane.PROMPT,
        )

    batch.writes.append(ask)


def _discreet(card: Card) -> Card:
    """The same card with nothing but the bot's name on a locked screen."""
    first, _, rest = card.text.partition("\n")
    return replace(card, text=f"<b>Recipro</b>\n\n<tg-spoiler>{first}</tg-spoiler>\n{rest}" if rest else card.text)


def _parcel(batch: _Batch, delivery: Delivery, person: Person) -> Parcel | Why:
    voice = batch.library.voice_of(person)
    pair = batch.pairs.get(delivery.pair) if delivery.pair is not None else None
    other = batch.people.get(pair.other(person.id)) if pair is not None else None
    untold = batch.untold.get((delivery.pair or 0, person.id))
    tie = pair.tie if pair is not None else untold.tie if untold is not None else None
    name = None
    if other is not None or untold is not None:
        name = shown_name(voice, other.name if other is not None else untold.called if untold is not None else None)
    if delivery.kind in DAILY:
        return _prompt(batch, delivery, person, voice, tie, name)
    if delivery.kind == Kind.WEEKLY:
        writer = pair.other(person.id) if pair is not None else None
        return _weekly(batch, delivery, person, voice, tie, name, writer=writer)
    if delivery.kind == "asked":
        return _asked(batch, delivery, person, voice, name)
    if delivery.kind == "lighter":
        return Parcel(delivery, person.chat_id, daily.lighter(voice))
    if delivery.kind == "withdrawn":
        return _withdrawn(batch, delivery, person, voice)
    if pair is None or name is None:
        return Why.ENDED
    if delivery.kind == "paired":
        return Parcel(delivery, person.chat_id, pairing.came(voice, who=name, tie=pair.tie, pair=pair.id))
    if delivery.kind in NEVER_TWICE:
        return _reset(batch, delivery, person, voice, name)
    return _from_other(batch, delivery, person, voice, name)


def _prompt(
    batch: _Batch, delivery: Delivery, person: Person, voice: Voice, tie: Tie | None, name: str | None
) -> Parcel | Why:
    kind = Kind(delivery.kind)
    if kind is Kind.APPRECIATION and person.id in batch.own:
        number, words = batch.own[person.id]
        batch.writes.append(lambda db: own_prompts.used(db, number, batch.now))
        card = daily.prompt(voice, kind, words, delivery=delivery.id, other=name)
        return Parcel(delivery, person.chat_id, card, prompt=f"{own_prompts.PREFIX}{number}")
    chosen = prompts.choose(
        batch.library.pool(person.locale, kind),
        tie,
        person.light_pace,
        recent=batch.around[person.id].recent,
        seed=person.id * 7919 + (delivery.pair or 0) * 31 + delivery.about,  # nothing anybody else does changes it
    )
    if chosen is None:
        return Why.NO_PROMPT
    card = daily.prompt(voice, kind, chosen.text, delivery=delivery.id, other=None if person.resting else name)
    return Parcel(delivery, person.chat_id, card, prompt=chosen.id)


def _asked(batch: _Batch, delivery: Delivery, person: Person, voice: Voice, name: str | None) -> Parcel | Why:
    known = batch.library.by_id.get(delivery.prompt or "")
    text = known.text if known is not None else own_prompts.text_of(batch.db, person.id, delivery.prompt or "")
    if text is None:
        return Why.NO_PROMPT
    kind = known.kind if known is not None else Kind.APPRECIATION
    if person.resting and kind in pacing.RESTING:
        return Why.PAUSED
    card = daily.prompt(voice, kind, text, delivery=delivery.id, other=None if person.resting else name)
    return Parcel(delivery, person.chat_id, card, prompt=delivery.prompt)


def _weekly(
    batch: _Batch,
    delivery: Delivery,
    person: Person,
    voice: Voice,
    tie: Tie | None,
    name: str | None,
    *,
    writer: int | None,
) -> Parcel | Why:
    today = clock.day_date(delivery.about)
    week = reflection.mirrored_week(today, voice.first_weekday, voice.mirror_weekday)
    first, last = clock.day_number(week.days[0]), clock.day_number(week.days[-1])
    entries = _kept(batch, delivery, person, first - 1, last, writer=writer)
    woven = reflection.weave(
        entries,
        week,
        reader=person.id,
        mended=_mended(batch, delivery.pair, week, person.zone),
        carried=_came_after_the_mirror(entries, first - 1, person, mirrored=delivery.about - 7),
    )
    if woven is None:
        return Why.EMPTY
    question = prompts.choose(
        [each for each in batch.library.pool(person.locale, Kind.WEEKLY) if each.step is woven.coming],
        tie,
        person.pace,
        recent=batch.around[person.id].recent,
        seed=delivery.about // 7,
    )
    between = weekly.Between(
        person.id,
        dict.fromkeys({entry.person for entry in entries}, name or ""),
        both=weekly.both(person.name, name),
        discreet=person.discreet,
    )
    month = _month(batch, delivery, person, week, writer=writer) if reflection.ends_month(today) else None
    asked = question.text if question is not None else None
    card = weekly.reflection(voice, woven, between, question=asked, month=month)
    return Parcel(delivery, person.chat_id, card, prompt=question.id if question is not None else None)


def _country(batch: _Batch, entry: Gesture, reader: Person) -> str:
    """Whose country decides whether an entry's words may be looked at: the writer's."""
    return batch.people.get(entry.person, reader).country


def _kept(
    batch: _Batch, delivery: Delivery, person: Person, first: int, last: int, *, writer: int | None
) -> list[Gesture]:
    """What was kept between the two, or alone, on local days *first* … *last*; what stayed of somebody who left too.

    What may speak of danger is left out.
    """
    entries = gestures.of_week(batch.db, delivery.person, delivery.pair, first, last)
    if delivery.pair is not None:
        entries += keepsakes.of_week(batch.db, delivery.person, delivery.pair, first, last, writer=writer)
    return [entry for entry in entries if not batch.library.heavy(entry.words, _country(batch, entry, person))]


def _month(
    batch: _Batch, delivery: Delivery, person: Person, week: Week, *, writer: int | None
) -> tuple[Glance, ...] | None:
    """The four weeks that end with *week*, each entry on its own day."""
    weeks = reflection.month_of(week)
    first, last = clock.day_number(weeks[0].first), clock.day_number(week.days[-1])
    entries = _kept(batch, delivery, person, first, last, writer=writer)
    mended = [_mended(batch, delivery.pair, each, person.zone) for each in weeks]
    return reflection.look_back(entries, weeks, reader=person.id, mended=mended)


def _mended(batch: _Batch, pair: int | None, week: Week, zone: str) -> bool:
    since, until = (clock.minute_to_utc(clock.day_number(day) * clock.DAY, zone) for day in week.bounds)
    return pair is not None and reset_store.mended_between(batch.db, pair, since, until)


def _came_after_the_mirror(entries: Sequence[Gesture], day: int, person: Person, *, mirrored: int) -> frozenset[int]:
    """Entries of the day before the week that the last look back, on day *mirrored*, came too early for."""
    looked = clock.minute_to_utc(mirrored * clock.DAY + person.week_hour, person.zone)
    return frozenset(entry.id for entry in entries if entry.day == day and entry.kept_at > looked)


def _reset(batch: _Batch, delivery: Delivery, person: Person, voice: Voice, name: str) -> Parcel | Why:
    found = reset_store.by_id(batch.db, delivery.about)
    if found is None or found.closed(batch.now):
        return Why.WITHDRAWN
    cards: dict[str, Callable[[], Card]] = {
        "call": lambda: resets.called(voice, name, found.id, found.pair),
        "ready": lambda: (
            resets.answered(voice, name, "ready", found.id, pair=found.pair)
            if person.resting
            else resets.guide(voice, name, found.id, pair=found.pair)
        ),
        "tonight": lambda: resets.answered(voice, name, "tonight", found.id, pair=found.pair),
        "time": lambda: resets.answered(voice, name, "time", found.id, pair=found.pair),
        "return": lambda: resets.returned(voice, name, found.id, pair=found.pair),
    }
    return Parcel(delivery, person.chat_id, cards[delivery.kind]())


def _from_other(batch: _Batch, delivery: Delivery, person: Person, voice: Voice, name: str) -> Parcel | Why:
    entry = gestures.by_id(batch.db, delivery.about)
    if entry is None:
        return Why.WITHDRAWN
    if delivery.kind in {"heart", "thanks"}:
        return Parcel(
            delivery, person.chat_id, daily.thanked(voice, name, heart=delivery.kind == "heart", gesture=entry.id)
        )
    if entry.shared_at is None:
        return Why.WITHDRAWN
    if delivery.kind == "reveal":
        mine = gestures.checkin_shared_by(batch.db, person.id, entry)
        if mine is None:
            return Why.WITHDRAWN
        card = daily.revealed(voice, mine.words or "…", entry.words or "…", other=name, gesture=entry.id)
    else:
        card = daily.passed_on(voice, name, entry.words, medium=entry.medium, gesture=entry.id, way=entry.way)
    there, _ = gestures.there_as(batch.db, entry.id)
    if there is not None:  # shared again after it was taken back from there: in its place, without a sound
        card = replace(card, quiet=True)
    document = (entry.medium, entry.file_id) if entry.file_id is not None else None
    return Parcel(delivery, person.chat_id, card, edits=there, document=document)


def _withdrawn(batch: _Batch, delivery: Delivery, person: Person, voice: Voice) -> Parcel | Why:
    """What was taken back goes from where it has arrived, at any hour: it makes no sound."""
    entry = gestures.by_id(batch.db, delivery.about)
    card, file = gestures.there_as(batch.db, delivery.about)
    if entry is None or entry.shared_at is not None or card is None:
        return Why.WITHDRAWN
    return Parcel(delivery, person.chat_id, daily.withdrawn(voice), edits=card, deletes=file)
