"""Answers to prompts, notes, sharing, thanks: everything a person gives, kept first and asked about afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.chat import arrive, pair, records
from bot.chat import settings as settings_flow
from bot.chat.context import FRESH, UNCLEAR, Answer, Turn
from bot.domain import clock, pacing, pairing, prompts
from bot.domain import gestures as rules
from bot.domain.gestures import Form, Gesture, Medium, Way
from bot.domain.people import Pair, Tie
from bot.domain.prompts import DAILY, PROMPTS, Kind
from bot.speech import daily, settings
from bot.speech.card import Card, Tap, pressable
from bot.speech.written import clean, has_sign
from bot.storage import deliveries, gestures, keepsakes, own_prompts, pairs
from bot.storage.deliveries import Delivery


def words(turn: Turn) -> Answer:
    """Plain words: the answer to what was asked, else to the latest prompt, else a question what they are."""
    text = clean(turn.heard.text or "")
    if not turn.me.ready:
        return _words_in_set_up(turn, text)
    if (again := _seen_before(turn)) is not None:
        return again
    if turn.heard.reply_to is not None and (found := _replied(turn, text, Medium.TEXT)) is not None:
        return found
    if turn.me.asking is not None and (found := _asked(turn, text)) is not None:
        return found
    if pairing.looks_like_code(text):
        return pair.opened(turn, text)
    latest = turn.known.latest
    if latest is not None and latest.answered_at is None:
        return keep_answer(turn, latest, text, Medium.TEXT)
    return _draft(turn, text)


def buttons_in_sight(turn: Turn) -> Mapping[str, str]:
    """The buttons whose words may be typed: those of the newest card, and of a prompt that waits.

    A prompt's buttons follow from the prompt, so sending one writes nothing down about them.
    """
    kept, latest = turn.known.buttons, turn.known.latest
    if latest is not None and latest.kind not in DAILY:
        latest = deliveries.latest(turn.db, turn.me.id, DAILY, turn.now - FRESH)
    if latest is None or latest.answered_at is not None:
        return kept
    below = pressable(daily.prompt_buttons(turn.voice, latest.id))
    newer = latest.sent_at is not None and latest.sent_at > turn.me.heard_at
    return {**kept, **below} if newer else {**below, **kept}


def medium(turn: Turn) -> Answer:
    """A voice message, a photo, a sticker: kept as a sealed reference."""
    if not turn.me.ready:
        return Answer(arrive.stage_card(turn))
    if (again := _seen_before(turn)) is not None:
        return again
    kind = turn.heard.medium or Medium.STICKER
    text = clean(turn.heard.text or "")
    if turn.heard.reply_to is not None and (found := _replied(turn, text, kind)) is not None:
        return found
    if (turn.me.asking or "").startswith("answer:"):
        return answer_back(turn, int((turn.me.asking or "").partition(":")[2]), text, kind)
    latest = turn.known.latest
    if latest is not None and latest.answered_at is None:
        return keep_answer(turn, latest, text, kind)
    return _draft(turn, text, kind)


def unkept(turn: Turn) -> Answer:
    """A contact, a poll, a dice …: what cannot be kept, and what can."""
    if not turn.me.ready:
        return Answer(arrive.stage_card(turn))
    return Answer(daily.not_kept(turn.voice, turn.heard.what or "other"))


def reaction(turn: Turn) -> Answer:
    """Any emoji on a prompt counts as noticed; on something shared, as a heart."""
    if turn.heard.cleared or turn.heard.message_id is None or not turn.me.ready:
        return Answer()
    found = deliveries.by_message(turn.db, turn.me.id, turn.heard.message_id)
    if found is None:
        return Answer()
    if found.kind == "share":
        return _thank(turn, found.about, heart=True, silent=True)
    if found.kind not in PROMPTS or found.answered_at is not None:
        return Answer()
    kept = _keep(turn, found, None, Medium.WORDLESS, None)
    return Answer(daily.kept(turn.voice, kept.id, other=None, wordless=True))


def edited(turn: Turn) -> Answer:
    """An edited message changes its entry while it is private; what was shared stays as it was sent, arrived or not."""
    if turn.heard.message_id is None or not turn.me.ready:
        return Answer()
    found = gestures.by_message(turn.db, turn.me.id, turn.heard.message_id)
    text = clean(turn.heard.text or "")
    if found is None or not has_sign(text) or rules.shorten(text) == found.words:
        return Answer()
    name = _other_name(turn, found.pair)
    if not found.private:
        return Answer(daily.sent_as_it_was(turn.voice, found.id) if name is not None else None)
    gestures.change(turn.db, found.id, words=rules.shorten(text), edited_at=turn.now)
    card = daily.kept(turn.voice, found.id, other=name, wordless=False, edited=True)
    return Answer(whole(turn, text, card), entry=found.id)


# --- buttons under a prompt ---


def done(turn: Turn) -> Answer:
    """*Done in person*: kept without words."""
    found = _mine(turn)
    if found is None:
        return Answer(toast=settings.stale(turn.voice))
    entry = gestures.to_delivery(turn.db, turn.me.id, found.id)
    if entry is None:
        entry = _keep(turn, found, None, Medium.WORDLESS, None)
    return Answer(daily.done(turn.voice, entry.id))


def undone(turn: Turn) -> Answer:
    """*Undo* after *Done in person*: the prompt is there again."""
    entry = _own_entry(turn)
    if entry is None or entry.delivery is None:
        return Answer(toast=settings.stale(turn.voice))
    found = deliveries.by_id(turn.db, entry.delivery)
    gestures.delete(turn.db, entry.id)
    if found is None or (card := prompt_card(turn, found)) is None:
        return arrive.home(turn)
    deliveries.reopen(turn.db, found.id)
    return Answer(card)


def later(turn: Turn) -> Answer:
    """*Later*: when?"""
    found = _mine(turn)
    card = prompt_card(turn, found) if found is not None else None
    if found is None or card is None:
        return Answer(toast=settings.stale(turn.voice))
    return Answer(daily.later(turn.voice, card.text, found.id))


def snooze(turn: Turn) -> Answer:
    """Put off: it comes back then, and tomorrow's own hour is unchanged."""
    found = _mine(turn)
    if found is None or len(turn.tap.args) < 2:
        return Answer(toast=settings.stale(turn.voice))
    until = {
        "hour": turn.now + timedelta(hours=1),
        "tonight": max(clock.next_at(turn.now, pacing.EVENING, turn.me.zone), turn.now + timedelta(hours=1)),
        "tomorrow": clock.next_at(turn.now + timedelta(hours=12), turn.me.hour, turn.me.zone),
    }.get(turn.tap.args[1])
    if until is None:
        return Answer(toast=settings.stale(turn.voice))
    if turn.tap.args[1] == "tonight":
        until = min(until, turn.now + timedelta(hours=20))
    deliveries.answered(turn.db, found.id, turn.now)
    deliveries.enqueue(
        turn.db,
        turn.me.id,
        "asked",
        about=found.id,
        pair=found.pair,
        due_at=until,
        good_for=timedelta(hours=14),
        prompt=found.prompt,
    )
    return Answer(daily.put_off(turn.voice, until, now=turn.now, zone=turn.me.zone))


