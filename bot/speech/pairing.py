"""Inviting, being invited, becoming a pair, leaving. Who is told what follows product.md, "Pairing" and "Leaving"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain import clock
from bot.domain.pairing import Refusal
from bot.domain.people import Tie
from bot.speech.arrive import back, on_day
from bot.speech.card import Button, Card, Tap
from bot.speech.pictures.invite import InvitePicture
from bot.speech.voice import Markup, Voice, isolate


def tie_name(voice: Voice, tie: Tie) -> str:
    """What two people are to each other, for a button."""
    return {
        Tie.PARTNER: voice.label("Partners"),
        Tie.FAMILY: voice.label("Family"),
        Tie.FRIEND: voice.label("Friends"),
        Tie.COLLEAGUE: voice.label("Colleagues"),
    }[tie]


def tie_word(voice: Voice, tie: Tie) -> str:
    """The same within a sentence."""
    return {
        Tie.PARTNER: voice.label("partners"),
        Tie.FAMILY: voice.label("family"),
        Tie.FRIEND: voice.label("friends"),
        Tie.COLLEAGUE: voice.label("colleagues"),
    }[tie]


def ties(voice: Voice, others: Sequence[str]) -> Card:
    """Whom to invite, as what."""
    lines = [voice.say("<b>Invite someone</b>"), ""]
    if others:
        lines += [voice.say("You are already connected with {names}.", names=voice.names(others)), ""]
    lines.append(voice.say("What are you to each other?"))
    buttons = [Button(tie_name(voice, tie), Tap.of("tie", tie)) for tie in Tie]
    return voice.card(
        "\n".join(lines),
        *([button] for button in buttons),
        [Button(voice.label("I have a code"), Tap.of("code"))],
        back(voice, Tap.of("home")),
    )


def invitation(voice: Voice, *, code: str, link: str, invite: int, until: str, bot: str) -> Card:
    """The code, the link and the picture to hand on. The picture names nobody: anyone may see it."""
    picture = InvitePicture(
        link=link,
        code=code,
        label=voice.label("An invitation"),
        title=voice.label("Two people, one small moment a day"),
        how=voice.label(
            "Scan it, or open {bot} in Telegram and send the code. It works once, for two days.", bot=f"@{bot}"
        ),
        rtl=voice.rtl,
    )
    text = "\n".join(
        (
            voice.say("<b>Your invitation</b>"),
            "",
            voice.say(
                "Send this link, or show the picture. It works once; after {when} it is gone.", when=Markup(until)
            ),
            "",
            link,
            "",
            voice.say("Or they open this bot and send:"),
            isolate(f"<code>/start {code}</code>"),
        )
    )
    return voice.card(
        text,
        [Button(voice.label("Copy the link"), copy=link)],
        [Button(voice.label("Cancel this invitation"), Tap.of("cancel", invite))],
        picture=picture,
    )


def cancelled(voice: Voice) -> Card:
    """The code no longer opens anything."""
    return voice.card(
        voice.say("The invitation is canceled. Nobody can use it anymore."),
        [Button(voice.label("Make a new one"), Tap.of("pair"))],
    )


def invited(voice: Voice, *, inviter: str, tie: Tie, invite: int, ticket: str) -> Card:
    """Who invites, as what, and what each will see. Nothing happens before *Accept*."""
    text = "\n".join(
        (
            voice.say("<b>An invitation</b>"),
            "",
            voice.say("{name} invites you. You would be {tie}.", name=inviter, tie=Markup(tie_word(voice, tie))),
            "",
            voice.say(
                "Each of you will see the other's name and what the other chooses to share, nothing else: "
                "not the settings, not the hours, not what stays private, not when someone is quiet."
            ),
        )
    )
    return voice.card(
        text,
        [Button(voice.label("Accept"), Tap.of("accept", invite, ticket), style="success")],
        [Button(voice.label("No, thank you"), Tap.of("decline"))],
    )


def declined(voice: Voice) -> Card:
    """Not accepted; nobody is told."""
    return voice.card(voice.say("All right. Nobody is told."), back(voice, Tap.of("home")))


def joined(voice: Voice, *, inviter: str) -> Card:
    """To the one who accepted."""
    return voice.card(
        voice.say("<b>You are connected</b>\n\nYou and {name}, each at your own hour and pace.", name=inviter),
        [Button(voice.label("Note something"), Tap.of("log"), style="primary")],
    )


def came(voice: Voice, *, who: str, tie: Tie, pair: int) -> Card:
    """To the inviter: who came, with the way to undo a mistake."""
    return voice.card(
        "\n".join(
            (
                voice.say("<b>Your invitation was accepted</b>"),
                "",
                voice.say("It was {name}. You are {tie} now.", name=who, tie=Markup(tie_word(voice, tie))),
            )
        ),
        [Button(voice.label("Good"), Tap.of("home"), style="primary")],
        [Button(voice.label("That's not who I meant"), Tap.of("undo", pair))],
    )


def undone(voice: Voice) -> Card:
    """The pair is gone again."""
    return voice.card(
        voice.say("Undone. You are no longer connected, and nothing was shared."),
        [Button(voice.label("Invite someone"), Tap.of("pair"))],
    )


def refused(voice: Voice, why: Refusal, *, minutes: int = 60) -> Card:
    """Why a code does not work, each with the next step."""
    text = {
        Refusal.UNKNOWN: voice.say(
            "I don't know this code. Check it letter by letter: a code never has 0, O, 1 or I in it."
        ),
        Refusal.EXPIRED: voice.say("This code has expired: codes live for 48 hours. Ask for a new one."),
        Refusal.USED: voice.say("This code has been used already; each works once. Ask for a new one."),
        Refusal.OWN: voice.say("This is your own code. Send it to the other person: they open it on their phone."),
        Refusal.ALREADY: voice.say("You two are connected already. There is nothing more to do."),
        Refusal.WAIT: voice.many(
            "That was one try too many. Please wait {n} minute and try again.",
            "That was one try too many. Please wait {n} minutes and try again.",
            minutes,
        ),
    }[why]
    rows = {
        Refusal.OWN: [[Button(voice.label("Invite someone"), Tap.of("pair"))]],
        Refusal.ALREADY: [[Button(voice.label("Note something"), Tap.of("log"))]],
        Refusal.WAIT: [],
    }.get(
        why,
        [
            [Button(voice.label("Enter a code"), Tap.of("code"))],
            [Button(voice.label("Invite them instead"), Tap.of("pair"))],
        ],
    )
    return voice.card(text, *rows)


def type_code(voice: Voice) -> Card:
    """The eight signs, typed."""
    return voice.card(
        voice.say("<b>A code</b>\n\nType the eight letters and digits you were given."), back(voice, Tap.of("pair"))
    )


def leave(voice: Voice, pairs: Sequence[tuple[int, str]]) -> Card:
    """Leaving: one confirmation, nobody's approval."""
    if not pairs:
        return voice.card(
            voice.say("You are not connected with anyone."), [Button(voice.label("Invite someone"), Tap.of("pair"))]
        )
    text = voice.say(
        "<b>Leave a shared space</b>\n\nThis needs nobody's approval. Shared access ends at once for both of you; each keeps their own words. "
        "The other is not notified: they find one neutral line the next time they do something here."
    )
    return voice.card(
        text,
        *(
            [Button(voice.label("Leave the space with {name}", name=name), Tap.of("left", pair), style="danger")]
            for pair, name in pairs
        ),
        back(voice, Tap.of("home")),
    )


def left(voice: Voice) -> Card:
    """It is done."""
    return voice.card(
        voice.say("Done. You are no longer connected. Your own words are still yours, in your journal."),
        [Button(voice.label("Keep a prompt just for me"), Tap.of("solo"))],
        [Button(voice.label("Delete everything about me"), Tap.of("forget"))],
    )


def solo(voice: Voice, at: str) -> Card:
    """Prompts for oneself go on."""
    return voice.card(voice.say("Good. At {time}, a prompt just for you.", time=Markup(at)))


def closed(voice: Voice, *, alone: bool) -> Card:
    """The one neutral line for the other half, at their own next action; whoever is *alone* now may go on alone."""
    line = voice.say("One of your shared spaces is closed now. Your own words are still yours.")
    return voice.card(line, [Button(voice.label("Keep a prompt just for me"), Tap.of("solo"))] if alone else [])


def until(voice: Voice, moment: datetime, zone: str) -> str:
    """A moment as weekday and time on the reader's wall."""
    return on_day(voice, clock.local_day(moment, zone).weekday(), voice.clock(moment, zone))
