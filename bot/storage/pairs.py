"""Pairs and the invitations that make them. Codes are never stored: only their keyed hashes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Join,
    and_,
    bindparam,
    delete,
    func,
    literal,
    not_,
    select,
    update,
)

from bot.domain import pairing
from bot.domain.pacing import Why
from bot.domain.pairing import Invite
from bot.domain.people import Pace, Pair, Person, Tie
from bot.domain.prompts import Kind
from bot.storage import raised
from bot.storage.columns import seal
from bot.storage.schema import (
    delivery,
    invite,
    member,
    pair,
    person,
    rhythm,
    shut_out,
    shut_out_gone,
    wrong_code,
    wrong_code_gone,
)
from bot.storage.sql import insert, insert_once

_ONE, _TWO, _MINE, _THEIRS = (member.alias(name) for name in ("one", "two", "mine", "theirs"))
_OTHER = person.alias("other")
_PAIR = (
    select(
        pair.c.id,
        pair.c.tie,
        pair.c.since,
        pair.c.ended_at,
        _ONE.c.person_id.label("one"),
        _TWO.c.person_id.label("two"),
    )
    .join(_ONE, (_ONE.c.pair_id == pair.c.id) & _ONE.c.inviter)
    .join(_TWO, (_TWO.c.pair_id == pair.c.id) & ~_TWO.c.inviter)
)
RUNNING = (
    pair.c.id,
    pair.c.tie,
    pair.c.since,
    _MINE.c.inviter,
    _MINE.c.person_id.label("mine"),
    _OTHER.c.id.label("theirs"),
    _OTHER.c.name,
)
"""What running() reads, of rows that stand beside() somebody."""


def beside(rows: FromClause, who: ColumnElement[int]) -> Join:
    """*rows* with the running pairs of the person *who* of each.

    By the index of members: an OR over both halves would read every pair there is.
    """
    return (
        rows.outerjoin(_MINE, _MINE.c.person_id == who)
        .outerjoin(pair, (pair.c.id == _MINE.c.pair_id) & pair.c.ended_at.is_(None))
        .outerjoin(_THEIRS, (_THEIRS.c.pair_id == pair.c.id) & (_THEIRS.c.person_id != _MINE.c.person_id))
        .outerjoin(_OTHER, _OTHER.c.id == _THEIRS.c.person_id)
    )


_OF_PERSON = (
    select(*RUNNING).select_from(beside(person, person.c.id)).where(person.c.id == bindparam("who")).order_by(pair.c.id)
)
_UNSAID = (
    select(member.c.pair_id)
    .join(pair, pair.c.id == member.c.pair_id)
    .where(member.c.person_id == bindparam("who"), ~member.c.told_closed, pair.c.ended_at.is_not(None))
)
_BY_IDS = _PAIR.where(pair.c.id.in_(bindparam("ids", expanding=True)))
_INVITE = select(
    invite.c.id, invite.c.inviter_id, invite.c.tie, invite.c.expires_at, invite.c.used_at, invite.c.cancelled_at
)
OF_ONESELF = (*(str(kind) for kind in Kind), "asked")
"""Kinds of delivery that come by themselves: they go on for the half that does not know yet that a pair has ended."""
PAST_THE_END = ("withdrawn",)
"""What still reaches the other when a pair has ended: that something is taken back."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A new invitation and the code that opens it, which exists nowhere else."""

    invite: int
    code: str


@dataclass(frozen=True, slots=True)
class Untold:
    """A pair that has ended and whose one half has not acted since: for them it looks as before. *called* is the other's name."""

    tie: Tie
    called: str | None


def of_person(db: Connection, who: int) -> list[Pair]:
    """The running pairs of one person, oldest first."""
    return list(with_names(db, who))


def with_names(db: Connection, who: int) -> dict[Pair, str]:
    """The running pairs of one person, oldest first, and what the other of each calls themselves."""
    return running(db.execute(_OF_PERSON, {"who": who}))


