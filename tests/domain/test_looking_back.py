"""Looking back on weeks: what is woven says nothing of who did what, nor how often; a month is four of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import clock, reflection
from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.domain.reflection import Reflection, Week

WEEK = Week(date(2026, 3, 1))
BOTH = (1, 2)
Made = tuple[int, int, Form, str | None]
entries = st.lists(
    st.tuples(
        st.sampled_from(BOTH), st.integers(0, 6), st.sampled_from(list(Form)), st.sampled_from([None, "tea", "x" * 200])
    ),
    max_size=24,
)


def gesture(number: int, person: int, day: date, form: Form = Form.PRACTICAL, words: str | None = "tea") -> Gesture:
    at = datetime.combine(day, time(12), UTC) + timedelta(minutes=number)
    return Gesture(
        number, person, 1, Way.NOTICED, None, form, Medium.TEXT, words, None,
        clock.day_number(day), at, None, at, at,
    )  # fmt: skip


def made(found: list[Made]) -> list[Gesture]:
    return [gesture(n + 1, who, WEEK.days[day], form, words) for n, (who, day, form, words) in enumerate(found)]


def woven(found: list[Gesture], reader: int = 1, **more: bool) -> Reflection | None:
    return reflection.weave(found, WEEK, reader=reader, mended=more.get("mended", False))


@given(entries)
def test_swapping_who_did_what_changes_nothing_but_whose_quote_is_whose(found: list[Made]) -> None:
    one = woven(made(found))
    other = woven([replace(each, person=3 - each.person) for each in made(found)])
    if one is None or other is None:
        assert (one, other) == (None, None)
        return
    assert replace(one, quotes=()) == replace(other, quotes=())
    assert {quote.words for quote in one.quotes} == {quote.words for quote in other.quotes}


@given(entries)
def test_both_are_shown_the_same_week(found: list[Made]) -> None:
    assert woven(made(found), reader=1) == woven(made(found), reader=2)


@given(entries, st.integers(1, 5))
def test_how_often_something_was_done_changes_nothing(found: list[Made], times: int) -> None:
    """A form of care that shows up again on the same day is not counted."""
    wordless = [replace(each, words=None) for each in made(found)]
    again = [replace(each, id=100 * n + each.id) for n in range(1, times + 1) for each in wordless]
    assert woven(wordless) == woven([*wordless, *again])


def test_the_line_for_the_picture_is_the_latest_short_one_about_everyday_care() -> None:
    day = WEEK.days[2]
    found = [
        gesture(1, 1, day, words="tea on the step"),
        gesture(2, 2, day, words="you sang"),
        gesture(3, 1, day, Form.REPAIR, "sorry for this morning"),
        replace(gesture(4, 2, day, words="thank you for that"), way=Way.REPLY),
        gesture(5, 1, day, words="long " * 80),
    ]
    one = woven(found)
    assert one is not None
    assert one.lines[:2] == ("you sang", "tea on the step")
    assert one.lines[-1] == "sorry for this morning"


def test_while_closeness_rests_nobody_is_quoted_anywhere() -> None:
    found = [gesture(1, 1, WEEK.days[0], words="soup"), gesture(2, 2, WEEK.days[0], words="tea")]
    one = reflection.weave(found, WEEK, reader=1, mended=False, quotes=False)
    assert one is not None
    assert (one.lines, one.quotes) == ((), ())
    assert one.forms[0]


def test_what_is_kept_but_not_shared_has_its_day_and_no_words() -> None:
    mine = replace(gesture(1, 1, WEEK.days[3]), shared_at=None, passed_at=None)
    one = woven([mine])
    assert one is not None
    assert (one.forms[3], one.lines, one.quotes) == (frozenset({Form.PRACTICAL}), (), ())


def test_themes_follow_each_other_and_come_back_after_seven_weeks() -> None:
    weeks = [Week(WEEK.first + timedelta(days=7 * n)) for n in range(8)]
    found = [reflection.weave([], week, reader=1, mended=True) for week in weeks]
    themes = [each.theme for each in found if each is not None]
    assert len(set(themes[:7])) == 7
    assert themes[7] == themes[0]
    assert [each.coming for each in found if each is not None][:-1] == themes[1:]


def test_a_week_that_begins_on_monday_has_the_theme_of_the_one_that_began_on_sunday() -> None:
    for n in range(20):
        sunday = WEEK.first + timedelta(days=7 * n)
        one, other = (
            reflection.weave([], Week(first), reader=1, mended=True) for first in (sunday, sunday + timedelta(days=1))
        )
        assert one is not None
        assert other is not None
        assert one.theme == other.theme


def test_the_last_look_back_of_a_month_is_its_last_sunday() -> None:
    sundays = [date(2026, 1, 4) + timedelta(days=7 * n) for n in range(52)]
    last = [day for day in sundays if reflection.ends_month(day)]
    assert [day.month for day in last] == list(range(1, 13))
    assert all((day + timedelta(days=7)).month != day.month for day in last)


def test_four_weeks_stand_side_by_side_each_entry_on_its_own_day() -> None:
    weeks = reflection.month_of(WEEK)
    assert [week.first for week in weeks] == [WEEK.first - timedelta(days=7 * back) for back in (3, 2, 1, 0)]
    found = [gesture(1, 1, weeks[0].days[6], Form.HEALING), gesture(2, 2, weeks[3].days[0], Form.FUTURE)]
    month = reflection.look_back(found, weeks, reader=1, mended=(False, True, False, False))
    assert month is not None
    assert [reflection.together(week.forms) for week in month] == [(Form.HEALING,), (), (), (Form.FUTURE,)]
    assert month[0].forms[6] == {Form.HEALING}
    assert month[3].forms[0] == {Form.FUTURE}
    assert [week.mended for week in month] == [False, True, False, False]


def test_one_week_alone_is_no_month() -> None:
    weeks = reflection.month_of(WEEK)
    assert reflection.look_back([gesture(1, 1, WEEK.days[0])], weeks, reader=1, mended=(False,) * 4) is None
    assert reflection.look_back([], weeks, reader=1, mended=(False,) * 4) is None
