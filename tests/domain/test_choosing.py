"""Choosing prompts and looking back: no repeats within 60 days, nobody compared."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import clock, reflection
from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.domain.people import Pace, Tie
from bot.domain.prompts import Kind, Prompt, Step, choose

NOW = datetime(2026, 3, 2, tzinfo=UTC)
POOL = [
    Prompt(
        f"p{n}",
        Kind.CHECKIN,
        "…",
        Form.EMOTIONAL,
        Step.CHECKIN,
        frozenset({Tie.PARTNER, Tie.FRIEND}),
        gentle=n % 2 == 0,
    )
    for n in range(10)
]


@given(
    st.integers(0, 10**9),
    st.sampled_from(list(Pace)),
    st.dictionaries(st.sampled_from([p.id for p in POOL]), st.integers(0, 100)),
)
def test_nothing_seen_within_60_days_comes_while_something_else_is_left(
    seed: int, pace: Pace, ages: dict[str, int]
) -> None:
    recent = sorted(ages, key=lambda name: -ages[name])
    chosen = choose(POOL, Tie.PARTNER, pace, recent=recent, seed=seed)
    assert chosen is not None
    fitting = [prompt for prompt in POOL if Tie.PARTNER in prompt.ties and (prompt.gentle or pace is not Pace.GENTLE)]
    rested = [prompt for prompt in fitting if prompt.id not in ages]
    if rested:
        assert chosen in rested
    else:
        assert ages[chosen.id] == max(ages[prompt.id] for prompt in fitting)
    assert pace is not Pace.GENTLE or chosen.gentle


def test_nothing_fit_means_no_prompt_rather_than_an_unfit_one() -> None:
    assert choose(POOL, Tie.FAMILY, Pace.EVENING, recent=(), seed=1) is None


def entry(number: int, person: int, day: date, *, passed: bool, words: str = "tea") -> Gesture:
    kept = datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=number)
    return Gesture(
        number, person, 1, Way.ANSWER, "appreciation", Form.PRACTICAL, Medium.TEXT, words, None,
        clock.day_number(day), kept, None, kept if passed else None, kept if passed else None,
    )  # fmt: skip


def test_an_entry_at_the_end_of_saturday_is_in_this_week_where_weeks_begin_on_sunday() -> None:
    week = reflection.mirrored_week(date(2026, 3, 8), first_weekday=6, mirror_weekday=6)
    assert week.days[0] == date(2026, 3, 1)
    assert week.holds(clock.day_number(date(2026, 3, 7)))
    assert not week.holds(clock.day_number(date(2026, 3, 8)))


def test_where_weeks_begin_on_monday_sunday_ends_the_week() -> None:
    week = reflection.mirrored_week(date(2026, 3, 8), first_weekday=0, mirror_weekday=6)
    assert (week.days[0], week.days[-1]) == (date(2026, 3, 2), date(2026, 3, 8))


def test_an_empty_week_brings_nothing() -> None:
    week = reflection.Week(date(2026, 3, 1))
    assert reflection.weave([], week, reader=1, mended=False) is None


def test_only_what_was_shared_and_arrived_is_woven_for_the_other() -> None:
    week = reflection.Week(date(2026, 3, 1))
    day = date(2026, 3, 3)
    hers, his = entry(1, 1, day, passed=True, words="tea"), entry(2, 2, day, passed=False, words="secret")
    woven = reflection.weave([hers, his], week, reader=1, mended=False)
    assert woven is not None
    assert [quote.words for quote in woven.quotes] == ["tea"]
    assert reflection.weave([his], week, reader=1, mended=False) is None


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.integers(0, 6), st.sampled_from(list(Form))), max_size=20))
def test_who_did_what_cannot_be_read_from_the_days(entries: list[tuple[int, int, Form]]) -> None:
    """Swapping the two people changes nothing but whose quote is whose."""
    first = date(2026, 3, 1)

    def woven(swap: bool) -> tuple[frozenset[Form], ...] | None:
        made = []
        for number, (person, day, form) in enumerate(entries):
            one = entry(number, 3 - person if swap else person, first + timedelta(days=day), passed=True)
            made.append(Gesture(**{**{name: getattr(one, name) for name in one.__slots__}, "form": form}))
        found = reflection.weave(made, reflection.Week(first), reader=1, mended=False)
        return None if found is None else found.forms

    assert woven(swap=False) == woven(swap=True)