def running(rows: Iterable[Sequence[Any]]) -> dict[Pair, str]:
    """Rows of RUNNING; those beside which no pair stands are nothing."""
    found: dict[Pair, str] = {}
    for number, tie, since, inviter, mine, theirs, name in rows:
        if theirs is not None:
            one, two = (mine, theirs) if inviter else (theirs, mine)
            found[Pair(number, Tie(tie), one, two, since)] = name
    return found


def ever_of(db: Connection, who: int) -> list[int]:
    """The ids of all pairs *who* is or was in."""
    return list(db.execute(select(member.c.pair_id).where(member.c.person_id == who)).scalars())


def by_ids(db: Connection, numbers: Sequence[int]) -> dict[int, Pair]:
    """Pairs by id, ended ones included."""
    return {row.id: _pair(row) for row in db.execute(_BY_IDS, {"ids": list(numbers)})} if numbers else {}


def by_id(db: Connection, number: int) -> Pair | None:
    """One pair by id, also when it has ended."""
    return by_ids(db, [number]).get(number)


def offer(db: Connection, inviter: int, tie: Tie, code: str, *, now: datetime) -> Offered:
    """Store an invitation under the hash of *code*; earlier open ones of the same person stay valid."""
    number = db.execute(
        insert(db, invite).returning(invite.c.id),
        [
            {
                "code_hash": seal().keyed(code),
                "inviter_id": inviter,
                "tie": tie,
                "created_at": now,
                "expires_at": now + pairing.LIFE,
            }
        ],
    ).scalar_one()
    return Offered(number, code)


def invite_of(db: Connection, code: str) -> Invite | None:
    """The invitation that *code* opens, in whatever state."""
    row = db.execute(_INVITE.where(invite.c.code_hash == seal().keyed(code))).first()
    return None if row is None else _invite(row)


def invite_by_id(db: Connection, number: int) -> Invite | None:
    """The invitation of this id."""
    row = db.execute(_INVITE.where(invite.c.id == number)).first()
    return None if row is None else _invite(row)


def ticket(db: Connection, number: int, who: int) -> str:
    """What shows that *who* has opened invitation *number*: its button could be forged by whoever can count. 80 bits."""
    code_hash = db.execute(select(invite.c.code_hash).where(invite.c.id == number)).scalar_one()
    return base64.b32encode(seal().keyed(f"ticket {bytes(code_hash).hex()} {who}")[:10]).decode()


def cancel(db: Connection, number: int, inviter: int, *, now: datetime) -> bool:
    """Withdraw an unused invitation of *inviter*; whether there was one."""
    changed = db.execute(
        update(invite)
        .where(
            invite.c.id == number,
            invite.c.inviter_id == inviter,
            invite.c.used_at.is_(None),
            invite.c.cancelled_at.is_(None),
        )
        .values(cancelled_at=now)
    )
    return changed.rowcount == 1


def redeem(db: Connection, found: Invite, by: int, *, now: datetime) -> Pair | pairing.Refusal:
    """Spend the invitation and make the pair. Of two people at once exactly one wins; the other reads USED."""
    refusal = pairing.refuse(found, by, partners=partners(db, by), shut_out=left_by(db, by, found.inviter), now=now)
    if refusal is not None:
        return refusal
    spent = db.execute(
        update(invite)
        .where(
            invite.c.id == found.id,
            invite.c.used_at.is_(None),
            invite.c.cancelled_at.is_(None),
            invite.c.expires_at > now,
        )
        .values(used_at=now, used_by=by)
    )
    if spent.rowcount != 1:
        return pairing.Refusal.USED
    number = db.execute(insert(db, pair).returning(pair.c.id), [{"tie": found.tie, "since": now}]).scalar_one()
    db.execute(
        insert(db, member),
        [
            {
                "pair_id": number,
                "person_id": who,
                "inviter": first,
                "told_closed": False,
                "resets_muted": False,
                "shares_muted": False,
            }
            for who, first in ((found.inviter, True), (by, False))
        ],
    )
    # whoever invites again opens the door that they had closed
    db.execute(delete(shut_out).where(shut_out.c.person_id == found.inviter, shut_out.c.other_id == by))
    gone = shut_out_gone.c
    db.execute(delete(shut_out_gone).where(gone.person_id == found.inviter, gone.chat_hash == _chat_of(db, by)))
    return Pair(number, found.tie, found.inviter, by, now)


