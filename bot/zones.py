"""Whether everyone who knows time zones agrees: the bot (pytz, pinned), Babel, and the machine's own zoneinfo.

The bot keeps time by domain.clock alone. The others are only compared with it, over the coming year: editions of the
database differ by an hour for whole provinces, and an operator who looks at the machine's clock should know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import get_timezone

from bot.domain import clock

STEP = timedelta(days=14)
"""Between two looks: no place has kept a change of its clock for less, but for Ramadan in Morocco, which takes a month."""
LOOKS = 27
_MINUTE = timedelta(minutes=1)


def disputed(zones: Iterable[str], now: datetime) -> list[str]:
    """Of *zones*, those for which Babel shows another time within a year from *now*, or which it does not know."""
    return [zone for zone in zones if _differs(zone, now, _babel)]


def foreign(zones: Iterable[str], now: datetime) -> list[str]:
    """Of *zones*, those for which this machine's own zone data shows another time within a year from *now*."""
    return [zone for zone in zones if _differs(zone, now, _system)]


def system_knows_zones() -> bool:
    """Whether the machine has zone data at all; small containers have none, and the bot needs none."""
    try:
        ZoneInfo("Asia/Kolkata")
    except ZoneInfoNotFoundError:
        return False
    return True


def _differs(zone: str, now: datetime, wall: Callable[[str, datetime], datetime | None]) -> bool:
    utc = clock.wall_minute(now, "UTC")
    for look in range(LOOKS):
        moment = now + look * STEP
        theirs = wall(zone, moment)
        ours = clock.wall_minute(moment, zone) - utc - look * (STEP // _MINUTE)
        if theirs is None or (theirs.utcoffset() or timedelta()) // _MINUTE != ours:
            return True
    return False


def _babel(zone: str, moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(get_timezone(zone))
    except LookupError:
        return None


def _system(zone: str, moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(ZoneInfo(zone))
    except ZoneInfoNotFoundError:
        return None