def skip(turn: Turn) -> Answer:
    """*Not today*: nothing more about it; the other never learns."""
    found = _mine(turn)
    if found is None:
        return Answer(toast=settings.stale(turn.voice))
    deliveries.answered(turn.db, found.id, turn.now)
    return Answer(daily.set_aside(turn.voice, found.id))


def again(turn: Turn) -> Answer:
    """The prompt itself, once more, in its place."""
    found = _mine(turn)
    card = prompt_card(turn, found) if found is not None else None
    if found is None or card is None:
        return Answer(toast=settings.stale(turn.voice))
    deliveries.reopen(turn.db, found.id)
    return Answer(card)


# --- what is kept, and sharing it ---


def kept(turn: Turn) -> Answer:
    """The confirmation of an entry, again."""
    entry = _own_entry(turn)
    return Answer(toast=settings.stale(turn.voice)) if entry is None else Answer(kept_card(turn, entry))


def drop(turn: Turn) -> Answer:
    """*Forget this*: the entry is deleted; if it was on its way, it no longer is. What has arrived stays with the other."""
    entry = _own_entry(turn)
    if entry is None:
        return Answer(daily.forgotten(turn.voice, shared=False))
    deliveries.withdraw(turn.db, ("share", "reveal"), entry.id)
    keepsakes.forget_one(turn.db, entry.id, name=turn.me.name)
    return Answer(daily.forgotten(turn.voice, shared=not entry.private))


