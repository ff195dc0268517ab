"""Invites: who may use one, and what a code looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pairing import ALPHABET, Invite, Refusal, new_code, read_code, refuse
from bot.domain.people import Tie

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OPEN = Invite(1, inviter=7, tie=Tie.PARTNER, expires_at=NOW + timedelta(hours=1), used_at=None, cancelled_at=None)


def used(**facts: datetime | None) -> Invite:
    return Invite(**{**{name: getattr(OPEN, name) for name in OPEN.__slots__}, **facts})


@pytest.mark.parametrize(
    ("invite", "by", "partners", "left", "why"),
    [
        (OPEN, 8, set(), set(), None),
        (None, 8, set(), set(), Refusal.UNKNOWN),
        (used(cancelled_at=NOW), 8, set(), set(), Refusal.UNKNOWN),
        (OPEN, 7, set(), set(), Refusal.OWN),
        (used(used_at=NOW), 8, set(), set(), Refusal.USED),
        (used(expires_at=NOW), 8, set(), set(), Refusal.EXPIRED),
        (OPEN, 8, {7}, set(), Refusal.ALREADY),
        (OPEN, 8, set(), {7}, Refusal.UNKNOWN),
    ],
)
def test_each_refusal_has_its_reason(
    invite: Invite | None, by: int, partners: set[int], left: set[int], why: Refusal | None
) -> None:
    assert refuse(invite, by, partners=partners, shut_out=left, now=NOW) == why


@given(st.randoms(use_true_random=False))
def test_a_code_survives_how_people_type_it(random: Random) -> None:
    code = new_code(random.choice)
    assert read_code(f" {code[:4].lower()} - {code[4:]} ") == code
    assert set(code) <= set(ALPHABET)
    assert not set(code) & set("0O1I")


@pytest.mark.parametrize("typed", ["", "ABC", "ABCDEFG0", "ABCDEFGHJ", "कखगघङचछज"])
def test_what_cannot_be_a_code_is_not_guessed_at(typed: str) -> None:
    assert read_code(typed) is None
