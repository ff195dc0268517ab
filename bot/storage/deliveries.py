"""Deliveries: what is to be sent to whom, and what became of it.

``waiting -> sending -> sent · unknown · dropped · blocked · failed``. A prompt becomes one when it is claimed; until then it
waits in the queue (storage.raised). A deferral moves due_at. Whoever claims a waiting one holds it under a lease and a fence:
a number that only its holder knows, so that a sleeper who wakes after the lease can neither send nor settle what another has.
It is *sending* from just before Telegram can hear of it: a process that dies leaves nothing uncertain but what was really on
its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
    update,
)

from bot.domain.pacing import Lane, Why
from bot.domain.prompts import DAILY, REST, Kind
from bot.storage import raised
from bot.storage.columns import moment
from bot.storage.schema import delivery, person
from bot.storage.sql import insert_once

CLAIM_LEASE = timedelta(seconds=20)
"""How long a claimed delivery waits for its turn to be sent, before others may claim it."""
LEASE = timedelta(seconds=90)
"""Longer than the longest wait for an answer of Telegram (30 s) and for a place in the throttle."""
TRIES = 2
"""An uncertain send is tried once more, then settled as unknown."""
COLUMNS = tuple(
    delivery.c[name]
    for name in (
        "id",
        "person_id",
        "pair_id",
        "kind",
        "about",
        "lane",
        "due_at",
        "good_until",
        "fence",
        "tries",
        "prompt",
        "sent_at",
        "message_id",
        "state",
        "answered_at",
    )
)
_DAILY = tuple(str(kind) for kind in DAILY)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to be sent to one person. *about* is a local day for prompts, else the id of what it is about."""

    id: int
    person: int
    pair: int | None
    kind: str
    about: int
    lane: int
    due_at: datetime
    good_until: datetime
    fence: int
    tries: int
    prompt: str | None
    sent_at: datetime | None
    message_id: int | None
    state: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds a person's deliveries when the verdict is taken."""

    recent: Sequence[str]
    """Prompts of the last 60 days, the longest ago first."""
    days: Sequence[tuple[int | None, int]]
    """(pair, local day) of the daily prompts of the local days that were asked about."""
    unanswered: int
    """Daily prompts since the person was last heard."""
    last_sent_at: datetime | None


def enqueue(
    db: Connection,
    person: int,
    kind: str,
    *,
    about: int,
    pair: int | None = None,
    due_at: datetime,
    good_for: timedelta,
    lane: Lane = Lane.SHARE,
    prompt: str | None = None,
    anew: bool = False,
) -> bool:
    """Put something for *person* in the outbox, once for each occasion; whether it was new.

    *anew*: also if it has been there and is settled, because its cause has come again.
    """
    if anew and _revive(db, person, kind, about=about, pair=pair, due_at=due_at, good_until=due_at + good_for):
        return True
    return insert_once(
        db,
        delivery,
        {
            "person_id": person,
            "pair_id": pair,
            "kind": kind,
            "about": about,
            "lane": int(lane),
            "state": "waiting",
            "due_at": due_at,
            "good_until": due_at + good_for,
            "prompt": prompt,
        },
    )


def _revive(
    db: Connection, person: int, kind: str, *, about: int, pair: int | None, due_at: datetime, good_until: datetime
) -> bool:
    changed = db.execute(
        update(delivery)
        .where(
            delivery.c.about == about,
            delivery.c.person_id == person,
            delivery.c.kind == kind,
            func.coalesce(delivery.c.pair_id, 0) == (pair or 0),
            delivery.c.state.not_in(("waiting", "sending")),
        )
        .values(state="waiting", due_at=due_at, good_until=good_until, tries=0, reason=None, answered_at=None)
    )
    return changed.rowcount == 1


def reached(db: Connection, person: int, kinds: Sequence[str], about: int) -> bool:
    """Whether something about *about* was sent to *person*, or may have been."""
    found = db.execute(
        select(delivery.c.id).where(
            delivery.c.about == about,
            delivery.c.person_id == person,
            delivery.c.kind.in_(list(kinds)),
            delivery.c.state.in_(("sent", "unknown", "sending")),
        )
    )
    return found.first() is not None


