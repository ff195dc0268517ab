"""Wall clocks: once a day, never before its minute, through every gap and overlap of every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import clock

ZONES = clock.common_zones()
YEARS = st.datetimes(datetime(2021, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LIMIT = timedelta(hours=3)


def changes(zone: str, since: datetime, days: int) -> list[datetime]:
    """Moments (to the quarter of an hour) at which *zone*'s clock is changed."""
    found = []
    for quarter in range(days * 96):
        at = since + timedelta(minutes=15 * quarter)
        elapsed = clock.wall_minute(at + timedelta(minutes=15), zone) - clock.wall_minute(at, zone)
        if elapsed != 15:
            found.append(at)
    return found


def test_a_skipped_minute_comes_when_the_clock_has_jumped() -> None:
    assert clock.wall_to_utc(date(2026, 3, 8), time(2, 30), "America/New_York") == datetime(
        2026, 3, 8, 7, 0, tzinfo=UTC
    )


def test_a_minute_that_comes_twice_is_its_first_coming() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert clock.wall_to_utc(date(2026, 11, 1), time(1, 30), "America/New_York") == first


@pytest.mark.parametrize(
    "zone", ["Europe/Dublin", "Africa/Casablanca", "Africa/El_Aaiun", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
def test_zones_that_mislead_daylight_saving_flags_are_right_too(zone: str) -> None:
    """Compared with a walk through every minute around each change of one year."""
    for change in changes(zone, datetime(2025, 12, 1, tzinfo=UTC), 380):
        seen: dict[int, datetime] = {}
        for minute in range(-150, 150):
            at = change + timedelta(minutes=minute)
            wall = clock.wall_minute(at, zone)
            for passed in range(max(seen, default=wall - 1) + 1, wall + 1):
                seen[passed] = at
        for wall, first in seen.items():
            if wall > min(seen) + 1:
                assert clock.minute_to_utc(wall, zone) == first


@given(st.sampled_from(ZONES), YEARS, st.integers(0, 1439))
def test_a_wall_time_read_back_is_itself_or_was_skipped(zone: str, moment: datetime, minute: int) -> None:
    day = clock.day_number(clock.local_day(moment, zone))
    due = clock.minute_to_utc(day * clock.DAY + minute, zone)
    back = clock.wall_minute(due, zone)
    if (
        back != day * clock.DAY + minute
    ):  # it was skipped: then the minute before is before it, and this is after the gap
        assert back > day * clock.DAY + minute
        assert clock.wall_minute(due - timedelta(minutes=1), zone) < day * clock.DAY + minute


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(ZONES),
    YEARS,
    st.integers(0, 1439),
    st.lists(st.integers(-90, 170), min_size=1, max_size=60),
)
def test_any_beats_serve_each_local_day_exactly_once_and_never_early(
    zone: str, start: datetime, minute: int, gaps: list[int]
) -> None:
    """Beats come regularly, late, twice, or after the system clock went back; the bot is never down past the limit."""
    start = start.replace(second=0, microsecond=0)
    reached = first = clock.high_minute(start, zone)
    now = furthest = start
    served: dict[int, datetime] = {}
    for gap in gaps:
        now = max(start, now + timedelta(minutes=gap))
        if now - furthest >= LIMIT:
            now = furthest + LIMIT - timedelta(minutes=1)
        for slot in clock.passed(zone, reached, now, limit=LIMIT):
            if slot.first <= minute <= slot.last:
                assert slot.day not in served, "two prompts for one local day"
                due = slot.due + timedelta(minutes=slot.step * (minute - slot.first))
                assert due == clock.minute_to_utc(slot.day * clock.DAY + minute, zone)
                assert due <= now, "before its minute"
                served[slot.day] = due
            reached = slot.day * clock.DAY + slot.last
        furthest = max(furthest, now)
    last = clock.high_minute(furthest, zone)
    owed = {wall // clock.DAY for wall in range(first + 1, last + 1) if wall % clock.DAY == minute}
    assert set(served) == owed


@given(st.sampled_from(ZONES), YEARS)
def test_the_furthest_minute_shown_never_goes_back(zone: str, moment: datetime) -> None:
    later = moment + timedelta(minutes=37)
    assert clock.high_minute(moment, zone) <= clock.high_minute(later, zone)
    assert clock.wall_minute(moment, zone) <= clock.high_minute(moment, zone)


def test_many_zones_are_read_at_once_and_unknown_ones_left_out() -> None:
    for moment in (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)):
        told = clock.high_minutes(moment, [*clock.common_zones(), "Mars/Olympus"])
        assert told == {zone: clock.high_minute(moment, zone) for zone in clock.common_zones()}


@given(st.sampled_from(ZONES), YEARS, st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_end_outside_of_themselves(zone: str, moment: datetime, start: int, end: int) -> None:
    until = clock.quiet_until(moment, zone, start=start, end=end)
    inside = clock.in_quiet_hours(clock.wall_minute(moment, zone) % clock.DAY, start, end)
    assert (until is not None) == inside
    if until is not None:
        assert moment < until <= moment + timedelta(hours=26)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("US/Eastern", "US/Eastern"),
    ],
)
def test_a_renamed_zone_is_understood(old: str, new: str) -> None:
    assert clock.current_name(old) == new


def test_a_zone_that_never_was_is_refused() -> None:
    with pytest.raises(clock.UnknownZoneError):
        clock.current_name("../etc/passwd")
    with pytest.raises(clock.UnknownZoneError):
        clock.wall_minute(datetime(2026, 1, 1, tzinfo=UTC), "US/Pacific-New-Moon")


def test_weeks_begin_where_the_calendar_says() -> None:
    saturday = date(2026, 3, 7)
    assert clock.week_start(saturday, 6) == date(2026, 3, 1)
    assert clock.week_start(saturday, 0) == date(2026, 3, 2)
