"""Set-up: language, place, pace, consent, and the first prompt. The stage is in the database: a restart loses nothing."""

from __future__ import annotations

from bot.chat import pair
from bot.chat.context import Answer, Turn, aim, next_prompt
from bot.domain import clock, prompts
from bot.domain.people import CONSENT_VERSION, Address, Pace, Stage
from bot.domain.places import City
from bot.domain.prompts import Kind
from bot.speech import arrive as cards
from bot.speech import daily, settings
from bot.speech.card import Card, Tap
from bot.speech.hours import read_time
from bot.speech.voice import ADDRESSES, LOCALES, country_of
from bot.storage import deliveries, people

PLACES_SHOWN = 7


def start(turn: Turn) -> Answer:
    """``/start``, alone or with an invitation's code behind it."""
    refusal: Card | None = None
    if turn.heard.payload:
        if turn.me.ready:
            return pair.opened(turn, turn.heard.payload)
        refusal = pair.remember(turn, turn.heard.payload)
    if turn.me.ready:
        return home(turn)
    card = stage_card(turn)
    return Answer(card) if refusal is None else Answer(refusal, extra=(card,))


def home(turn: Turn) -> Answer:
    """Where every flow leads back to."""
    turn.ask(None)
    return Answer(daily.home(turn.voice, paired=bool(turn.pairs()), next_at=next_prompt(turn)))


def stage_card(turn: Turn) -> Card:
    """The question that set-up stands at."""
    me, voice = turn.me, turn.voice
    if me.stage is Stage.LANGUAGE:
        return cards.language(voice, invited=people.invitation(turn.db, me.id) is not None)
    if me.stage is Stage.PLACE:
        return _places(turn, all_of_them=False)
    if me.stage is Stage.PACE:
        return cards.pace(voice, city_name(turn), turn.now, me.zone)
    return cards.consent(voice)


def languages(turn: Turn) -> Answer:
    """All languages."""
    return Answer(cards.languages(turn.voice, home=Tap.of("set") if turn.me.ready else Tap.of("first")))


def first(turn: Turn) -> Answer:
    """Back to the very first screen."""
    if turn.me.ready:
        return home(turn)
    turn.change(stage=Stage.LANGUAGE, asking=None)
    return Answer(stage_card(turn))


def language(turn: Turn) -> Answer:
    """A language and culture was chosen."""
    locale = turn.tap.args[0] if turn.tap.args else ""
    if locale not in LOCALES:
        return Answer(toast=settings.stale(turn.voice))
    address = turn.me.address if turn.me.address in ADDRESSES[locale[:2]] else ADDRESSES[locale[:2]][0]
    if turn.me.ready:
        turn.change(locale=locale, address=address)
        aim(turn)
        return Answer(
            settings.home(turn.voice, turn.me, city_name(turn)), toast=cards.language_changed(turn.voice), menu=True
        )
    turn.change(locale=locale, address=address, country=country_of(locale), stage=Stage.PLACE, asking="city")
    return Answer(stage_card(turn))


def places(turn: Turn) -> Answer:
    """The cities of the country."""
    turn.ask("city")
    if not turn.me.ready:
        turn.change(stage=Stage.PLACE)
    return Answer(_places(turn, all_of_them="all" in turn.tap.args))


def place(turn: Turn) -> Answer:
    """Somewhere else: typed, or by location."""
    turn.ask("city")
    return Answer(cards.type_place(turn.voice, home=Tap.of("zones")))


def city_typed(turn: Turn, typed: str) -> Answer:
    """The name of a city, spelled as people spell."""
    found = turn.library.places.find(typed)
    if not found:
        return Answer(cards.type_place(turn.voice, home=Tap.of("zones"), unknown=True))
    return Answer(cards.confirm_place(turn.voice, _distinct(found), turn.now, home=Tap.of("zones")))


def located(turn: Turn) -> Answer:
    """A shared location: the zone of the nearest city is asked about, the location itself is not kept."""
    if turn.heard.location is None or not (turn.me.stage is Stage.PLACE or turn.me.asking == "city"):
        return Answer(daily.not_kept(turn.voice, "location"))
    nearest = turn.library.places.nearest(*turn.heard.location)
    return Answer(cards.confirm_place(turn.voice, [nearest], turn.now, home=Tap.of("zones")))


def zone(turn: Turn) -> Answer:
    """A time zone was chosen."""
    name = turn.tap.args[0] if turn.tap.args else ""
    if not clock.is_zone(name):
        return Answer(toast=settings.stale(turn.voice))
    name = clock.current_name(name)
    country = clock.country_of(name) or turn.me.country
    if turn.me.ready:
        turn.change(zone=name, country=country, asking=None)
        aim(turn)
        moved = settings.moved(turn.voice, city_name(turn), turn.voice.clock(turn.now, name))
        return Answer(settings.home(turn.voice, turn.me, city_name(turn)), toast=moved)
    turn.change(zone=name, country=country, stage=Stage.PACE, asking=None)
    return Answer(stage_card(turn))