def sent_now(
    db: Connection, person: int, kind: str, *, about: int, pair: int | None, now: datetime, prompt: str | None
) -> Delivery | None:
    """Record something that is answered with at once (the first prompt of set-up) as sent; None when it had been."""
    row = {
        "person_id": person,
        "pair_id": pair,
        "kind": kind,
        "about": about,
        "lane": int(Lane.REPLY),
        "state": "sent",
        "due_at": now,
        "good_until": now,
        "sent_at": now,
        "prompt": prompt,
        "tries": 1,
    }
    if not insert_once(db, delivery, row):
        return None
    found = db.execute(
        select(*COLUMNS).where(delivery.c.about == about, delivery.c.person_id == person, delivery.c.kind == kind)
    ).first()
    return None if found is None else read(found)


_FREE = or_(delivery.c.lease_until.is_(None), delivery.c.lease_until < bindparam("now"))
_OF_LANES = union_all(
    *(
        select(
            select(delivery.c.id, delivery.c.lane, delivery.c.due_at)
            .where(
                delivery.c.state == literal("waiting", literal_execute=True),
                delivery.c.lane == literal(int(lane), literal_execute=True),
                delivery.c.due_at <= bindparam("now"),
                _FREE,
            )
            .order_by(delivery.c.due_at)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
            .subquery("due")
        )
        for lane in Lane
    )
).subquery("due")
"""The first of each lane: over all of them the index would be read on to its end, through everything that is not due yet."""
_DUE = (
    select(_OF_LANES.c.id)
    .order_by(_OF_LANES.c.lane, _OF_LANES.c.due_at)
    .limit(bindparam("limit"))
    .cte("due")  # inside IN (…) PostgreSQL may run it anew for every row, and claims far more than *limit*
)
_CLAIM = (
    update(delivery)
    .where(delivery.c.id == _DUE.c.id)  # locked above; naming the state again sends PostgreSQL down the wrong index
    .values(fence=delivery.c.fence + 1, lease_until=bindparam("leased"))
    .returning(*COLUMNS)
)


def claim(db: Connection, now: datetime, limit: int) -> list[Delivery]:
    """Take up to *limit* due deliveries, first lane first, oldest first; nobody else gets them until the lease ends.

    As many as are claimed are taken up before: so the first of both are claimed, and the queue stays where it is.
    """
    raised.take_up(db, now, limit)
    claimed = db.execute(_CLAIM, {"now": now, "limit": limit, "leased": now + CLAIM_LEASE})
    return sorted(map(read, claimed), key=lambda each: (each.lane, each.due_at, each.id))


_HELD = (
    delivery.c.state == "waiting",
    delivery.c.id.in_(bindparam("ids", expanding=True)),  # SQLite reads every row where only pairs of values are named
    tuple_(delivery.c.id, delivery.c.fence).in_(bindparam("fenced", expanding=True)),
)
_BEGIN = (
    update(delivery)
    .where(*_HELD)
    .values(state="sending", tries=delivery.c.tries + 1, lease_until=bindparam("lease"))
    .returning(delivery.c.id)
)
_LET_GO = update(delivery).where(*_HELD).values(lease_until=None)


def begin(db: Connection, mine: Sequence[Delivery], now: datetime) -> set[int]:
    """Claimed deliveries are about to be sent; the ids of those that still may: neither withdrawn nor anybody else's."""
    return set(db.execute(_BEGIN, _held(mine) | {"lease": now + LEASE}).scalars()) if mine else set()


def let_go(db: Connection, mine: Sequence[Delivery]) -> None:
    """Claimed deliveries that will not be sent from here: free for everybody at once."""
    if mine:
        db.execute(_LET_GO, _held(mine))


def _held(mine: Sequence[Delivery]) -> dict[str, Any]:
    return {"ids": [each.id for each in mine], "fenced": [(each.id, each.fence) for each in mine]}


def reclaim(db: Connection, now: datetime, *, never_twice: Collection[str]) -> dict[str, int]:
    """Free deliveries whose sender died: once more for most, unknown for the rest; how many of each."""
    over = or_(delivery.c.tries >= TRIES, delivery.c.kind.in_(list(never_twice)))
    freed = db.execute(
        update(delivery)
        .where(delivery.c.state == "sending", delivery.c.lease_until < now)
        .values(state=case((over, "unknown"), else_="waiting"), lease_until=None)
        .returning(delivery.c.state)
    )
    states = Counter(freed.scalars())
    return {"unknown": states["unknown"], "again": states["waiting"]}


