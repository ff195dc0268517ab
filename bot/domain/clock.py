"""Wall clocks and moments: the only file that knows pytz.

A *wall minute* is a whole number: days since 1970-01-01 on some zone's calendar, times 1440, plus the minute of that
day. Comparing two of them compares what a clock on a wall shows. A wall minute that a clock change skips belongs to
the first moment after the gap; one that comes twice belongs to its first coming. Never asks what time it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import pytz

DAY = 1440
"""Minutes of a wall-clock day."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_QUARTER = 15
_SHADOW = 4 * 60
"""Minutes after a clock went back in which it may still show minutes it has shown before; no change is larger."""

ZONE_DATA_VERSION: str = pytz.OLSON_VERSION  # type: ignore[attr-defined]
"""Edition of the time zone database in use, such as 2026f."""


class UnknownZoneError(ValueError):
    """A zone name that the time zone database never had."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Wall minutes *first* to *last* of one local day, that came due from *due* on, *step* minutes apart (1, or 0 in a gap)."""

    day: int
    first: int
    last: int
    due: datetime
    step: int


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_date(number: int) -> date:
    """The calendar day *number* days after 1970-01-01."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def weekday_bit(number: int) -> int:
    """One bit for the weekday of a day number: Monday 1, Tuesday 2 … Sunday 64."""
    return 1 << ((number + 3) % 7)


def is_zone(name: str) -> bool:
    """Whether the database knows this name, old names included."""
    return name in pytz.all_timezones_set


def common_zones() -> tuple[str, ...]:
    """Every current zone name."""
    return tuple(pytz.common_timezones)


def zones_of(country: str) -> tuple[str, ...]:
    """The zones of an ISO country code, in the database's order; empty for an unknown country."""
    return tuple(pytz.country_timezones.get(country, ()))


def country_of(zone: str) -> str | None:
    """The first country that uses *zone*, or None (UTC, and names that are no place)."""
    return _countries().get(zone)


def principal_cities() -> Iterator[tuple[str, str, float, float]]:
    """(zone, country, latitude, longitude) of every zone's principal city, from the database's own zone.tab."""
    with pytz.open_resource("zone.tab") as lines:  # type: ignore[attr-defined]
        for line in lines:
            if line.startswith(b"#"):
                continue
            country, place, zone = line.decode().rstrip("\n").split("\t")[:3]
            cut = max(place.rfind("+"), place.rfind("-"))
            yield zone, country, _degrees(place[:cut], 2), _degrees(place[cut:], 3)


def _degrees(text: str, digits: int) -> float:
    """Degrees of an ISO 6709 part such as +1935 or -0790023."""
    whole, minutes = int(text[1 : 1 + digits]), int(text[1 + digits : 3 + digits])
    return (whole + minutes / 60) * (-1 if text[0] == "-" else 1)


def current_name(zone: str) -> str:
    """The name in use today for *zone*: ``Asia/Calcutta`` is ``Asia/Kolkata``. Raises UnknownZoneError."""
    if zone in pytz.common_timezones_set:
        return zone
    if (renamed := _links().get(zone)) is not None:
        return renamed
    if zone in pytz.all_timezones_set:
        return zone
    raise UnknownZoneError(f"no time zone is called {zone!r}")


def wall_minute(moment: datetime, zone: str) -> int:
    """What a wall clock in *zone* shows at *moment*."""
    minute = utc_minute(moment)
    return minute + _offset(zone, minute)[0]


def high_minute(moment: datetime, zone: str) -> int:
    """The furthest wall minute that a clock in *zone* has shown by *moment*.

    It differs from wall_minute only after a clock has gone back, until it has caught up with itself.
    """
    return _high(utc_minute(moment), zone)


def high_minutes(moment: datetime, zones: Iterable[str]) -> dict[str, int]:
    """high_minute() in each of *zones* that the zone data know."""
    minute, found = utc_minute(moment), {}
    for zone in zones:
        with suppress(UnknownZoneError):
            found[zone] = _high(minute, zone)
    return found


def _high(minute: int, zone: str) -> int:
    offset, shadowed = _offset(zone, minute)
    wall = minute + offset
    if shadowed:
        while _first_coming(wall + 1, zone) <= minute:
            wall += 1
    return wall


def minute_to_utc(wall: int, zone: str) -> datetime:
    """The moment a wall minute first comes, or would have come when a clock change skips it."""
    return _EPOCH + timedelta(minutes=_first_coming(wall, zone))