def paces(turn: Turn) -> Answer:
    """Back to the pace."""
    if turn.me.ready:
        return Answer(settings.paces(turn.voice))
    turn.change(stage=Stage.PACE, asking=None)
    return Answer(stage_card(turn))


def pace(turn: Turn) -> Answer:
    """A pace was chosen in set-up."""
    try:
        chosen = Pace(turn.tap.args[0])
    except (IndexError, ValueError):
        return Answer(toast=settings.stale(turn.voice))
    if turn.me.ready:
        return home(turn)
    turn.change(pace=chosen, stage=Stage.CONSENT, asking=None)
    return Answer(stage_card(turn))


def hours(turn: Turn) -> Answer:
    """Which hour?"""
    turn.ask("hour")
    return Answer(cards.hours(turn.voice, home=Tap.of("set") if turn.me.ready else Tap.of("paces")))


def hour(turn: Turn) -> Answer:
    """An hour was tapped."""
    return _set_hour(turn, turn.tap.number(0))


def hour_typed(turn: Turn, typed: str) -> Answer:
    """An hour was typed, in any of the ways people write it."""
    minute = read_time(typed, evening=True)
    if minute is None:
        return Answer(cards.hours(turn.voice, home=Tap.of("set") if turn.me.ready else Tap.of("paces"), unread=True))
    return _set_hour(turn, minute)


def consent(turn: Turn) -> Answer:
    """The statement, again."""
    return Answer(cards.consent(turn.voice))


def agree(turn: Turn) -> Answer:
    """*I agree, start*: the first prompt comes at once."""
    me = turn.me
    if me.ready:
        if not me.agrees:
            turn.change(consent_at=turn.now, consent_version=CONSENT_VERSION)
        return home(turn)
    if me.stage is not Stage.CONSENT:
        return Answer(stage_card(turn))
    turn.change(stage=Stage.READY, consent_at=turn.now, consent_version=CONSENT_VERSION, asking=None)
    aim(turn, solo=True)
    waiting = pair.waiting_invitation(turn)
    extra = () if waiting is None else (waiting,)
    chosen = prompts.choose(turn.library.pool(me.locale, Kind.APPRECIATION), None, me.pace, recent=(), seed=me.id)
    if chosen is None:
        return Answer(home(turn).card, extra=extra, menu=True)
    sent = deliveries.sent_now(turn.db, me.id, "first", about=turn.today, pair=None, now=turn.now, prompt=chosen.id)
    if sent is None:
        return Answer(home(turn).card, extra=extra, menu=True)
    card = daily.prompt(turn.voice, Kind.APPRECIATION, chosen.text, delivery=sent.id, other=None)
    whole = Card(cards.ready(turn.voice, me.hour, first=card.text), card.buttons)
    return Answer(whole, extra=extra, delivery=sent.id, menu=True)


def changed_terms(turn: Turn) -> Card | None:
    """What is kept, in its new words, for somebody who agreed to older ones: once, and again at each ``/start``."""
    if not turn.me.ready or turn.me.agrees:
        return None
    if turn.me.consent_version == -CONSENT_VERSION and (turn.heard.text or "").strip() != "/start":
        return None
    turn.change(consent_version=-CONSENT_VERSION)
    return cards.consent_again(turn.voice)


def city_name(turn: Turn) -> str:
    """What a person's zone is called in their language: its best-known city."""
    city = turn.library.places.of_zone(turn.me.zone)
    return cards.place_name(turn.voice, city) if city is not None else turn.me.zone.rpartition("/")[2].replace("_", " ")


def _set_hour(turn: Turn, minute: int) -> Answer:
    if not 0 <= minute < clock.DAY:
        return Answer(toast=settings.stale(turn.voice))
    if turn.me.ready:
        turn.change(hour=minute, asking=None)
        aim(turn)
        return Answer(settings.home(turn.voice, turn.me, city_name(turn)), toast=settings.saved(turn.voice))
    turn.change(hour=minute, pace=Pace.EVENING, stage=Stage.CONSENT, asking=None)
    return Answer(stage_card(turn))


def _places(turn: Turn, *, all_of_them: bool) -> Card:
    country = country_of(turn.me.locale) if not turn.me.ready else turn.me.country
    cities = turn.library.places.zones_of(country)
    home_tap = Tap.of("set") if turn.me.ready else Tap.of("langs")
    if len(cities) == 1 and not turn.me.ready:
        return cards.one_place(turn.voice, cities[0], turn.now)
    if not cities:
        return cards.type_place(turn.voice, home=home_tap)
    shown = cities if all_of_them else cities[:PLACES_SHOWN]
    return cards.places(turn.voice, shown, more=len(cities) > len(shown), home=home_tap)


def _distinct(found: tuple[City, ...]) -> list[City]:
    """One city a zone and name is enough to choose from."""
    best = found[0]
    return [best] if all(city.zone == best.zone for city in found) else list(found)


def default_address(locale: str) -> Address:
    """The way of address somebody new is met with."""
    return ADDRESSES[locale[:2]][0]