def forms(turn: Turn) -> Answer:
    """Another form of care?"""
    entry = _own_entry(turn)
    return Answer(toast=settings.stale(turn.voice)) if entry is None else Answer(daily.forms(turn.voice, entry.id))


def form(turn: Turn) -> Answer:
    """A form of care was chosen."""
    entry = _own_entry(turn)
    if entry is None or turn.tap.args[1:2] == () or turn.tap.args[1] not in set(Form):
        return Answer(toast=settings.stale(turn.voice))
    gestures.change(turn.db, entry.id, form=Form(turn.tap.args[1]))
    return Answer(kept_card(turn, gestures.by_id(turn.db, entry.id) or entry))


def share(turn: Turn) -> Answer:
    """*Share*: it reaches the other at their own hours, in the writer's words, once."""
    entry = _own_entry(turn)
    found = turn.pair(entry.pair) if entry is not None else None
    if entry is None or found is None:
        return Answer(toast=settings.stale(turn.voice))
    other = found.other(turn.me.id)
    checkin = _is_checkin(entry)
    if gestures.share(turn.db, entry.id, turn.now):
        deliveries.withdraw(turn.db, ("withdrawn",), entry.id)
        if checkin:
            _reveal_if_both(turn, entry, found.id)
        else:
            turn.tell(other, "share", about=entry.id, pair=found.id, anew=True)
    return Answer(daily.shared(turn.voice, entry.id, other=turn.name_of(other), checkin=checkin))


def unshare(turn: Turn) -> Answer:
    """*Take it back*: for a minute for certain, later if it has not arrived.

    The answer is the same whether or not it has: anything else would tell the writer of the other's hours and pauses.
    """
    entry = _own_entry(turn)
    found = turn.pair(entry.pair) if entry is not None else None
    if entry is None or found is None:
        return Answer(toast=settings.stale(turn.voice))
    name = turn.name_of(found.other(turn.me.id))
    if entry.shared_at is None:
        return Answer(daily.taken_back(turn.voice, entry.id, other=name, late=False))
    certain = rules.certainly_taken_back(entry, turn.now)
    if entry.passed_at is None or certain:
        deliveries.withdraw(turn.db, ("share", "reveal"), entry.id)
        gestures.take_back(turn.db, entry.id, turn.now)
        if entry.passed_at is not None:
            turn.tell(found.other(turn.me.id), "withdrawn", about=entry.id, pair=found.id, anew=True)
    else:
        gestures.change(turn.db, entry.id, withdrawn_at=turn.now)
    return Answer(daily.taken_back(turn.voice, entry.id, other=name, late=not certain))


def heart(turn: Turn) -> Answer:
    """A heart for something shared."""
    return _thank(turn, turn.tap.number(0), heart=True)


def thanks(turn: Turn) -> Answer:
    """*Thank you* for something shared."""
    return _thank(turn, turn.tap.number(0), heart=False)


def answer(turn: Turn) -> Answer:
    """*Answer once*: the next words are passed on."""
    entry = _received(turn, turn.tap.number(0))
    if entry is None or gestures.answered_by(turn.db, turn.me.id, entry.id):
        return Answer(toast=settings.stale(turn.voice))
    turn.ask(f"answer:{entry.id}")
    return Answer(daily.answer_once(turn.voice, entry.id), new=True)


