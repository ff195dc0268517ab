"""The daily prompts, what comes back, and what is passed on. The first line of each card gives nothing away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain import clock
from bot.domain.gestures import Form, Medium
from bot.domain.prompts import Kind
from bot.speech.arrive import back
from bot.speech.card import Button, Card, Tap
from bot.speech.voice import Markup, Voice


def opening(voice: Voice, kind: str) -> str:
    """A first line that could stand on any screen."""
    match Kind(kind):
        case Kind.APPRECIATION:
            return voice.say("A small moment for today")
        case Kind.CHECKIN:
            return voice.say("Two quiet minutes")
        case Kind.RESET:
            return voice.say("A moment to breathe")
        case Kind.WEEKLY:
            return voice.say("A look at your week")


def prompt(voice: Voice, kind: str, text: str, *, delivery: int, other: str | None) -> Card:
    """One prompt. Answered by replying, by just writing, by a reaction, or with a button."""
    lines = [f"<b>{opening(voice, kind)}</b>", "", voice.prompt(text)]
    if other is not None:
        lines += ["", voice.say("<i>With {name} in mind.</i>", name=other)]
    lines += ["", voice.say("<i>Just write your answer. Only you see it until you share it.</i>")]
    return voice.card("\n".join(lines), *prompt_buttons(voice, delivery))


def prompt_buttons(voice: Voice, delivery: int) -> list[list[Button]]:
    """What stands under every prompt: the first by itself, for a third of a phone's width cuts its words off."""
    return [
        [Button(voice.label("Done in person"), Tap.of("done", delivery), style="success")],
        [
            Button(voice.label("Later"), Tap.of("later", delivery)),
            Button(voice.label("Not today"), Tap.of("skip", delivery)),
        ],
    ]


def later(voice: Voice, original: str, delivery: int) -> Card:
    """When to bring it back, under the same prompt."""
    return voice.card(
        original,
        [Button(voice.label("In an hour"), Tap.of("snooze", delivery, "hour"))],
        [
            Button(voice.label("Tonight"), Tap.of("snooze", delivery, "tonight")),
            Button(voice.label("Tomorrow"), Tap.of("snooze", delivery, "tomorrow")),
        ],
        back(voice, Tap.of("again", delivery)),
    )


def put_off(voice: Voice, until: datetime, *, now: datetime, zone: str) -> Card:
    """It will come back; on which day is said where it is not today, within a week."""
    at, day = Markup(voice.clock(until, zone)), clock.local_day(until, zone)
    if day == clock.local_day(now, zone):
        return voice.card(voice.say("It'll keep. It comes back at {time}.", time=at))
    weekday = Markup(voice.weekday(day.weekday()))
    return voice.card(voice.say("It'll keep. It comes back on {weekday} at {time}.", weekday=weekday, time=at))


def set_aside(voice: Voice, delivery: int) -> Card:
    """Not today, and nothing more about it."""
    return voice.card(
        voice.say("Set aside. It'll keep."),
        [Button(voice.label("I'd like to answer after all"), Tap.of("again", delivery))],
    )


def done(voice: Voice, gesture: int) -> Card:
    """Done in person: kept without words."""
    return voice.card(
        voice.say("Nice. Kept as done in person."),
        [Button(voice.label("Undo"), Tap.of("undone", gesture))],
    )


def kept(
    voice: Voice,
    gesture: int,
    *,
    other: str | None,
    wordless: bool,
    form: Form | None = None,
    edited: bool = False,
    checkin: bool = False,
) -> Card:
    """One line that says it is kept, and the choice to share."""
    if edited:
        line = voice.say("Changed. Only you see it.")
    elif wordless:
        line = voice.say("Kept as noticed, without words. Only you see it.")
    else:
        line = voice.say("Kept. Only you see it.")
    rows: list[list[Button]] = []
    if other is not None and not wordless:
        rows.append([Button(voice.label("Share with {name}", name=other), Tap.of("share", gesture), style="primary")])
        if checkin:
            line += "\n" + voice.say("<i>If you both share today's check-in, you see each other's together.</i>")
    if form is not None:
        line += "\n" + voice.say("<i>Form of care: {form}</i>", form=form_name(voice, form))
        rows.append([Button(voice.label("Another form of care"), Tap.of("forms", gesture))])
    rows.append([Button(voice.label("Forget this"), Tap.of("drop", gesture))])
    return voice.card(line, *rows)


def forms(voice: Voice, gesture: int) -> Card:
    """The six forms of care to choose from."""
    buttons = [Button(form_name(voice, form), Tap.of("form", gesture, form)) for form in Form]
    return voice.card(
        voice.say("Which form of care was it?"),
        *(buttons[n : n + 2] for n in range(0, 6, 2)),
        back(voice, Tap.of("kept", gesture)),
    )


