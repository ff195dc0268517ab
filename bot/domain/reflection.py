"""The weekly mirror: what two people kept in one local week, woven so that who did what cannot be read from it.

It has no way to count per person: it takes entries in, and gives days with forms, one quote each chose to share, what was
mended, a theme. None for an empty week.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain import clock
from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.domain.prompts import Step, theme_of

MONTH = 4
"""Weeks that are looked back on together, in the last look back of a month."""
SHORT = 160
"""Characters of a line that reads well on a picture."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days from *first* on."""

    first: date

    @property
    def days(self) -> tuple[date, ...]:
        """The seven days, in order."""
        return tuple(self.first + timedelta(days=n) for n in range(7))

    @property
    def bounds(self) -> tuple[date, date]:
        """Its first day, and the first after it."""
        return self.first, self.first + timedelta(days=7)

    def holds(self, day: int) -> bool:
        """Whether a day number lies in it."""
        return 0 <= day - clock.day_number(self.first) < 7


@dataclass(frozen=True, slots=True)
class Quote:
    """One line that *person* chose to share."""

    person: int
    words: str


@dataclass(frozen=True, slots=True)
class Reflection:
    """What a person is shown of a week. *forms* holds, for each of the seven days, which forms of care showed up."""

    week: Week
    theme: Step
    forms: tuple[frozenset[Form], ...]
    quotes: tuple[Quote, ...]
    lines: tuple[str, ...]
    """What was shared, the fittest to stand on a picture first. Says nothing of whose it is, and does not depend on it."""
    mended: bool

    @property
    def coming(self) -> Step:
        """The theme of the week that follows."""
        return theme_of(clock.day_number(self.week.first) // 7 + 1)

    @property
    def all_forms(self) -> tuple[Form, ...]:
        """Every form of the week, in the essay's order."""
        return together(self.forms)


@dataclass(frozen=True, slots=True)
class Glance:
    """One week of several, without words."""

    week: Week
    theme: Step
    forms: tuple[frozenset[Form], ...]
    mended: bool


def together(days: Sequence[frozenset[Form]]) -> tuple[Form, ...]:
    """Every form of these days, in the essay's order."""
    return tuple(form for form in Form if any(form in day for day in days))


def mirrored_week(today: date, first_weekday: int, mirror_weekday: int) -> Week:
    """The week that is looked back on at *today*: the local week that ends today or, on the way, ended last.

    Where the week starts on the very day of looking back (Sunday in Canada), it is the week that ended the night before.
    """
    mirror = today - timedelta(days=(today.weekday() - mirror_weekday) % 7)
    last = (
        mirror
        if (mirror_weekday + 1) % 7 == first_weekday
        else mirror - timedelta(days=(mirror_weekday - first_weekday) % 7 + 1)
    )
    return Week(last - timedelta(days=6))


def current_week(today: date, first_weekday: int) -> Week:
    """The local week that holds *today*."""
    return Week(clock.week_start(today, first_weekday))


def ends_month(today: date) -> bool:
    """Whether the look back of *today* is the last of its month."""
    return (today + timedelta(days=7)).month != today.month


def month_of(week: Week) -> tuple[Week, ...]:
    """The four weeks that end with *week*, oldest first."""
    return tuple(Week(week.first - timedelta(days=7 * back)) for back in reversed(range(MONTH)))


def weave(
    gestures: Sequence[Gesture],
    week: Week,
    *,
    reader: int,
    mended: bool,
    carried: frozenset[int] = frozenset(),
    quotes: bool = True,
) -> Reflection | None:
    """The week as *reader* may see it: own entries and what the other shared and *reader* has received; None when nothing was kept.

    *carried* are ids of entries of the day before the week that came after its look back; they count to its first day.
    Without *quotes* nobody's words are in it.
    """
    days: list[set[Form]] = [set() for _ in range(7)]
    start = clock.day_number(week.first)
    visible = sorted(
        (
            g
            for g in gestures
            if (week.holds(g.day) or g.id in carried) and (g.person == reader or g.passed_at is not None)
        ),
        key=lambda g: (g.kept_at, g.id),
    )
    for gesture in visible:
        days[max(0, gesture.day - start)].add(gesture.form)
    if not visible and not mended:
        return None
    latest: dict[int, Quote] = {}
    lines: list[Gesture] = []
    for gesture in visible if quotes else ():
        # of one's own, whatever one shares: whether it has arrived would tell of the other's hours and pauses
        shown = gesture.stands if gesture.person == reader else gesture.passed_at is not None
        if shown and gesture.medium is Medium.TEXT and gesture.words:
            latest[gesture.person] = Quote(gesture.person, gesture.words)  # the latest of each
            lines.append(gesture)
    lines.reverse()
    return Reflection(
        week=week,
        theme=theme_of(start // 7),
        forms=tuple(frozenset(day) for day in days),
        quotes=tuple(latest[person] for person in sorted(latest)),
        lines=tuple(gesture.words or "" for gesture in sorted(lines, key=_fitness)),
        mended=mended,
    )


def look_back(
    gestures: Sequence[Gesture], weeks: Sequence[Week], *, reader: int, mended: Sequence[bool]
) -> tuple[Glance, ...] | None:
    """Several weeks as *reader* may see them; None when fewer than two hold something, because one is no look back."""
    found = [weave(gestures, week, reader=reader, mended=mend) for week, mend in zip(weeks, mended, strict=True)]
    if sum(woven is not None for woven in found) < 2:
        return None
    return tuple(
        Glance(
            week,
            theme_of(clock.day_number(week.first) // 7),
            woven.forms if woven is not None else (frozenset(),) * 7,
            mended=mend,
        )
        for week, mend, woven in zip(weeks, mended, found, strict=True)
    )


def _fitness(gesture: Gesture) -> tuple[bool, bool, bool]:
    """What stands on a picture first: a line about everyday care. Asks only what a keepsake knows too, so that it stays."""
    return (gesture.form is Form.REPAIR, gesture.way is Way.REPLY, len(gesture.words or "") > SHORT)
