"""Housekeeping: what has served its time is deleted. Periods are those that /privacy names (domain.retention)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from bot.domain.gestures import Way
from bot.domain.people import Stage
from bot.domain.retention import UNFINISHED, Keep
from bot.storage import erasure, people, tidies
from bot.storage.schema import delivery, gesture, invite, keepsake, person, tally, wrong_code, wrong_code_gone

DRAFTS_KEPT = timedelta(days=7)
"""How long words wait for an answer to *Should I keep this?*"""
TALLIES_KEPT = 400
"""Days for which the operator's daily counts are kept."""
MOST = 500
"""Unfinished set-ups forgotten in one sweep; the rest goes with the next."""


def sweep(db: Connection, now: datetime, keep: Keep) -> dict[str, int]:
    """Delete what is past its period; how many of each."""
    settled = delivery.c.state.not_in(("waiting", "sending"))
    old = delivery.c.due_at < now - timedelta(days=keep.deliveries)
    return {
        "deliveries": db.execute(delete(delivery).where(old, settled)).rowcount,
        "invites": db.execute(delete(invite).where(invite.c.created_at < now - timedelta(days=keep.invites))).rowcount,
        "words": _words(db, now, keep),
        "unfinished": _unfinished(db, now),
        "wrong codes": sum(
            db.execute(delete(table).where(table.c.at < now - timedelta(hours=2))).rowcount
            for table in (wrong_code, wrong_code_gone)
        ),
        "messages": tidies.sweep(db, now - tidies.KEEP),
        "tallies": db.execute(delete(tally).where(tally.c.day < int(now.timestamp() // 86400) - TALLIES_KEPT)).rowcount,
    }


def _words(db: Connection, now: datetime, keep: Keep) -> int:
    """Drafts that nobody wanted, and entries past their period where an operator has set one."""
    draft = (gesture.c.way == Way.DRAFT) & (gesture.c.kept_at < now - DRAFTS_KEPT)
    if keep.gestures is None:
        return db.execute(delete(gesture).where(draft)).rowcount
    before = now - timedelta(days=keep.gestures)
    over = or_(draft, gesture.c.kept_at < before)
    # an answer to an entry may outlive it by a few days
    db.execute(
        update(gesture).where(gesture.c.about_gesture.in_(select(gesture.c.id).where(over))).values(about_gesture=None)
    )
    stayed = db.execute(delete(keepsake).where(keepsake.c.kept_at < before)).rowcount
    return stayed + db.execute(delete(gesture).where(over)).rowcount


def _unfinished(db: Connection, now: datetime) -> int:
    """People who began and never agreed are forgotten."""
    gone = db.execute(
        select(person.c.id)
        .where(person.c.stage != Stage.READY, person.c.heard_at < now - timedelta(days=UNFINISHED))
        .limit(MOST)
    )
    found = people.by_ids(db, list(gone.scalars()))
    for who in found.values():
        erasure.forget(db, who, now, with_name=True)
    return len(found)
