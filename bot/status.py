"""`python -m bot status`: one table that a tired person can read, from the database and, if it answers, the running bot.

Counts, never people. An ALARM line, and exit status 1, when people were due and nothing was sent, or when nothing
beats: fit for cron. Changes nothing.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection

from bot.delivery.pulse import NARROWEST
from bot.domain import clock
from bot.settings import Settings
from bot.storage import outlook, tallies
from bot.storage.outlook import Behind, Rush, Unsettled
from bot.storage.store import look_into

PATIENCE = timedelta(minutes=15)
"""How late something may be before nothing being sent is alarming: the bot may be starting, or catching up."""
ANSWERS_WITHIN = 2.0
"""Seconds the running bot has for its figures."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database tells."""

    now: datetime
    unsettled: Unsettled
    behind: Behind
    today: Mapping[str, int]
    yesterday: Mapping[str, int]
    last_sent: datetime | None
    late: Sequence[float]
    unreachable: int
    unknown: Sequence[tuple[int, str, datetime]]
    rush: Rush | None


def look(db: Connection, now: datetime) -> Stored:
    """Everything the database tells at *now*."""
    today = clock.day_number(now.date())
    counts: dict[int, Counter[str]] = {today: Counter(), today - 1: Counter()}
    for (day, name), n in tallies.since(db, today - 1).items():
        counts.setdefault(day, Counter())[name] += n
    return Stored(
        now=now,
        unsettled=outlook.unsettled(db, now),
        behind=outlook.behind(db, now),
        today=counts[today],
        yesterday=counts[today - 1],
        last_sent=outlook.last_sent(db),
        late=outlook.lateness(db, now - timedelta(days=1)),
        unreachable=outlook.unreachable(db),
        unknown=outlook.unknown(db),
        rush=outlook.rush(db, now),
    )


def alarms(stored: Stored) -> list[str]:
    """What should wake somebody; empty when all is well, also on a day on which nobody was due."""
    found = []
    since = [at for at in (stored.unsettled.oldest, stored.behind.since) if at is not None]
    oldest = min(since, default=None)
    overdue = oldest is not None and stored.now - oldest > PATIENCE
    if oldest is not None and overdue and (stored.last_sent is None or stored.last_sent < oldest):
        n = stored.unsettled.due + stored.behind.prompts
        found.append(f"{n} were due and nothing has been sent since {_moment(oldest)}")
    late = stored.today.get("dropped late", 0)
    if late and not stored.today.get("sent"):
        found.append(f"{late} came too late today and were dropped, and nothing was sent")
    if stored.behind.minutes > PATIENCE // timedelta(minutes=1):
        found.append(f"no beat for {length(stored.behind.minutes * 60)}: is the bot running?")
    return found


def told_rush(rush: Rush, rate: float) -> str:
    """How long the busiest minute of the week takes, and how wide the largest minute of one zone is spread."""
    when = f"{WEEKDAYS[rush.weekday]} {rush.minute // 60:02}:{rush.minute % 60:02} UTC"
    return (
        f"the largest minute has {rush.prompts:,} prompts ({when}, mostly {rush.zone}): {length(rush.prompts / rate)} "
        f"at {rate:g} a second; the widest is spread over {length(width(rush.widest, rate))}"
    )


def width(prompts: int, rate: float) -> float:
    """Seconds over which *prompts* of one minute are spread."""
    needed = prompts / rate
    return needed if needed >= NARROWEST.total_seconds() else 0.0


