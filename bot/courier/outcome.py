"""What became of one try to send: a closed set of values. Reasons are fixed codes, never Telegram's or a person's words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram has it, as this message; *bare* when its picture could not be drawn and its words went alone.

    *more* are the messages of files that went with it.
    """

    message_id: int
    bare: bool = False
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """Telegram certainly does not have it; try again after *seconds*. *whole_bot* when everything has to wait."""

    seconds: float
    why: str
    whole_bot: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Telegram may have it: the answer was lost after the request went out."""

    why: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """For ever, until they return: *why* is blocked, deactivated or gone."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Our own mistake, or something that is no more; trying again would not help."""

    why: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The token is not accepted; everything has to stop."""

    why: str


Outcome = Sent | Later | Unknown | Blocked | Failed | Revoked