def still(turn: Turn) -> Answer:
    """Back from *Answer once*."""
    turn.ask(None)
    return arrive.home(turn)


def answer_back(turn: Turn, number: int, text: str, kind: Medium = Medium.TEXT) -> Answer:
    """The one answer back; more of them stay with whoever writes them, so that nobody can be flooded."""
    entry = _received(turn, number)
    turn.ask(None)
    if entry is None or entry.pair is None:
        return _draft(turn, text, kind)
    pairs.hold(turn.db, entry.pair)
    if gestures.answered_by(turn.db, turn.me.id, entry.id):
        return _draft(turn, text, kind, again=True)
    if not has_sign(text) and kind is Medium.TEXT:
        return Answer(daily.not_kept(turn.voice, "empty"))
    kept_one = gestures.keep(
        turn.db,
        turn.me.id,
        pair=entry.pair,
        way=Way.REPLY,
        kind=None,
        form=Form.COMMUNICATION,
        medium=kind,
        words=rules.shorten(text) or None,
        file_id=turn.heard.file_id,
        day=turn.today,
        now=turn.now,
        about=entry.id,
        message_id=turn.heard.message_id,
    )
    gestures.share(turn.db, kept_one.gesture.id, turn.now)
    turn.tell(entry.person, "share", about=kept_one.gesture.id, pair=entry.pair)
    return Answer(daily.answered_back(turn.voice, kept_one.gesture.id))


def quieter(turn: Turn) -> Answer:
    """*No more of these*: what this pair shares no longer arrives; nobody is told, settings bring it back."""
    entry = gestures.by_id(turn.db, turn.tap.number(0))
    found = turn.pair(entry.pair) if entry is not None else None
    if found is None:
        return Answer(toast=settings.stale(turn.voice))
    pairs.mute_shares(turn.db, found.id, turn.me.id, muted=True)
    return Answer(settings.quieter(turn.voice), new=True)


# --- notes ---


def log(turn: Turn) -> Answer:
    """``/log``: noticed or given?"""
    turn.ask(None)
    return Answer(daily.log(turn.voice))


def note(turn: Turn) -> Answer:
    """Noticed, or given: now in a line."""
    way = turn.tap.args[0] if turn.tap.args else ""
    if way not in {Way.NOTICED, Way.GIVEN}:
        return Answer(toast=settings.stale(turn.voice))
    turn.ask(f"note:{way}")
    return Answer(daily.note(turn.voice, way))


def keep(turn: Turn) -> Answer:
    """*Yes, keep it*: words that answered nothing become a note."""
    entry = _own_entry(turn)
    if entry is None or len(turn.tap.args) < 2 or turn.tap.args[1] not in {Way.NOTICED, Way.GIVEN}:
        return Answer(toast=settings.stale(turn.voice))
    return _place_note(turn, entry, Way(turn.tap.args[1]))


def whose(turn: Turn) -> Answer:
    """Who a note is for, where there are several pairs."""
    entry = _own_entry(turn)
    if entry is None or len(turn.tap.args) < 2:
        return Answer(toast=settings.stale(turn.voice))
    number = turn.tap.number(1)
    found = turn.pair(number)
    gestures.change(turn.db, entry.id, pair_id=found.id if found is not None else None)
    return Answer(kept_card(turn, gestures.by_id(turn.db, entry.id) or entry))