_SETTLE = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("of"),
        delivery.c.fence == bindparam("held"),
        or_(delivery.c.state == "waiting", delivery.c.state == "sending"),
    )
    .values(
        state=bindparam("to"),
        sent_at=bindparam("sent"),
        message_id=bindparam("message"),
        prompt=bindparam("text"),
        reason=bindparam("why"),
        due_at=bindparam("due"),
        tries=bindparam("tried"),
        lease_until=None,
    )
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claimed delivery. State ``waiting`` with a new *due_at* is a deferral."""

    delivery: Delivery
    state: str
    sent_at: datetime | None = None
    message_id: int | None = None
    prompt: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    counts: bool = True
    """False when Telegram never had it, so that it is no try."""


def settle(db: Connection, results: Sequence[Settled]) -> None:
    """Write down what became of claimed deliveries. A fence that has moved on writes nothing."""
    if not results:
        return
    db.execute(
        _SETTLE,
        [
            {
                "of": result.delivery.id,
                "held": result.delivery.fence,
                "to": result.state,
                "sent": result.sent_at,
                "message": result.message_id,
                "text": result.prompt or result.delivery.prompt,
                "why": result.reason,
                "due": result.due_at or result.delivery.due_at,
                "tried": result.delivery.tries + (1 if result.counts else 0),
            }
            for result in results
        ],
    )


def hold(db: Connection, who: int, until: datetime) -> None:
    """Telegram asked to leave this person's chat alone: nothing that waits for them is due before *until*."""
    raised.take_up_of(db, who)
    db.execute(
        update(delivery)
        .where(delivery.c.person_id == who, delivery.c.state == "waiting", delivery.c.due_at < until)
        .values(due_at=until)
    )


def drop(result: Delivery, why: Why) -> Settled:
    """Never to be sent."""
    return Settled(result, "dropped", reason=why)


_IS_DAILY = delivery.c.kind.in_([literal(kind) for kind in _DAILY])
_IS_PROMPT = delivery.c.kind.in_([literal(kind) for kind in (*_DAILY, Kind.WEEKLY)])
_WHEN = type_coerce(delivery.c.sent_at, BigInteger)
_WHOSE_DAY = cast(func.coalesce(delivery.c.pair_id, 0), String) + ":" + cast(delivery.c.about, String)
_LATELY = (
    select(
        delivery.c.person_id,
        func.aggregate_strings(cast(_WHEN, String) + delivery.c.prompt, " "),
        func.aggregate_strings(
            case((and_(_IS_DAILY, delivery.c.about.in_(bindparam("days", expanding=True))), _WHOSE_DAY)), " "
        ),
        func.sum(case((and_(_IS_DAILY, delivery.c.sent_at > person.c.heard_at), 1), else_=0)),
        func.max(case((_IS_PROMPT, _WHEN))),
    )
    .join(person, person.c.id == delivery.c.person_id)
    .where(delivery.c.person_id.in_(bindparam("people", expanding=True)), delivery.c.sent_at > bindparam("since"))
    .group_by(delivery.c.person_id)
)
"""One row a person, gathered by the database: reading some sixty rows for each prompt took a fifth of the whole path.

What is older is not looked at, however much of it is kept: with 300 days of it a prompt took a third more of a core.
"""
_MOMENT = 13
"""Digits of a moment as it is stored, from 2001 to 2286."""
_UNDER_WAY = select(delivery.c.id, delivery.c.person_id, delivery.c.pair_id, delivery.c.kind, delivery.c.about).where(
    delivery.c.person_id.in_(bindparam("people", expanding=True)),
    delivery.c.sent_at.is_(None),
    delivery.c.state.in_([literal("waiting"), literal("sending")]),
    delivery.c.lease_until > bindparam("now"),
    _IS_PROMPT,
)


