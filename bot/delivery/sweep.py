"""Housekeeping: what has served its time is deleted. Periods are those that /privacy names."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from bot.domain.gestures import Way
from bot.storage import tidies
from bot.storage.schema import delivery, gesture, invite, tally, wrong_code

DELIVERIES_KEPT = timedelta(days=90)
INVITES_KEPT = timedelta(days=30)
DRAFTS_KEPT = timedelta(days=7)
TALLIES_KEPT = 400
"""Days for which the operator's daily counts are kept."""


def sweep(db: Connection, now: datetime) -> dict[str, int]:
    """Delete what is past its period; how many of each."""
    old = now - DELIVERIES_KEPT
    return {
        "deliveries": db.execute(
            delete(delivery).where(delivery.c.due_at < old, delivery.c.state.not_in(("waiting", "sending")))
        ).rowcount,
        "invites": db.execute(delete(invite).where(invite.c.created_at < now - INVITES_KEPT)).rowcount,
        "drafts": db.execute(
            delete(gesture).where(gesture.c.way == Way.DRAFT, gesture.c.kept_at < now - DRAFTS_KEPT)
        ).rowcount,
        "wrong codes": db.execute(delete(wrong_code).where(wrong_code.c.at < now - timedelta(hours=2))).rowcount,
        "messages": tidies.sweep(db, now - tidies.KEEP),
        "tallies": db.execute(delete(tally).where(tally.c.day < int(now.timestamp() // 86400) - TALLIES_KEPT)).rowcount,
    }