def form_name(voice: Voice, form: Form) -> str:
    """The name of a form of care."""
    return {
        Form.PRACTICAL: voice.label("practical"),
        Form.EMOTIONAL: voice.label("emotional"),
        Form.COMMUNICATION: voice.label("communication"),
        Form.REPAIR: voice.label("mending"),
        Form.HEALING: voice.label("healing"),
        Form.FUTURE: voice.label("looking ahead"),
    }[form]


def forgotten(voice: Voice, *, shared: bool) -> Card:
    """An entry was deleted at the writer's wish; of one that was *shared* the same is said whether or not it had arrived."""
    return voice.card(
        voice.say("Forgotten here. If it had arrived there already, it stays there.")
        if shared
        else voice.say("Forgotten.")
    )


def sent_as_it_was(voice: Voice, gesture: int) -> Card:
    """A shared entry was edited: nobody's words change under another's eyes."""
    return voice.card(
        voice.say("What you have shared stays as you wrote it first."),
        [Button(voice.label("Take it back"), Tap.of("unshare", gesture))],
    )


def shared(voice: Voice, gesture: int, *, other: str, checkin: bool) -> Card:
    """It is on its way; it can be taken back."""
    line = (
        voice.say("Ready to share.\n\nYou'll both see it if {name} shares a check-in too.", name=other)
        if checkin
        else voice.say("On its way, in your own words.")
    )
    return voice.card(line, [Button(voice.label("Take it back"), Tap.of("unshare", gesture))])


def taken_back(voice: Voice, gesture: int, *, other: str, late: bool) -> Card:
    """It is private again, as far as it can be. Never a word that tells whether it had arrived."""
    line = (
        voice.say("If it had not arrived yet, it won't anymore. If it had, it stays there.")
        if late
        else voice.say("Taken back. If it had arrived already, it may have been read.")
    )
    return voice.card(line, [Button(voice.label("Share with {name}", name=other), Tap.of("share", gesture))])


def withdrawn(voice: Voice) -> Card:
    """What the other sees in the place of a share that was taken back."""
    return voice.card(voice.say("Something that was here has been taken back."))


def passed_on(voice: Voice, writer: str, words: str | None, *, medium: Medium, gesture: int, way: str) -> Card:
    """What someone shared, in their own words."""
    frame = {
        "noticed": voice.say("{name} noticed something you did:", name=writer),
        "given": voice.say("{name} would like you to know:", name=writer),
        "reply": voice.say("{name} answers:", name=writer),
    }.get(way, voice.say("{name} shared this with you:", name=writer))
    lines = [voice.say("<b>Something was shared with you</b>"), "", frame]
    lines.append(quoted(voice, words) if words else medium_name(voice, medium))
    row = [
        Button(voice.label("❤️"), Tap.of("heart", gesture)),
        Button(voice.label("Thank you"), Tap.of("thanks", gesture)),
    ]
    rows = [row, [Button(voice.label("Answer once"), Tap.of("answer", gesture))]] if way != "reply" else []
    return voice.card("\n".join(lines), *rows, fewer(voice, gesture))


def fewer(voice: Voice, gesture: int) -> tuple[Button, ...]:
    """The quiet way to stop what the other sends, under all of it."""
    return (Button(voice.label("No more of these"), Tap.of("quieter", gesture)),)


def quoted(voice: Voice, words: str) -> str:
    """A person's words, isolated and escaped, as a quotation that folds when long."""
    inner = voice.say("{words}", words=words)
    return f"<blockquote{' expandable' if len(words) > 400 else ''}>{inner}</blockquote>"


def medium_name(voice: Voice, medium: Medium) -> str:
    """What an entry without text is."""
    return {
        Medium.VOICE: voice.say("<i>a voice message</i>"),
        Medium.AUDIO: voice.say("<i>an audio file</i>"),
        Medium.PHOTO: voice.say("<i>a photo</i>"),
        Medium.STICKER: voice.say("<i>a sticker</i>"),
        Medium.VIDEO_NOTE: voice.say("<i>a video message</i>"),
    }.get(medium, voice.say("<i>without words</i>"))


def answer_once(voice: Voice, gesture: int) -> Card:
    """One answer back, and never a chat."""
    return voice.card(
        voice.say("<b>One answer back</b>\n\nWrite it now, in a line. It is passed on as you write it."),
        back(voice, Tap.of("still", gesture)),
    )


def answered_back(voice: Voice, gesture: int) -> Card:
    """The answer is on its way; it can be taken back like anything shared."""
    return voice.card(voice.say("On its way."), [Button(voice.label("Take it back"), Tap.of("unshare", gesture))])