def running(settings: Settings) -> dict[str, float] | None:
    """The figures of the bot that runs on this machine, by name; None when none answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.http_host, settings.http_host)  # noqa: S104 - compared
    try:
        url = f"http://{host}:{settings.http_port}/metrics"
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN) as page:
            text = page.read().decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except (OSError, HTTPException, ValueError):
        return None
    found = {sample.name: sample.value for sample in samples if not sample.labels}
    return found if "recipro_beat_age_seconds" in found else None


def told(stored: Stored, live: Mapping[str, float] | None, rate: float) -> dict[str, Any]:
    """Everything as plain values, for --json."""
    return {
        "at": stored.now.isoformat(timespec="seconds"),
        "alarms": alarms(stored),
        "due": stored.unsettled.due,
        "waiting": stored.unsettled.waiting,
        "sending": stored.unsettled.sending,
        "oldest_due_seconds": _since(stored.now, stored.unsettled.oldest),
        "not_raised": stored.behind.prompts,
        "minutes_behind": stored.behind.minutes,
        "today": _grouped(stored.today),
        "yesterday": _grouped(stored.yesterday),
        "last_sent": stored.last_sent.isoformat(timespec="seconds") if stored.last_sent is not None else None,
        "lateness_seconds": {"p50": percentile(stored.late, 0.5), "p99": percentile(stored.late, 0.99)},
        "unreachable_people": stored.unreachable,
        "unknown": [
            {"delivery": number, "kind": kind, "due_at": due.isoformat()} for number, kind, due in stored.unknown
        ],
        "rate": {"set": rate, "now": (live or {}).get("recipro_rate_messages_per_second")},
        "beat_age_seconds": (live or {}).get("recipro_beat_age_seconds"),
        "largest_minute": asdict(stored.rush) | {"seconds": stored.rush.prompts / rate} if stored.rush else None,
        "widest_spread_seconds": width(stored.rush.widest, rate) if stored.rush else 0.0,
        "running": live is not None,
    }


def table(stored: Stored, live: Mapping[str, float] | None, rate: float) -> list[str]:
    """The lines a person reads."""
    waits = stored.unsettled
    rows: list[tuple[str, str]] = [
        ("bot", _bot(stored, live)),
        ("due now", f"{waits.due:,}{_waited(stored)}"),
        ("waiting", f"{waits.waiting:,}"),
        ("sending", f"{waits.sending:,}"),
        *_days(stored),
        ("lateness", _lateness(stored.late)),
        ("rate", _rate(live, rate)),
        ("spread", told_rush(stored.rush, rate) if stored.rush is not None else "nobody has a rhythm yet"),
        ("out of reach", f"{stored.unreachable:,} people blocked the bot or are gone"),
    ]
    rows += [("unknown", f"delivery {number} ({kind}), due {_moment(due)}") for number, kind, due in stored.unknown]
    wide = max(len(name) for name, _ in rows)
    lines = [f"{name:<{wide}}  {says}" for name, says in rows]
    return [*(f"ALARM: {line}" for line in alarms(stored)), *lines]


def main(settings: Settings, *, as_json: bool, now: datetime | None = None) -> int:
    """Print the table, or JSON; 1 when there is an alarm. Raises StoreError when the database cannot be read."""
    at = now or datetime.now(UTC)
    store = look_into(settings.database_url.get_secret_value())
    try:
        stored = store.read_now(lambda db: look(db, at))
    finally:
        store.engine.dispose()
    live = running(settings)
    if as_json:
        sys.stdout.write(json.dumps(told(stored, live, settings.rate), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(table(stored, live, settings.rate)) + "\n")
    return 1 if alarms(stored) else 0


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which *share* of *ordered* lies; None of nothing."""
    return None if not ordered else ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _grouped(counts: Mapping[str, int]) -> dict[str, Any]:
    """The day's tallies with the dropped ones by reason."""
    dropped = {name.partition(" ")[2]: n for name, n in counts.items() if name.startswith("dropped ")}
    again = sum(n for name, n in counts.items() if name.startswith("later ") or name in {"waiting", "again", "poison"})
    ends = {name: counts.get(name, 0) for name in ("sent", "deferred", "blocked", "unknown", "failed")}
    return {**ends, "tried_again": again, "dropped": dropped}


def _days(stored: Stored) -> Iterator[tuple[str, str]]:
    for day, counts in (("today", stored.today), ("yesterday", stored.yesterday)):
        grouped = _grouped(counts)
        dropped = grouped.pop("dropped")
        parts = [f"{n:,} {name.replace('_', ' ')}" for name, n in grouped.items() if n or name == "sent"]
        if dropped:
            parts.append(f"{sum(dropped.values()):,} dropped ({_reasons(dropped.items())})")
        yield f"{day} (UTC)", ", ".join(parts)


def _reasons(dropped: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{n:,} {why}" for why, n in sorted(dropped, key=lambda item: (-item[1], item[0])))


def _bot(stored: Stored, live: Mapping[str, float] | None) -> str:
    behind = stored.behind
    raised = "" if not behind.prompts else f", {behind.prompts:,} prompts not raised"
    served = f"walls served to {length(behind.minutes * 60)} ago" if behind.minutes > 1 else "walls served"
    if live is None:
        return f"does not answer on HTTP here; {served}{raised}"
    return f"beat {live['recipro_beat_age_seconds']:.0f} s ago; {served}{raised}"


def _waited(stored: Stored) -> str:
    oldest = stored.unsettled.oldest
    return "" if oldest is None else f", the oldest for {length((stored.now - oldest).total_seconds())}"


def _lateness(late: Sequence[float]) -> str:
    half, most = percentile(late, 0.5), percentile(late, 0.99)
    if half is None or most is None:
        return "nothing sent in the last 24 hours"
    return f"p50 {length(half)}, p99 {length(most)} (the last {len(late):,} sent within 24 hours)"


def _rate(live: Mapping[str, float] | None, rate: float) -> str:
    now = "" if live is None else f", {live.get('recipro_rate_messages_per_second', 0.0):.1f} just now"
    return f"{rate:g} a second set{now}"


def _since(now: datetime, then: datetime | None) -> float | None:
    return None if then is None else (now - then).total_seconds()


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def length(seconds: float) -> str:
    """A length of time in the two units a person would use."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{whole} s"
    for large, small, name, other in ((86400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s")):
        if whole >= large:
            first, rest = divmod(whole, large)
            return f"{first} {name} {rest // small} {other}" if rest // small else f"{first} {name}"
    raise AssertionError("a length has a unit")
