"""How long what is kept is kept. Operators may shorten it; what people are told in /privacy is what these say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keep:
    """Periods in days."""

    gestures: int | None = None
    """What people write; None: until they delete it."""
    deliveries: int = 90
    """Records of what was sent to whom. Prompts rest for 60 days by them."""
    invites: int = 30
    backups: int = 30
    """What is promised of copies; whoever makes them has to delete them by then."""


UNFINISHED = 30
"""Days after which somebody who has begun set-up and not agreed is forgotten."""