def partners(db: Connection, who: int) -> set[int]:
    """The people *who* is in a running pair with."""
    return {found.other(who) for found in of_person(db, who)}


def left_by(db: Connection, who: int, inviter: int) -> set[int]:
    """Those whom *who* has left and not invited since; *inviter* too, if it is they who came back under the same account."""
    left = set(db.execute(select(shut_out.c.other_id).where(shut_out.c.person_id == who)).scalars())
    came_back = select(shut_out_gone.c.person_id).where(
        shut_out_gone.c.person_id == who, shut_out_gone.c.chat_hash == _chat_of(db, inviter)
    )
    return left | {inviter} if db.execute(came_back).first() is not None else left


def chat_hash(chat_id: int) -> bytes:
    """A keyed hash of a chat, under which somebody who has been forgotten is known again."""
    return seal().keyed(f"left {chat_id}")


def _chat_of(db: Connection, who: int) -> bytes:
    return chat_hash(db.execute(select(person.c.chat_id).where(person.c.id == who)).scalar_one())


def end(db: Connection, found: Pair, by: int, *, now: datetime) -> bool:
    """End a pair for both at once: nothing between them is left pending. False when it had ended.

    The other's own prompts come as before until they act and are told: that one is missing must not tell them.
    """
    changed = db.execute(update(pair).where(pair.c.id == found.id, pair.c.ended_at.is_(None)).values(ended_at=now))
    if changed.rowcount != 1:
        return False
    db.execute(
        update(member)
        .where(member.c.pair_id == found.id, member.c.person_id == by)
        .values(left_at=now, told_closed=True)
    )
    insert_once(db, shut_out, {"person_id": by, "other_id": found.other(by)})
    db.execute(delete(rhythm).where(rhythm.c.pair_id == found.id, rhythm.c.person_id == by))
    theirs = and_(delivery.c.person_id == found.other(by), delivery.c.kind.in_(OF_ONESELF))
    _drop_waiting(db, [found.id], and_(not_(theirs), delivery.c.kind.not_in(PAST_THE_END)))
    return True


def _drop_waiting(db: Connection, numbers: Sequence[int], which: ColumnElement[bool]) -> None:
    raised.take_up_between(db, numbers)
    waits = and_(delivery.c.pair_id.in_(numbers), delivery.c.state == "waiting")
    db.execute(update(delivery).where(waits, which).values(state="dropped", reason=Why.ENDED))


def untold(db: Connection, numbers: Sequence[int]) -> dict[tuple[int, int], Untold]:
    """(pair, person) of those among *numbers* that have ended without that person knowing it."""
    if not numbers:
        return {}
    rows = db.execute(
        select(member.c.pair_id, member.c.person_id, pair.c.tie, member.c.called)
        .join(pair, pair.c.id == member.c.pair_id)
        .where(member.c.pair_id.in_(numbers), ~member.c.told_closed, pair.c.ended_at.is_not(None))
    )
    return {(row.pair_id, row.person_id): Untold(Tie(row.tie), row.called) for row in rows}


def closed_unsaid(db: Connection, who: int) -> list[int]:
    """Pairs that the other has ended and that *who* has not been told of; they are told once, now, and it is over for them."""
    found = list(db.execute(_UNSAID, {"who": who}).scalars())
    if found:
        mine = and_(member.c.person_id == who, member.c.pair_id.in_(found))
        db.execute(update(member).where(mine).values(told_closed=True, called=None))
        db.execute(delete(rhythm).where(rhythm.c.person_id == who, rhythm.c.pair_id.in_(found)))
        _drop_waiting(db, found, delivery.c.person_id == who)
    return found


