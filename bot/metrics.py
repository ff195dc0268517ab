"""What an operator can watch: counts, ages and a histogram, in a registry of their own. Never a person, never a word.

Every label comes from a closed set in the code. Pulse, courier, intake and store report here through plain callbacks and
know nothing of Prometheus; nothing here is read back by the bot, except when each part last showed life.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot import __version__
from bot.domain import clock
from bot.domain.pacing import Why

if TYPE_CHECKING:
    from bot.courier.outcome import Outcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
ALIVE_WITHIN = 60.0
"""Seconds without a beat, or without a word from Telegram, after which this process is not ready."""
FAILED_WITHIN = 8.0
"""Seconds for which a failure of the database keeps this process from being ready; a busy one fails every five."""
RATE_OVER = 10
"""Seconds over which the rate of sending is measured."""
LATENESS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800)
ANSWERS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
ENDS = ("sent", "deferred", "blocked", "unknown", "failed")
"""What a delivery can become, besides dropped for a reason and tried again for one."""
_SENDS = frozenset({"send", "document", "medium"})
_STATES = ("due", "waiting", "sending")


class Metrics:
    """One process's figures. *now* is a monotonic clock in seconds."""

    def __init__(self, rate: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._sends: deque[float] = deque(maxlen=20_000)
        self._began = now()
        self._failed_at: float | None = None
        self.beat_at: float | None = None
        """When the pulse last beat, and Telegram last answered; None before the first time."""
        self.telegram_at: float | None = None
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        info = Gauge("recipro_info", "Always 1; what is running.", ["version", "zone_data"], registry=registry)
        info.labels(__version__, clock.ZONE_DATA_VERSION).set(1)
        self._outlook = Gauge(
            "recipro_outbox_deliveries",
            "Deliveries that are not settled: due now, waiting for their moment, being sent.",
            ["state"],
            registry=registry,
        )
        self._oldest = Gauge(
            "recipro_oldest_due_seconds",
            "Age of the oldest delivery that is due and not sent; 0 when none is.",
            registry=registry,
        )
        self._became = Counter(
            "recipro_deliveries",
            "Deliveries by what became of them; dropped and again have reasons.",
            ["became", "reason"],
            registry=registry,
        )
        self._late = Histogram(
            "recipro_lateness_seconds",
            "Seconds between the moment a delivery was due and the moment Telegram took it.",
            buckets=LATENESS,
            registry=registry,
        )
        self._calls = Counter(
            "recipro_telegram_calls",
            "Calls to Telegram by method, outcome and reason.",
            ["method", "outcome", "reason"],
            registry=registry,
        )
        self._answers = Histogram(
            "recipro_answer_seconds",
            "Seconds from hearing an update until it was handled and answered.",
            buckets=ANSWERS,
            registry=registry,
        )
        self._heard = Counter("recipro_updates_heard", "Updates heard from Telegram.", registry=registry)
        self._pictures = Counter(
            "recipro_picture_failures", "Pictures that could not be drawn; their cards went without.", registry=registry
        )
        self._aways = Counter(
            "recipro_database_errors", "Units of work that failed because the database was away.", registry=registry
        )
        self._zones = Gauge(
            "recipro_zones_in_dispute",
            "Zones in use for which Babel shows another time than the bot keeps.",
            registry=registry,
        )
        self._spread = Gauge("recipro_spread_seconds", "How wide the last raised minute was spread.", registry=registry)
        self._set_functions(rate)
        for end in ENDS:
            self._became.labels(end, "")
        for why in Why:
            self._became.labels("dropped", why)

    # --- what the parts report ---

    def delivered(self, name: str, n: int = 1) -> None:
        """The pulse: what became of *n* deliveries, in its words: ``sent``, ``dropped late``, ``later unreachable`` …"""
        became, _, reason = name.partition(" ")
        if became in {"later", "waiting", "again", "poison"}:
            became, reason = "again", reason or {"poison": "poison", "again": "sender_died"}.get(became, "uncertain")
        self._became.labels(became, reason).inc(n)

    def late(self, seconds: float) -> None:
        """The pulse: something arrived *seconds* after it was due."""
        self._late.observe(seconds)

    def called(self, method: str, outcome: Outcome) -> None:
        """The courier: one call of Telegram and what came of it."""
        kind = type(outcome).__name__.lower()
        self._calls.labels(method, kind, getattr(outcome, "why", "")).inc()
        if kind in {"sent", "blocked", "failed"} or getattr(outcome, "why", "") == "too_many":
            self.reached()
        if kind == "sent" and method in _SENDS:
            self._sends.append(self._now())

    def answered(self, seconds: float) -> None:
        """The intake: one update was handled."""
        self._heard.inc()
        self._answers.observe(seconds)

    def picture_failed(self) -> None:
        """A picture could not be drawn."""
        self._pictures.inc()

    def database_failed(self) -> None:
        """The store: a unit of work found the database away."""
        self._failed_at = self._now()
        self._aways.inc()

    def zones_in_dispute(self, count: int) -> None:
        """How many zones in use Babel and the bot read differently."""
        self._zones.set(count)

    def spread_is(self, widest: Callable[[], timedelta]) -> None:
        """Where to ask how wide the last raised minute was spread."""
        self._spread.set_function(lambda: widest().total_seconds())

    def outlook(self, counts: Mapping[str, int] | None, oldest: float = 0.0) -> None:
        """How many deliveries are due, waiting and sending, and the oldest due one's age; None when it is not known."""
        for state in _STATES:
            self._outlook.labels(state).set(math.nan if counts is None else counts[state])
        self._oldest.set(math.nan if counts is None else oldest)

    def beaten(self) -> None:
        """The pulse has beaten, or has seen that another process does."""
        self.beat_at = self._now()

    def reached(self) -> None:
        """Telegram has answered."""
        self.telegram_at = self._now()

    # --- what is read ---

    @property
    def beat_age(self) -> float:
        """Seconds since the last beat; since the start before the first."""
        return self._now() - (self._began if self.beat_at is None else self.beat_at)

    @property
    def database_away(self) -> bool:
        """Whether a unit of work failed lately because of the database.

        One that succeeded since proves little: on a full disk, what writes nothing succeeds.
        """
        return self._failed_at is not None and self._now() - self._failed_at <= FAILED_WITHIN

    @property
    def beats(self) -> bool:
        """Whether the pulse has beaten lately."""
        return self.beat_at is not None and self.beat_age <= ALIVE_WITHIN

    @property
    def reaches_telegram(self) -> bool:
        """Whether Telegram has answered lately."""
        return self.telegram_at is not None and self._now() - self.telegram_at <= ALIVE_WITHIN

    def quiet_for(self, seconds: float) -> bool:
        """Whether Telegram has not answered for so long."""
        return self.telegram_at is None or self._now() - self.telegram_at >= seconds

    @property
    def rate(self) -> float:
        """Messages a second that Telegram has taken over the last RATE_OVER seconds."""
        since = self._now() - RATE_OVER
        while self._sends and self._sends[0] < since:
            self._sends.popleft()
        return len(self._sends) / RATE_OVER

    def page(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)

    def _set_functions(self, rate: float) -> None:
        asked: tuple[tuple[str, str, Callable[[], float]], ...] = (
            ("recipro_rate_limit_messages_per_second", "The set rate of broadcasts (RECIPRO_RATE).", lambda: rate),
            ("recipro_rate_messages_per_second", "Messages a second that Telegram took lately.", lambda: self.rate),
            ("recipro_beat_age_seconds", "Seconds since the pulse last beat.", lambda: self.beat_age),
            ("recipro_database_away", "1 while the database cannot be used.", lambda: float(self.database_away)),
        )
        for name, says, function in asked:
            Gauge(name, says, registry=self.registry).set_function(function)