def around(
    db: Connection, people: Collection[int], now: datetime, *, days: Collection[int] = (), mine: Collection[int] = ()
) -> dict[int, Around]:
    """What each of *people* was sent in the last 60 days, and which of that was for the local *days*.

    What another process has claimed or is sending just now counts as sent. *mine* are deliveries that the caller has claimed and not
    sent yet.
    """
    if not people:
        return {}
    asked: dict[str, Any] = {"people": list(people)}
    prompts: dict[int, list[str]] = {}
    theirs: dict[int, list[tuple[int | None, int]]] = {}
    unanswered: dict[int, int] = {}
    last: dict[int, datetime] = {}
    lately = db.execute(_LATELY, asked | {"since": now - REST, "days": list(days)})
    for who, told, of_days, count, at in lately.fetchall():
        prompts[who] = [each[_MOMENT:] for each in sorted(told.split(" "))] if told else []
        theirs[who] = [_read_day(each) for each in of_days.split(" ")] if of_days else []
        unanswered[who] = count
        if at is not None:
            last[who] = moment(at)
    for number, who, pair, kind, about in db.execute(_UNDER_WAY, asked | {"now": now}).fetchall():
        if number in mine:
            continue
        last[who] = now
        if kind in _DAILY:
            theirs.setdefault(who, []).append((pair, about))
            unanswered[who] = unanswered.get(who, 0) + 1
    return {
        who: Around(prompts.get(who, ()), theirs.get(who, ()), unanswered.get(who, 0), last.get(who)) for who in people
    }


def _read_day(told: str) -> tuple[int | None, int]:
    pair, _, day = told.partition(":")
    return int(pair) or None, int(day)


_BY_ID = select(*COLUMNS).where(delivery.c.id == bindparam("id"))
_BY_MESSAGE = select(*COLUMNS).where(
    delivery.c.person_id == bindparam("person"), delivery.c.message_id == bindparam("message")
)


def by_id(db: Connection, number: int) -> Delivery | None:
    """One delivery."""
    row = db.execute(_BY_ID, {"id": number}).first()
    return None if row is None else read(row)


def by_message(db: Connection, person: int, message_id: int) -> Delivery | None:
    """The delivery that came to *person* as this message."""
    row = db.execute(_BY_MESSAGE, {"person": person, "message": message_id}).first()
    return None if row is None else read(row)


_LATEST = (
    select(*COLUMNS)
    .where(
        delivery.c.person_id == bindparam("person"),
        delivery.c.sent_at > bindparam("since"),
        delivery.c.kind.in_(bindparam("kinds", expanding=True)),
        delivery.c.state.in_(("sent", "unknown")),
    )
    .order_by(delivery.c.sent_at.desc(), delivery.c.id.desc())
    .limit(1)
)


def latest(db: Connection, person: int, kinds: Sequence[str], since: datetime) -> Delivery | None:
    """The newest delivery of these kinds that *person* was sent after *since*."""
    row = db.execute(_LATEST, {"person": person, "since": since, "kinds": list(kinds)}).first()
    return None if row is None else read(row)


def proven(db: Connection, found: Delivery, *, message_id: int | None, now: datetime) -> None:
    """A tap or an answer shows that a delivery arrived, whatever was known of it."""
    if found.state == "sent":
        return
    db.execute(
        update(delivery)
        .where(delivery.c.id == found.id, delivery.c.state.in_(("unknown", "sending")))
        .values(
            state="sent",
            sent_at=func.coalesce(delivery.c.sent_at, _stored(now)),
            message_id=func.coalesce(delivery.c.message_id, message_id),
            lease_until=None,
        )
    )


_ANSWERED = (
    update(delivery)
    .where(delivery.c.id == bindparam("number"), delivery.c.answered_at.is_(None))
    .values(answered_at=bindparam("now"))
)


def answered(db: Connection, number: int, now: datetime) -> None:
    """The person did something with it: answered, did it in person, put it off or set it aside."""
    db.execute(_ANSWERED, {"number": number, "now": now})


def reopen(db: Connection, number: int) -> None:
    """The person wants to answer it after all."""
    db.execute(update(delivery).where(delivery.c.id == number).values(answered_at=None))


def note_message(db: Connection, number: int, message_id: int) -> None:
    """Under which message a delivery stands in the chat now, so that a reply to it is recognised."""
    db.execute(update(delivery).where(delivery.c.id == number).values(message_id=message_id))


def withdraw(db: Connection, kinds: Sequence[str], about: int) -> int:
    """Take what is still waiting back; how many were."""
    return db.execute(
        update(delivery)
        .where(delivery.c.about == about, delivery.c.kind.in_(list(kinds)), delivery.c.state == "waiting")
        .values(state="dropped", reason=Why.WITHDRAWN)
    ).rowcount


def _stored(moment: datetime) -> Any:
    return bindparam(None, moment, delivery.c.sent_at.type, unique=True)


def read(row: Any) -> Delivery:
    """A row of COLUMNS."""
    return Delivery(*row)