def checkin(turn: Turn) -> Answer:
    """``/checkin``: a check-in now."""
    turn.ask(None)
    whom = turn.whose()
    if whom is UNCLEAR:
        return Answer(daily.for_whom(turn.voice, Tap.of("checkin"), turn.others()))
    mine = [whom] if isinstance(whom, Pair) else []
    chosen = _next_prompt(turn, Kind.CHECKIN, mine[0].tie if mine else None)
    today = deliveries.latest(turn.db, turn.me.id, (Kind.CHECKIN,), turn.now - timedelta(hours=20))
    unanswered = today is not None and today.answered_at is None and today.pair == (mine[0].id if mine else None)
    if today is not None and unanswered and (card := prompt_card(turn, today)) is not None:
        return Answer(card, new=True)
    if chosen is None:
        return arrive.home(turn)
    sent = deliveries.sent_now(
        turn.db,
        turn.me.id,
        Kind.CHECKIN,
        about=turn.today,
        pair=mine[0].id if mine else None,
        now=turn.now,
        prompt=chosen.id,
    ) or deliveries.latest(turn.db, turn.me.id, (Kind.CHECKIN,), turn.now - timedelta(days=2))
    card = prompt_card(turn, sent) if sent is not None else None
    if sent is None or card is None:
        return arrive.home(turn)
    deliveries.reopen(turn.db, sent.id)
    return Answer(card, new=True, delivery=sent.id)


def prompt_card(turn: Turn, found: Delivery) -> Card | None:
    """The card of a prompt that was sent, in the person's language of now; None when its text is gone."""
    if found.prompt is None:
        return None
    text = own_prompts.text_of(turn.db, turn.me.id, found.prompt)
    if text is None:
        known = turn.library.by_id.get(found.prompt)
        if known is None:
            return None
        text = known.text
    kind = found.kind if found.kind in set(Kind) else Kind.APPRECIATION
    other = None if turn.me.resting else _other_name(turn, found.pair)
    return daily.prompt(turn.voice, kind, text, delivery=found.id, other=other)


# --- within ---


def keep_answer(turn: Turn, found: Delivery, text: str, kind: Medium) -> Answer:
    """Keep the answer to a prompt, confirm it in one line."""
    if kind is Medium.TEXT and not has_sign(text):
        return Answer(daily.not_kept(turn.voice, "empty"))
    entry = _keep(turn, found, text, kind, turn.heard.file_id)
    card = whole(turn, text, kept_card(turn, entry))
    return Answer(card, entry=entry.id, react="❤" if kind is not Medium.TEXT else None)


def _keep(turn: Turn, found: Delivery, text: str | None, kind: Medium, file_id: str | None) -> Gesture:
    prompt = turn.library.by_id.get(found.prompt or "")
    deliveries.proven(turn.db, found, message_id=turn.heard.reply_to, now=turn.now)
    deliveries.answered(turn.db, found.id, turn.now)
    turn.ask(None)
    mine = [pair.id for pair in turn.known.pairs]
    meant = mine[0] if found.pair is None and len(mine) == 1 else found.pair
    return gestures.keep(
        turn.db,
        turn.me.id,
        pair=meant if meant in mine else None,
        way=Way.ANSWER,
        kind=prompt.kind if prompt is not None else found.kind if found.kind in set(Kind) else None,
        form=prompt.form if prompt is not None else Form.EMOTIONAL,
        medium=kind,
        words=rules.shorten(text) if text else None,
        file_id=file_id,
        day=turn.today,
        now=turn.now,
        delivery=found.id,
        message_id=turn.heard.message_id if text is not None else None,
    ).gesture


def _draft(turn: Turn, text: str, kind: Medium = Medium.TEXT, *, again: bool = False) -> Answer:
    """Words that fit nothing are kept until the person says what they are; *again*: their one answer has gone already."""
    if kind is Medium.TEXT and not has_sign(text):
        return Answer(daily.not_kept(turn.voice, "empty"))
    entry = _keep_note(turn, text, kind, Way.DRAFT, None)
    return Answer(whole(turn, text, daily.keep_this(turn.voice, entry.id, again=again)), entry=entry.id)


