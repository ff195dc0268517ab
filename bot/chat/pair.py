"""Inviting, accepting, undoing, leaving. An inviter hears by a delivery; whoever is left hears at their own next action."""

from __future__ import annotations

from hmac import compare_digest

from bot.chat.context import Answer, Turn, aim, called
from bot.domain import pairing
from bot.domain.pairing import Refusal
from bot.domain.people import Pair, Tie
from bot.speech import pairing as cards
from bot.speech import settings
from bot.speech.card import Card
from bot.storage import pairs, people, rhythms

EVERYBODYS_TRIES = 2000
"""Wrong codes in an hour, of everybody together, after which only those who never tried wrong may try."""


def invite(turn: Turn) -> Answer:
    """``/pair``: as what?"""
    turn.ask(None)
    return Answer(cards.ties(turn.voice, [name for _, name in turn.others()]))


def tie(turn: Turn) -> Answer:
    """A relationship was chosen: here is the code."""
    try:
        chosen = Tie(turn.tap.args[0])
    except (IndexError, ValueError):
        return Answer(toast=settings.stale(turn.voice))
    offered = pairs.offer(turn.db, turn.me.id, chosen, pairing.new_code(), now=turn.now)
    link = f"https://t.me/{turn.bot}?start={offered.code}"
    until = cards.until(turn.voice, turn.now + pairing.LIFE, turn.me.zone)
    card = cards.invitation(turn.voice, code=offered.code, link=link, invite=offered.invite, until=until, bot=turn.bot)
    return Answer(card, new=True)


def cancel(turn: Turn) -> Answer:
    """The invitation is withdrawn."""
    if not pairs.cancel(turn.db, turn.tap.number(0), turn.me.id, now=turn.now):
        return Answer(toast=settings.stale(turn.voice))
    return Answer(cards.cancelled(turn.voice), new=True)


def enter(turn: Turn) -> Answer:
    """*I have a code*."""
    turn.ask("code")
    return Answer(cards.type_code(turn.voice))


def opened(turn: Turn, typed: str) -> Answer:
    """A code was opened or typed by somebody who is set up: who invites, as what, what each will see."""
    found = _look_up(turn, typed)
    if isinstance(found, Refusal):
        return Answer(cards.refused(turn.voice, found))
    turn.ask(None)
    return Answer(_invited(turn, found))


def remember(turn: Turn, typed: str) -> Card | None:
    """A code opened before set-up: kept for later; a refusal is said at once."""
    found = _look_up(turn, typed)
    if isinstance(found, Refusal):
        return cards.refused(turn.voice, found)
    turn.change(invite_id=found.id)
    return None


def waiting_invitation(turn: Turn) -> Card | None:
    """The invitation that somebody came by, if it still opens."""
    number = people.invitation(turn.db, turn.me.id)
    found = pairs.invite_by_id(turn.db, number) if number is not None else None
    if found is None:
        return None
    turn.change(invite_id=None)
    refusal = _refusal(turn, found)
    return _invited(turn, found) if refusal is None else cards.refused(turn.voice, refusal)


def accept(turn: Turn) -> Answer:
    """*Accept* was tapped under an invitation that its code had opened: a made-up button counts as a wrong code."""
    if _waits(turn):
        return Answer(cards.refused(turn.voice, Refusal.WAIT))
    found = pairs.invite_by_id(turn.db, turn.tap.number(0))
    shown = turn.tap.args[1] if len(turn.tap.args) > 1 else ""
    if found is None or not compare_digest(shown.encode(), pairs.ticket(turn.db, found.id, turn.me.id).encode()):
        pairs.wrong_code_tried(turn.db, turn.me.id, now=turn.now)
        return Answer(cards.refused(turn.voice, Refusal.UNKNOWN))
    outcome = pairs.redeem(turn.db, found, turn.me.id, now=turn.now)
    if not isinstance(outcome, Pair):
        mine = next((pair for pair in turn.pairs() if pair.other(turn.me.id) == found.inviter), None)
        if outcome is Refusal.USED and mine is not None:  # a second tap on the same button
            return Answer(cards.joined(turn.voice, inviter=turn.name_of(found.inviter)))
        return Answer(cards.refused(turn.voice, outcome))
    aim(turn)
    inviter = people.by_id(turn.db, found.inviter)
    if inviter is not None and inviter.ready:
        aim(Turn(turn.db, turn.now, turn.library, turn.bot, turn.heard, inviter))
    turn.tell(found.inviter, "paired", about=outcome.id, pair=outcome.id)
    return Answer(cards.joined(turn.voice, inviter=called(turn.voice, inviter)))


