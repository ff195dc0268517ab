"""Invites: how a code looks, how long it lives, and who may use it. It never says who someone is before they are invited."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.people import Tie

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs, none of 0 O 1 I that are mistaken for each other."""
CODE_LENGTH = 8
"""Eight of 32 signs: 40 bits."""
LIFE = timedelta(hours=48)
WRONG_TRIES = 5
"""Wrong codes a person may try in TRY_WINDOW before a polite wait."""
TRY_WINDOW = timedelta(hours=1)


class Refusal(StrEnum):
    """Why a code does not open a pair. Each has a sentence of its own and a next step."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    OWN = "own"
    ALREADY = "already"
    WAIT = "wait"
    """Too many wrong codes in an hour."""


@dataclass(frozen=True, slots=True)
class Invite:
    """An offer to become a pair. The code itself is nowhere: only a keyed hash of it is stored."""

    id: int
    inviter: int
    tie: Tie
    expires_at: datetime
    used_at: datetime | None
    cancelled_at: datetime | None


def new_code(choose: Callable[[str], str] = secrets.choice) -> str:
    """Eight signs of the alphabet, from a cryptographic source unless a test gives another."""
    return "".join(choose(ALPHABET) for _ in range(CODE_LENGTH))


def read_code(typed: str) -> str | None:
    """The code in what a person typed, whatever its case and spacing; None when it cannot be one.

    The signs that the alphabet leaves out are never guessed at: 0 could be O or Q.
    """
    code = "".join(sign for sign in typed.upper() if not sign.isspace() and sign not in "-–—_.")
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None


def looks_like_code(typed: str) -> bool:
    """Whether plain words, of which nobody asked for a code, are meant as one: in one piece or two, and no word like Grateful."""
    code = "".join(typed.split()) if re.fullmatch(r"\s*\S{4}[\s-]?\S{4}\s*", typed) else ""
    return read_code(code) is not None and (code == code.upper() or any(sign.isdigit() for sign in code))


def refuse(
    invite: Invite | None, by: int, *, partners: Collection[int], shut_out: Collection[int], now: datetime
) -> Refusal | None:
    """Why *by* cannot use *invite* at *now*, or None when they can.

    *partners* are the people *by* is in a pair with; *shut_out* those whom *by* has left: their invites read as unknown,
    because whoever was left cannot come back unless invited.
    """
    if invite is None or invite.cancelled_at is not None or invite.inviter in shut_out:
        return Refusal.UNKNOWN
    if invite.inviter == by:
        return Refusal.OWN
    if invite.used_at is not None:
        return Refusal.USED
    if invite.expires_at <= now:
        return Refusal.EXPIRED
    if invite.inviter in partners:
        return Refusal.ALREADY
    return None
