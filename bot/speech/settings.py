"""Settings, pausing, and the pages that explain. One message edited in place; every screen has a way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.domain.people import Address, Pace, Person
from bot.domain.retention import Keep
from bot.speech.arrive import back
from bot.speech.card import Button, Card, Tap
from bot.speech.voice import ADDRESSES, LOCALE_NAMES, Markup, Voice, isolate

COMMANDS = ("start", "pair", "log", "checkin", "reset", "week", "settings", "pause", "resume", "journal", "help")
"""The menu, in order."""


def command_words(voice: Voice, command: str) -> str:
    """What a command does, for the menu: at most 256 characters, here a few words."""
    return {
        "start": voice.label("Begin, or come back here"),
        "pair": voice.label("Invite someone"),
        "log": voice.label("Note something you noticed or gave"),
        "checkin": voice.label("Two quiet minutes, now"),
        "reset": voice.label("Say “let's reset”"),
        "week": voice.label("Your week so far"),
        "settings": voice.label("Hour, pace, language, place"),
        "pause": voice.label("Pause the prompts"),
        "resume": voice.label("Resume the prompts"),
        "journal": voice.label("What you have kept"),
        "help": voice.label("Everything I can do"),
    }[command]


def description(voice: Voice) -> str:
    """What Telegram shows before the first message; at most 512 characters."""
    return voice.label(
        "One small prompt a day, at your own hour, for two people who want to keep caring for each other. "
        "Answer in a line, share only what you choose. No score, ever."
    )


def short_description(voice: Voice) -> str:
    """What Telegram shows on the profile; at most 120 characters."""
    return voice.label("One small prompt a day for two people who care. No score, ever.")


def home(voice: Voice, person: Person, place: str) -> Card:
    """Everything that can be set, as it stands."""
    lines = [
        voice.say("<b>Settings</b>"),
        "",
        voice.say(
            "Prompts: {pace}, at {time}", pace=pace_name(voice, person.pace), time=Markup(voice.minute(person.hour))
        ),
        voice.say("Place: {city}", city=place),
        voice.say("Language: {language}", language=LOCALE_NAMES[voice.locale]),
        voice.say(
            "Quiet hours: {start} to {end}",
            start=Markup(voice.minute(person.quiet_from)),
            end=Markup(voice.minute(person.quiet_to)),
        ),
    ]
    if person.resting:
        lines.append(voice.say("Only check-ins for now."))
    if person.paused_at is not None:
        lines.append(voice.say("Paused."))
    grid = [
        Button(voice.label("Hour"), Tap.of("set", "hour")),
        Button(voice.label("How often"), Tap.of("set", "pace")),
        Button(voice.label("Language"), Tap.of("set", "lang")),
        Button(voice.label("Place"), Tap.of("set", "zone")),
        Button(voice.label("Quiet hours"), Tap.of("set", "quiet")),
        Button(voice.label("Weekly look back"), Tap.of("set", "week")),
        Button(voice.label("Which prompts"), Tap.of("set", "kinds")),
        Button(voice.label("My own prompts"), Tap.of("own")),
        Button(voice.label("Discreet alerts"), Tap.of("set", "discreet")),
    ]
    rows = [grid[n : n + 2] for n in range(0, len(grid), 2)]
    if len(ADDRESSES[voice.language]) > 1:
        rows.append([Button(voice.label("How I address you"), Tap.of("set", "address"))])
    rows.append(
        [
            Button(voice.label("What reaches me"), Tap.of("set", "reach")),
            Button(voice.label("Tidy this chat"), Tap.of("tidy")),
        ]
    )
    return voice.card("\n".join(lines), *rows, back(voice, Tap.of("home")))


def pace_name(voice: Voice, pace: Pace) -> str:
    """A pace in words."""
    return {
        Pace.EVENING: voice.label("one a day"),
        Pace.TWICE: voice.label("two a day"),
        Pace.GENTLE: voice.label("gentle, three a week"),
    }[pace]


def paces(voice: Voice) -> Card:
    """How often."""
    return voice.card(
        voice.say("<b>How often</b>\n\nWhat suits you now? You can change it whenever you like."),
        *([Button(pace_name(voice, pace), Tap.of("setpace", pace))] for pace in Pace),
        back(voice, Tap.of("set")),
    )


def kinds(voice: Voice, *, resting: bool) -> Card:
    """Everything, or only check-ins: for anybody, and what words of danger set too."""
    state = voice.say("Now: only check-ins.") if resting else voice.say("Now: everything.")
    text = voice.say(
        "<b>Which prompts</b>\n\nEverything, or only check-ins: then nothing asks about anybody else, and there is no look back. "
        "Nobody is told."
    )
    everything = Button(voice.label("Everything"), Tap.of("kinds", 0))
    few = Button(voice.label("Only check-ins"), Tap.of("kinds", 1))
    return voice.card(f"{text}\n\n{state}", [everything if resting else few], back(voice, Tap.of("set")))


def quiet(voice: Voice, person: Person) -> Card:
    """Quiet hours: common ones as buttons, any other typed."""
    offers = ((22 * 60 + 30, 8 * 60), (21 * 60, 7 * 60), (23 * 60, 9 * 60), (0, 6 * 60))
    return voice.card(
        voice.say(
            "<b>Quiet hours</b>\n\nNothing comes from {start} to {end}; it waits until after. "
            "Choose others, or type two times, such as {example}.",
            start=Markup(voice.minute(person.quiet_from)),
            end=Markup(voice.minute(person.quiet_to)),
            example=Markup(f"{voice.minute(22 * 60)} – {voice.minute(7 * 60)}"),
        ),
        *(
            [Button(f"{voice.minute(start)} – {voice.minute(end)}", Tap.of("quiet", start, end))]
            for start, end in offers
        ),
        back(voice, Tap.of("set")),
    )


def week_hours(voice: Voice) -> Card:
    """When the weekly look back comes."""
    buttons = [
        Button(voice.minute(minute), Tap.of("weekhour", minute)) for minute in (17 * 60, 18 * 60, 19 * 60, 20 * 60)
    ]
    return voice.card(
        voice.say(
            "<b>Weekly look back</b>\n\nOn {weekday}, at what time?", weekday=voice.weekday(voice.mirror_weekday)
        ),
        buttons[:2],
        buttons[2:],
        back(voice, Tap.of("set")),
    )


def addresses(voice: Voice) -> Card:
    """How the bot addresses this person, in languages that must choose."""
    formal, familiar = {"hi": ("आप", "तुम"), "fr": ("vous", "tu")}.get(voice.language, ("", ""))
    names = {
        Address.NEUTRAL: voice.label("neutral"),
        Address.FORMAL: formal,
        Address.FAMILIAR: familiar,
        Address.MASCULINE: voice.label("as to a man"),
        Address.FEMININE: voice.label("as to a woman"),
    }
    return voice.card(
        voice.say("<b>How I address you</b>\n\nWhich feels right?"),
        *([Button(names[way], Tap.of("address", way))] for way in ADDRESSES[voice.language]),
        back(voice, Tap.of("set")),
    )


def discreet(voice: Voice, *, on: bool) -> Card:
    """What a locked screen shows."""
    state = voice.say("Now: discreet.") if on else voice.say("Now: as usual.")
    text = voice.say(
        "<b>Discreet notifications</b>\n\nA message then starts with the bot's name only, and shows its text when you open it."
    )
    button = (
        Button(voice.label("As usual"), Tap.of("discreet", 0))
        if on
        else Button(voice.label("Discreet"), Tap.of("discreet", 1))
    )
    return voice.card(f"{text}\n\n{state}", [button], back(voice, Tap.of("set")))


def reaching(voice: Voice, pairs: Sequence[tuple[int, str, bool, bool]]) -> Card:
    """For each pair, whether "let's reset" and what is shared reach this person; never told to the other."""
    rows = []
    for pair, name, no_resets, no_shares in pairs:
        resets = (
            voice.label("Bring back “let's reset” from {name}", name=name)
            if no_resets
            else voice.label("Stop “let's reset” from {name}", name=name)
        )
        shares = (
            voice.label("Bring back what {name} shares", name=name)
            if no_shares
            else voice.label("Stop what {name} shares", name=name)
        )
        rows.append([Button(resets, Tap.of("reach", "resets", int(no_resets), pair))])
        rows.append([Button(shares, Tap.of("reach", "shares", int(no_shares), pair))])
    return voice.card(
        voice.say(
            "<b>What reaches me</b>\n\n“Let's reset” and what the other shares reach you, unless you would rather not. "
            "Nobody is told."
        ),
        *rows,
        back(voice, Tap.of("set")),
    )


def pause(voice: Voice) -> Card:
    """For how long."""
    return voice.card(
        voice.say(
            "<b>Pause</b>\n\nFor how long? Nobody is told. The prompts come back by themselves, or whenever you say so."
        ),
        [Button(voice.label("Three days"), Tap.of("pause", 3)), Button(voice.label("A week"), Tap.of("pause", 7))],
        [
            Button(voice.label("A month"), Tap.of("pause", 30)),
            Button(voice.label("Until I say so"), Tap.of("pause", 0)),
        ],
        back(voice, Tap.of("home")),
    )


def paused(voice: Voice, until: date | None) -> Card:
    """It rests."""
    line = (
        voice.say("Paused until {day}. Then the prompts come back by themselves.", day=voice.day(until))
        if until
        else voice.say("Paused, until you say so.")
    )
    return voice.card(line, [Button(voice.label("Resume now"), Tap.of("resume"))])


def resumed(voice: Voice, when: str) -> Card:
    """A greeting without a word about absence."""
    return voice.card(voice.say("Good. Next prompt: {when}", when=Markup(when)))


def help_page(voice: Voice) -> Card:
    """Everything the bot can do, on one page."""
    lines = [
        voice.say("<b>Everything I can do</b>"),
        "",
        voice.say("Once a day I send you a small prompt. Just write your answer; you choose what to share."),
        "",
    ]
    lines += [_explained(voice, command, command_words(voice, command)) for command in COMMANDS]
    rest = {
        "unpair": voice.say("Leave a shared space"),
        "export": voice.say("Take your words with you"),
        "forget": voice.say("Delete everything about you"),
        "privacy": voice.say("What is kept and who can read it"),
        "support": voice.say("People to call"),
    }
    lines += ["", *(_explained(voice, command, what) for command, what in rest.items())]
    return voice.card("\n".join(lines), back(voice, Tap.of("home")))


def _explained(voice: Voice, command: str, what: str) -> str:
    """A line about a command. Its first letter gives it its direction, so Arabic begins with the words."""
    return f"{what} · {isolate(f'/{command}')}" if voice.rtl else f"/{command} · {what}"


def privacy(voice: Voice, keep: Keep, *, agreed: bool) -> Card:
    """Plain words about privacy: what is kept, who can read it, for how long, how to leave."""
    words = voice.say("until you delete them")
    if keep.gestures is not None:
        words = voice.say("{days}, or until you delete them", days=Markup(_days(voice, keep.gestures)))
    parts = (
        voice.say("<b>What is kept and who can read it</b>"),
        voice.say(
            "Kept: your name as Telegram gives it, your language, time zone and hours, whom you are connected with, what "
            "you write or send, and when prompts were sent. Never kept: your phone number, user name, location, contacts."
        ),
        voice.say(
            "This is not end-to-end encrypted: bots cannot be. Telegram carries the messages; whoever runs this bot "
            "could technically read them. At rest your words are encrypted, with the key stored apart."
        ),
        voice.say(
            "The other person sees your name and what you share, nothing else. Anyone who holds your phone sees this chat: "
            "“Tidy this chat” in the settings deletes my recent messages."
        ),
        voice.say(
            "How long: your words {words}; records of sending {deliveries}; invitations {invites}; copies in backups {backups}.",
            words=Markup(words),
            deliveries=Markup(_days(voice, keep.deliveries)),
            invites=Markup(_days(voice, keep.invites)),
            backups=Markup(_days(voice, keep.backups)),
        ),
        voice.say(
            "How to leave: /unpair ends a connection, /export gives you everything, /forget deletes everything, at once. "
            "Nobody has to agree. What you shared stays with the other."
        ),
        voice.say("No advertising, no analysis of what you write by any company or AI."),
    )
    return voice.card("\n\n".join(parts), back(voice, Tap.of("home" if agreed else "consent")))


def _days(voice: Voice, n: int) -> str:
    return voice.many("{n} day", "{n} days", n)


def saved(voice: Voice) -> str:
    """A toast."""
    return voice.label("Saved.")


def moved(voice: Voice, city: str, time: str) -> str:
    """A toast after changing zone, with the time there."""
    return voice.label("{city}: {time} now. Your hour stays your hour.", city=city, time=time)


def tidy(voice: Voice) -> Card:
    """Delete the bot's recent messages from the chat."""
    return voice.card(
        voice.say(
            "<b>Tidy this chat</b>\n\nI delete my own messages of the last 48 hours from this chat. What you kept stays in your journal. "
            "Your own messages you can delete yourself."
        ),
        [Button(voice.label("Delete my recent messages"), Tap.of("tidied"), style="danger")],
        back(voice, Tap.of("set")),
    )