def decline(turn: Turn) -> Answer:
    """Not now; the inviter is not told."""
    return Answer(cards.declined(turn.voice))


def undo(turn: Turn) -> Answer:
    """*That's not who I meant*."""
    found = turn.pair(turn.tap.number(0))
    if found is None:
        return Answer(toast=settings.stale(turn.voice))
    _end(turn, found)
    return Answer(cards.undone(turn.voice))


def unpair(turn: Turn) -> Answer:
    """``/unpair``: which one."""
    turn.ask(None)
    return Answer(cards.leave(turn.voice, turn.others()))


def leave(turn: Turn) -> Answer:
    """Left, at once and without anyone's approval."""
    found = turn.pair(turn.tap.number(0))
    if found is not None:
        _end(turn, found)
    return Answer(cards.left(turn.voice))


def solo(turn: Turn) -> Answer:
    """After leaving: a prompt just for oneself."""
    if turn.pairs():
        return Answer(toast=settings.stale(turn.voice))
    aim(turn, solo=True)
    return Answer(cards.solo(turn.voice, turn.voice.minute(turn.me.hour)))


def _end(turn: Turn, found: Pair) -> None:
    pairs.end(turn.db, found, turn.me.id, now=turn.now)
    rhythms.put(turn.db, turn.me.id, None, (), zone=turn.me.zone, now=turn.now)


def _waits(turn: Turn) -> bool:
    """Whether too many codes were wrong lately: of this person, or of everybody and this person among them."""
    since = turn.now - pairing.TRY_WINDOW
    mine = pairs.wrong_codes_since(turn.db, turn.me.id, since)
    return mine >= pairing.WRONG_TRIES or (
        mine > 0 and pairs.wrong_codes_since(turn.db, None, since) >= EVERYBODYS_TRIES
    )


def _look_up(turn: Turn, typed: str) -> pairing.Invite | Refusal:
    if _waits(turn):
        return Refusal.WAIT
    code = pairing.read_code(typed)
    found = pairs.invite_of(turn.db, code) if code is not None else None
    refusal = _refusal(turn, found)
    if refusal is Refusal.UNKNOWN:
        pairs.wrong_code_tried(turn.db, turn.me.id, now=turn.now)
    if refusal is not None:
        return refusal
    if found is None:
        raise LookupError("an invitation without a refusal is there")
    return found


def _refusal(turn: Turn, found: pairing.Invite | None) -> Refusal | None:
    return pairing.refuse(
        found,
        turn.me.id,
        partners=pairs.partners(turn.db, turn.me.id),
        shut_out=pairs.left_by(turn.db, turn.me.id, found.inviter) if found is not None else (),
        now=turn.now,
    )


def _invited(turn: Turn, found: pairing.Invite) -> Card:
    ticket = pairs.ticket(turn.db, found.id, turn.me.id)
    return cards.invited(turn.voice, inviter=turn.name_of(found.inviter), tie=found.tie, invite=found.id, ticket=ticket)


def closed_line(turn: Turn) -> Card | None:
    """The one neutral line about spaces that were left by the other, at one's own next action."""
    if not (turn.known.left and pairs.closed_unsaid(turn.db, turn.me.id)):
        return None
    return cards.closed(turn.voice, alone=turn.me.ready and not turn.pairs())