def thanked(voice: Voice, writer: str, *, heart: bool, gesture: int) -> Card:
    """A heart or a thank you for something shared."""
    line = voice.say("❤️ from {name}", name=writer) if heart else voice.say("{name} says thank you.", name=writer)
    return voice.card("\n".join((voice.say("<b>For what you shared</b>"), "", line)), fewer(voice, gesture))


def revealed(voice: Voice, mine: str, theirs: str, *, other: str, gesture: int) -> Card:
    """Both check-ins at once, because both chose so."""
    return voice.card(
        "\n".join(
            (
                voice.say("<b>Today's check-in, side by side</b>"),
                "",
                voice.say("{name}:", name=other),
                quoted(voice, theirs),
                voice.say("You:"),
                quoted(voice, mine),
            )
        ),
        [
            Button(voice.label("❤️"), Tap.of("heart", gesture)),
            Button(voice.label("Thank you"), Tap.of("thanks", gesture)),
        ],
        [Button(voice.label("Answer once"), Tap.of("answer", gesture))],
        fewer(voice, gesture),
    )


def lighter(voice: Voice) -> Card:
    """Asked once after some silence, and then nothing until it is answered."""
    return voice.card(
        voice.say(
            "<b>All well?</b>\n\nIt has been quiet here, and that is fine. Do we go on as before, go lighter, or pause? "
            "Nothing more comes until you choose. Nobody else is told."
        ),
        [Button(voice.label("Lighter: three a week"), Tap.of("lighter", "gentle"), style="primary")],
        [
            Button(voice.label("Pause"), Tap.of("lighter", "pause")),
            Button(voice.label("Keep it as it is"), Tap.of("lighter", "keep")),
        ],
    )


def keep_this(voice: Voice, draft: int, *, again: bool = False) -> Card:
    """Words that answer nothing, or *again* what was answered already: a question, never silence."""
    return voice.card(
        voice.say("Your one answer has gone already, so this stays with you. Should I keep it?")
        if again
        else voice.say("Should I keep this?"),
        [Button(voice.label("Yes, something I noticed"), Tap.of("keep", draft, "noticed"), style="primary")],
        [Button(voice.label("Yes, something I gave"), Tap.of("keep", draft, "given"))],
        [Button(voice.label("No, forget it"), Tap.of("drop", draft))],
    )


def for_whom(voice: Voice, verb: Tap, pairs: Sequence[tuple[int, str]]) -> Card:
    """Several pairs: whom is it about?"""
    return voice.card(
        voice.say("Who is this for?"),
        *([Button(name, Tap.of(verb.verb, *verb.args, pair))] for pair, name in pairs),
        [Button(voice.label("Just for me"), Tap.of(verb.verb, *verb.args, 0))],
    )


def log(voice: Voice) -> Card:
    """Note something by hand."""
    return voice.card(
        voice.say(
            "<b>Note something</b>\n\nWas it something the other did, or something you gave? Choose, then write it in a line."
        ),
        [Button(voice.label("Something I noticed"), Tap.of("note", "noticed"), style="primary")],
        [Button(voice.label("Something I gave"), Tap.of("note", "given"))],
    )


def note(voice: Voice, way: str) -> Card:
    """Write it now."""
    line = (
        voice.say("What did you notice? One line is plenty.")
        if way == "noticed"
        else voice.say("What did you give? One line is plenty.")
    )
    return voice.card(voice.say("<b>Note something</b>") + "\n\n" + line, back(voice, Tap.of("log")))


def too_long(voice: Voice) -> str:
    """A toast's worth about very long words."""
    return voice.say("That was long, so I kept the beginning.")


def not_kept(voice: Voice, what: str) -> Card:
    """Something that is never kept, or that I cannot keep, with what works instead."""
    line = {
        "location": voice.say("I never keep places. If you meant your time zone, open Settings."),
        "contact": voice.say("I never keep anyone's contact details."),
        "empty": voice.say("There was nothing in it to keep. A word is enough."),
    }.get(what, voice.say("I can't keep that kind of message. Words, a voice message, a photo or a sticker work."))
    return voice.card(line)


def home(voice: Voice, *, paired: bool, next_at: str | None) -> Card:
    """Where every flow can end: what is next, and what can be done."""
    lines = [voice.say("<b>Here I am</b>"), ""]
    if next_at is not None:
        lines += [voice.say("Next prompt: {when}", when=Markup(next_at)), ""]
    lines.append(voice.say("What would you like to do?"))
    first = (
        Button(voice.label("Note something"), Tap.of("log"), style="primary")
        if paired
        else Button(voice.label("Invite someone"), Tap.of("pair"), style="primary")
    )
    return voice.card(
        "\n".join(lines),
        [first],
        [Button(voice.label("Check in now"), Tap.of("checkin")), Button(voice.label("Settings"), Tap.of("set"))],
        [Button(voice.label("Everything I can do"), Tap.of("all"))],
    )