def _keep_note(turn: Turn, text: str, kind: Medium, way: Way, pair_id: int | None) -> Gesture:
    return gestures.keep(
        turn.db,
        turn.me.id,
        pair=pair_id,
        way=way,
        kind=None,
        form=turn.library.form_of(text),
        medium=kind,
        words=rules.shorten(text) or None,
        file_id=turn.heard.file_id,
        day=turn.today,
        now=turn.now,
        message_id=turn.heard.message_id,
    ).gesture


def place(turn: Turn, entry: Gesture, way: Way) -> list[tuple[int, str]]:
    """Say what a note is; with one pair it belongs there. The pairs there are."""
    mine = turn.others()
    gestures.change(turn.db, entry.id, way=way, pair_id=mine[0][0] if len(mine) == 1 else entry.pair)
    turn.ask(None)
    return mine


def _place_note(turn: Turn, entry: Gesture, way: Way) -> Answer:
    mine = place(turn, entry, way)
    if len(mine) > 1 and entry.pair is None:
        return Answer(daily.for_whom(turn.voice, Tap.of("whose", entry.id), mine))
    return Answer(kept_card(turn, gestures.by_id(turn.db, entry.id) or entry))


def kept_card(turn: Turn, entry: Gesture) -> Card:
    """The confirmation of an entry, as it stands."""
    name = _other_name(turn, entry.pair)
    if entry.stands and name is not None:
        return daily.shared(turn.voice, entry.id, other=name, checkin=_is_checkin(entry))
    return daily.kept(
        turn.voice,
        entry.id,
        other=name,
        wordless=entry.medium is Medium.WORDLESS,
        form=entry.form if entry.way in {Way.NOTICED, Way.GIVEN} else None,
        checkin=_is_checkin(entry) and name is not None,
    )


def whole(turn: Turn, text: str, card: Card) -> Card:
    """*card*, with a word about it where not all of *text* could be kept."""
    return card if rules.shorten(text) == text else replace(card, text=f"{card.text}\n{daily.too_long(turn.voice)}")


def _words_in_set_up(turn: Turn, text: str) -> Answer:
    if turn.me.asking == "city" and has_sign(text):
        return arrive.city_typed(turn, text)
    if turn.me.asking == "hour" and has_sign(text):
        return arrive.hour_typed(turn, text)
    if pairing.looks_like_code(text):
        refusal = pair.remember(turn, text)
        card = arrive.stage_card(turn)
        return Answer(card) if refusal is None else Answer(refusal, extra=(card,))
    return Answer(arrive.stage_card(turn))


def _asked(turn: Turn, text: str) -> Answer | None:
    """Words that answer what the last screen asked."""
    what, _, rest = (turn.me.asking or "").partition(":")
    if not has_sign(text):
        return Answer(daily.not_kept(turn.voice, "empty"))
    if what == "note" and rest in {Way.NOTICED, Way.GIVEN}:
        entry = _keep_note(turn, text, Medium.TEXT, Way.DRAFT, None)
        placed = _place_note(turn, entry, Way(rest))
        return Answer(whole(turn, text, placed.card or kept_card(turn, entry)), entry=entry.id)
    if what == "answer":
        return answer_back(turn, int(rest), text)
    if what == "calm":
        turn.ask(None)
        entry = _keep_note(turn, text, Medium.TEXT, Way.NOTICED, None)
        return Answer(whole(turn, text, daily.kept(turn.voice, entry.id, other=None, wordless=False)), entry=entry.id)
    asked = {
        "city": arrive.city_typed,
        "hour": arrive.hour_typed,
        "code": pair.opened,
        "quiet": settings_flow.quiet_typed,
        "own": settings_flow.own_typed,
        "find": records.found,
    }.get(what)
    return None if asked is None else asked(turn, text)


def _replied(turn: Turn, text: str, kind: Medium) -> Answer | None:
    """A reply to one of the bot's messages; None when that message is not known (any more)."""
    found = deliveries.by_message(turn.db, turn.me.id, turn.heard.reply_to or 0)
    if found is not None and found.kind == "share":
        return answer_back(turn, found.about, text, kind)
    if found is None or found.kind not in PROMPTS or found.sent_at is None:
        return None
    if not rules.answerable(found.sent_at, turn.now):
        return None
    return keep_answer(turn, found, text, kind)