def mute_resets(db: Connection, number: int, who: int, *, muted: bool) -> None:
    """Whether "let's reset" of this pair reaches *who*. The other never learns."""
    db.execute(update(member).where(member.c.pair_id == number, member.c.person_id == who).values(resets_muted=muted))


def pace_of(db: Connection, number: int, who: int) -> Pace | None:
    """The pace *who* chose for this pair alone, or None."""
    found = db.execute(select(member.c.pace).where(member.c.pair_id == number, member.c.person_id == who)).scalar()
    return None if found is None else Pace(found)


def set_pace(db: Connection, number: int, who: int, pace: Pace) -> None:
    """A pace for this pair alone."""
    db.execute(update(member).where(member.c.pair_id == number, member.c.person_id == who).values(pace=pace))


def mute_shares(db: Connection, number: int, who: int, *, muted: bool) -> None:
    """Whether what is shared in this pair reaches *who*. The other never learns."""
    db.execute(update(member).where(member.c.pair_id == number, member.c.person_id == who).values(shares_muted=muted))


def shares_muted(db: Connection, numbers: Sequence[int]) -> set[tuple[int, int]]:
    """(pair, person) of those among *numbers* who do not want shares."""
    if not numbers:
        return set()
    rows = db.execute(
        select(member.c.pair_id, member.c.person_id).where(member.c.pair_id.in_(numbers), member.c.shares_muted)
    )
    return {(row.pair_id, row.person_id) for row in rows}


def hold(db: Connection, number: int) -> None:
    """Let the two halves of a pair do what concerns both one after the other, until this transaction ends."""
    db.execute(select(pair.c.id).where(pair.c.id == number).with_for_update())


def muted(db: Connection, numbers: Sequence[int]) -> set[tuple[int, int]]:
    """(pair, person) of those among *numbers* who do not want resets."""
    if not numbers:
        return set()
    rows = db.execute(
        select(member.c.pair_id, member.c.person_id).where(member.c.pair_id.in_(numbers), member.c.resets_muted)
    )
    return {(row.pair_id, row.person_id) for row in rows}


def wrong_code_tried(db: Connection, who: int, *, now: datetime) -> None:
    """Remember a wrong try, for the polite wait."""
    db.execute(insert(db, wrong_code), [{"person_id": who, "at": now}])


def wrong_codes_since(db: Connection, who: int | None, since: datetime) -> int:
    """Wrong tries after *since*, of one person, or of everybody for None; what was tried before forgetting counts too."""
    tried = select(func.count()).select_from(wrong_code).where(wrong_code.c.at > since)
    gone = select(func.count()).select_from(wrong_code_gone).where(wrong_code_gone.c.at > since)
    if who is not None:
        tried = tried.where(wrong_code.c.person_id == who)
        gone = gone.where(wrong_code_gone.c.chat_hash == _chat_of(db, who))
    return int(db.execute(select(tried.scalar_subquery() + gone.scalar_subquery())).scalar_one())


def keep_wrong_codes(db: Connection, who: Person) -> None:
    """Before *who* is forgotten: let their wrong tries count on, under a hash, until the sweep."""
    theirs = select(literal(chat_hash(who.chat_id)), wrong_code.c.at).where(wrong_code.c.person_id == who.id)
    db.execute(insert(db, wrong_code_gone).from_select(["chat_hash", "at"], theirs))


def _pair(row: Any) -> Pair:
    return Pair(row.id, Tie(row.tie), row.one, row.two, row.since, row.ended_at)


def _invite(row: Any) -> Invite:
    return Invite(row.id, row.inviter_id, Tie(row.tie), row.expires_at, row.used_at, row.cancelled_at)