def wall_to_utc(day: date, at: time, zone: str) -> datetime:
    """The moment a wall clock in *zone* first shows *at* on *day*, as aware UTC.

    In spring 02:30 may not exist: the moment is then when the clock has jumped, because a skipped hour must not
    cost anyone a day. In autumn 01:30 comes twice: the first is taken.
    """
    return minute_to_utc(day_number(day) * DAY + at.hour * 60 + at.minute, zone)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day in *zone* at *moment*."""
    return day_date(wall_minute(moment, zone) // DAY)


def local_time(moment: datetime, zone: str) -> time:
    """Hour and minute on a wall in *zone* at *moment*."""
    minute = wall_minute(moment, zone) % DAY
    return time(minute // 60, minute % 60)


def passed(zone: str, since: int, now: datetime, *, limit: timedelta) -> tuple[Slot, ...]:
    """The wall minutes after *since* that have come by *now* and are less than *limit* late, oldest first.

    Empty while a clock that went back repeats itself, and when *now* lies before what was already served.
    """
    until = high_minute(now, zone)
    if until <= since:
        return ()
    oldest = high_minute(now - limit, zone)
    slots: list[Slot] = []
    for wall in range(max(since, oldest) + 1, until + 1):
        due = minute_to_utc(wall, zone)
        if slots and (joined := _join(slots[-1], wall, due)) is not None:
            slots[-1] = joined
        else:
            day, minute = divmod(wall, DAY)
            slots.append(Slot(day, minute, minute, due, 1))
    return tuple(slots)


def in_quiet_hours(minute: int, start: int, end: int) -> bool:
    """Whether minute of the day *minute* lies in *start* … *end* (not included), which may run over midnight."""
    if start == end:
        return False
    return start <= minute < end if start < end else minute >= start or minute < end


def quiet_until(moment: datetime, zone: str, *, start: int, end: int) -> datetime | None:
    """When the quiet hours around *moment* end, or None when it lies outside them."""
    wall = wall_minute(moment, zone)
    day, minute = divmod(wall, DAY)
    if not in_quiet_hours(minute, start, end):
        return None
    ends = day * DAY + end if minute < end else (day + 1) * DAY + end
    return max(minute_to_utc(ends, zone), moment + timedelta(minutes=1))


def next_at(moment: datetime, minute: int, zone: str) -> datetime:
    """The next moment, after *moment*, at which a wall clock in *zone* first shows minute-of-day *minute*."""
    day = wall_minute(moment, zone) // DAY
    for number in range(day, day + 3):
        if (due := minute_to_utc(number * DAY + minute, zone)) > moment:
            return due
    raise AssertionError("a wall minute comes every day")


def week_start(day: date, first_weekday: int) -> date:
    """The first day of the week that holds *day*; weeks begin on *first_weekday* (Monday 0 … Sunday 6)."""
    return day - timedelta(days=(day.weekday() - first_weekday) % 7)


def _join(slot: Slot, wall: int, due: datetime) -> Slot | None:
    day, minute = divmod(wall, DAY)
    if day != slot.day:
        return None
    if slot.first == slot.last:
        step = round((due - slot.due) / timedelta(minutes=1))
        if step not in {0, 1}:
            return None
    else:
        step = slot.step
    expected = slot.due + timedelta(minutes=step * (minute - slot.first))
    return Slot(day, slot.first, minute, slot.due, step) if due == expected else None


def utc_minute(moment: datetime) -> int:
    """Minutes from the epoch to *moment*, whole ones. Raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return int((moment - _EPOCH) // timedelta(minutes=1))


def _first_coming(wall: int, zone: str) -> int:
    """The UTC minute at which *wall* first comes; for a skipped one, the first minute after the gap."""
    one, other = wall - _exact(zone, wall - DAY), wall - _exact(zone, wall + DAY)
    early, late = min(one, other), max(one, other)
    for reading in (early, late):
        if reading + _exact(zone, reading) == wall:
            return reading
    while late - early > 1:  # no reading shows it: find where the clock jumped over it
        middle = (early + late) // 2
        if middle + _exact(zone, middle) < wall:
            early = middle
        else:
            late = middle
    return late


def _offset(zone: str, minute: int) -> tuple[int, bool]:
    """Minutes ahead of UTC at a UTC minute, and whether the clock went back within the last hours."""
    quarter = minute // _QUARTER
    first, last, shadowed = _quarter(zone, quarter)
    return (first if first == last else _exact(zone, minute)), shadowed


@lru_cache(maxsize=2048)
def _quarter(zone: str, quarter: int) -> tuple[int, int, bool]:
    first, last = _exact(zone, quarter * _QUARTER), _exact(zone, quarter * _QUARTER + _QUARTER - 1)
    before = _exact(zone, quarter * _QUARTER - _SHADOW)
    return first, last, before > first or first > last


@lru_cache(maxsize=2048)
def _exact(zone: str, minute: int) -> int:
    try:
        tz = pytz.timezone(zone)
    except pytz.UnknownTimeZoneError:
        raise UnknownZoneError(f"no time zone is called {zone!r}") from None
    offset = (_EPOCH + timedelta(minutes=minute)).astimezone(tz).utcoffset()
    if offset is None:
        raise UnknownZoneError(f"{zone!r} has no offset")
    return int(offset // timedelta(minutes=1))


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for country in pytz.country_timezones:
        for zone in pytz.country_timezones[country]:
            found.setdefault(zone, country)
    return found


@lru_cache(maxsize=1)
def _links() -> dict[str, str]:
    """Old names and what they became, from the database's own link lines (tzdata.zi: ``L target name``)."""
    links: dict[str, str] = {}
    with pytz.open_resource("tzdata.zi") as lines:  # type: ignore[attr-defined]
        for line in lines:
            if line.startswith(b"L "):
                target, name = line.decode().split()[1:3]
                links[name] = target
    backward = {target: name for name, target in links.items() if name in pytz.common_timezones_set}
    return {
        name: target if target in pytz.common_timezones_set else backward.get(target, target)
        for name, target in links.items()
    }