def _seen_before(turn: Turn) -> Answer | None:
    """Telegram sent this message before: the same answer, no second entry."""
    entry = gestures.by_id(turn.db, turn.known.seen) if turn.known.seen is not None else None
    if entry is None:
        return None
    if entry.way is Way.DRAFT:
        return Answer(daily.keep_this(turn.voice, entry.id), entry=entry.id)
    if entry.way is Way.REPLY:
        return Answer(daily.answered_back(turn.voice, entry.id))
    return Answer(kept_card(turn, entry), entry=entry.id)


def _mine(turn: Turn) -> Delivery | None:
    """The prompt under which a button was pressed, if it is this person's and can still be answered."""
    found = deliveries.by_id(turn.db, turn.tap.number(0))
    if found is None or found.person != turn.me.id or found.kind not in PROMPTS:
        return None
    deliveries.proven(turn.db, found, message_id=turn.heard.message_id, now=turn.now)
    sent = found.sent_at or found.due_at
    return found if rules.answerable(sent, turn.now) else None


def _own_entry(turn: Turn) -> Gesture | None:
    found = gestures.by_id(turn.db, turn.tap.number(0))
    return found if found is not None and found.person == turn.me.id else None


def _received(turn: Turn, number: int) -> Gesture | None:
    """Something that was shared with this person, has reached them and still stands."""
    found = gestures.by_id(turn.db, number)
    if found is None or found.pair is None or found.person == turn.me.id or found.shared_at is None:
        return None
    if not deliveries.reached(turn.db, turn.me.id, ("share", "reveal"), found.id):
        return None  # a made-up button must not tell that something is on its way
    return found if turn.pair(found.pair) is not None else None


def _thank(turn: Turn, number: int, *, heart: bool, silent: bool = False) -> Answer:
    entry = _received(turn, number)
    if entry is None:
        return Answer() if silent else Answer(toast=settings.stale(turn.voice))
    turn.tell(entry.person, "heart" if heart else "thanks", about=entry.id, pair=entry.pair)
    return Answer() if silent else Answer(toast=settings.passed_on(turn.voice))


def _is_checkin(entry: Gesture) -> bool:
    return entry.kind == Kind.CHECKIN and entry.way is Way.ANSWER


def _reveal_if_both(turn: Turn, entry: Gesture, pair_id: int) -> None:
    """Both check-ins of a day are shown to both once both are shared; whoever comes second finds the other's."""
    if entry.delivery is None or (asked := deliveries.by_id(turn.db, entry.delivery)) is None:
        return
    pairs.hold(turn.db, pair_id)
    day = asked.about if asked.kind == Kind.CHECKIN else entry.day
    for other in gestures.checkins_of_day(turn.db, pair_id, day):
        if other.person == turn.me.id or other.shared_at is None:
            continue
        back_again = gestures.there_as(turn.db, entry.id) != (None, None)
        if other.passed_at is None:
            turn.tell(turn.me.id, "reveal", about=other.id, pair=pair_id, anew=True)
        if other.passed_at is None or back_again:
            turn.tell(other.person, "reveal", about=entry.id, pair=pair_id, anew=True)
            return


def _other_name(turn: Turn, pair_id: int | None) -> str | None:
    found = next((pair for pair in turn.known.pairs if pair.id == pair_id), None)
    return None if found is None else turn.name_of(found.other(turn.me.id))


def _next_prompt(turn: Turn, kind: Kind, tie: Tie | None) -> prompts.Prompt | None:
    recent = deliveries.around(turn.db, [turn.me.id], turn.now)[turn.me.id].recent
    return prompts.choose(
        turn.library.pool(turn.me.locale, kind),
        tie,
        turn.me.light_pace,
        recent=recent,
        seed=turn.me.id + turn.today,
    )