def own_prompts(voice: Voice, prompts: Sequence[tuple[int, str]]) -> Card:
    """Prompts written by the person; one comes at most once a week."""
    lines = [
        voice.say("<b>My own prompts</b>"),
        "",
        voice.say("Write one in a line. It comes now and then, at most once a week."),
    ]
    rows = [
        [Button(voice.label("Forget: {text}", text=text[:24]), Tap.of("unown", number))] for number, text in prompts[:8]
    ]
    return voice.card("\n".join(lines), *rows, back(voice, Tap.of("set")))


def unready(voice: Voice) -> str:
    """A toast: set-up comes first."""
    return voice.label("First a few short questions.")


def stale(voice: Voice) -> str:
    """A toast: this button belongs to something that is over."""
    return voice.label("This one is finished.")


def passed_on(voice: Voice) -> str:
    """A toast after a heart or a thank you."""
    return voice.label("Passed on.")


def quieter(voice: Voice) -> Card:
    """Shares of this pair no longer arrive."""
    return voice.card(
        voice.say("What they share no longer arrives here. Nobody is told. Settings can bring it back."),
        [Button(voice.label("Settings"), Tap.of("set"))],
    )


def only_private(voice: Voice) -> str:
    """In a group or channel, before leaving it."""
    return voice.label("I work in private chats only, so I'm leaving this one. Open a chat with me instead.")


def stumbled(voice: Voice) -> Card:
    """Something broke; nothing is lost."""
    return voice.card(voice.say("Something went wrong on my side. Nothing you wrote is lost. Please try once more."))


def slow(voice: Voice) -> Card:
    """Told once to somebody who writes faster than can be answered."""
    return voice.card(voice.say("One moment, please. I keep what you write, and answer more slowly for a while."))
