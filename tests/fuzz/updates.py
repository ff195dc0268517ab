"""Updates by chance, from a seed: what people do, what Telegram may send, and what it never would.

The people are the sandbox's, so that replies, edits, reactions and taps mean messages that are there. Kinds that nobody here
knows how to make are built from the Bot API's own data, where it lies beside the repository. Last come broken ones: a field
missing, of another type, far too large, far too deep; and bodies that are no JSON at all.
"""

from __future__ import annotations

import copy
import json
import random
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.chat.routes import COMMANDS, TAPS
from bot.sandbox import methods
from bot.sandbox.attachments import MADE_UP
from bot.sandbox.telegram import Chat, Person, SandboxError, Telegram
from tests import botapi

Json = dict[str, Any]

NAMES = (
    "Asha", "Tom", "नूर", "ليلى", "Zoë", "", " ", "<b>Bo</b> & Co", "\u202eTom", "\u200b\u2060", "👩‍👩‍👧‍👦" * 9, "a\u0301" * 64, "x" * 64,
    "{name}", "%s%n", "\n\n", "'; DROP TABLE person; --", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\x00",
)  # fmt: skip
LANGUAGES = ("en", "hi", "ar", "fr", "fr-ca", "en-IN", "pt-br", "de", "", "zz-ZZ", "x" * 40)
TEXTS = (
    "she made tea before I asked", "चाय बनाई, बिना कहे", "حضّر الشاي دون أن أطلب", "il a préparé le thé", "ok", "?", " ", "\n",
    "", "21:00", "9pm", "٢١:٠٠", "22:00 - 07:00", "25:99", "Mumbai", "Toronto", "san", "ABCDEFGH", "abcd efgh", "ABCD-EFGH",
    "I want to die", "मैं मरना चाहता हूँ", "أريد أن أموت", "je veux mourir", "<b>bold", "<a href='x'>&amp;</a>&&&<<>>", "\u202eevil\u2066",
    "\u200b\u200c\u200d\ufeff", "a" + "\u0301" * 3000, "👨‍👩‍👧‍👦" * 300, "x" * 4096, "𝒳" * 2048, "ا" * 4096, "\x00\x01\x02\x7f",
    "\u2028\u2029", "{name}", "{0}", "%(name)s", "[a|b]", "line\n" * 500, "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\ufdfd" * 400, "1" * 400, "-1", "/", "//", "@", "null",
)  # fmt: skip
FLOWS = ("log", "checkin", "reset", "week", "settings", "pair", "pause", "journal")
"""Commands that lead on to something."""
CODE = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
NUMBERS = (0, 1, 2, 3, 5, 8, 20, 55, 144, -1, 10**6, 2**31, 2**53, 2**63 - 1)
ARGUMENTS = (
    *map(str, NUMBERS), str(2**63), "9" * 40, "", " ", "x", "-", "name", "noticed", "given", "all", "en-US", "ar-AE", "xx", "UTC", "Asia/Kolkata",
    "../etc", "partner", "evening", "gentle", "twice", "hour", "tonight", "tomorrow", "zone", "quiet", "reach", "resets", "shares", "practical",
    "formal", "1200", "1439", "1440", "٣", "é", "\u202e", "\x00",
)  # fmt: skip
WRONG: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**53, 2**63 - 1, 2**64, 2**70, -(2**63), 1e308, float("nan"), float("inf"), "", "x", "1", "x" * 5000,
    "\ud83d", [], [[]], [None], [1, "x"], {}, {"id": 1}, {"": ""}, {"type": "private"}, {"id": "x", "type": []},
)  # fmt: skip
HUGE = 1_100_000
"""Bytes of a body that is larger than the bot takes."""
DEPTH = 5
"""How deep what is built from the Bot API's data may nest."""


@dataclass(frozen=True, slots=True)
class Post:
    """One request to the webhook."""

    number: int
    kind: str
    body: bytes
    query: str | None = None
    """The callback query that is in it and has to be answered."""
    broken: bool = False
    """Telegram would never send this; it may be refused."""


class Tape(Telegram):
    """A Telegram that brings no updates by itself: it gives them to whoever plays."""

    taken: list[tuple[str, Json]]

    def enqueue(self, kind: str, content: Json) -> None:
        """Put an update on the tape, of whatever kind."""
        self.taken.append((kind, content))


class Updates:
    """The generator. *telegram* is where its people live; the same seed and the same answers give the same updates."""

    def __init__(self, seed: int, telegram: Tape, *, people: int) -> None:
        self.chance = random.Random(seed)
        self.telegram = telegram
        telegram.taken = []
        self.people = [self._arrives() for _ in range(people)]
        self.groups: list[Chat] = []
        self._number = 1_000_000
        self._said: deque[tuple[Person, Json]] = deque(maxlen=500)
        self._posted: deque[Post] = deque(maxlen=2_000)
        self._held: list[Post] = []
        self._types: dict[str, Any] = botapi.data()["types"] if botapi.DATA.is_file() else {}
        self._ways = (
            (self._goes_on, 25), (self._meets, 4), (self._speaks, 24), (self._taps, 25), (self._attaches, 8), (self._replies, 8), (self._edits, 5), (self._reacts, 3),
            (self._blocks, 2), (self._meets_in_groups, 2), (self._anything_in_a_message, 6), (self._anything, 5),
        )  # fmt: skip

    def some(self, count: int) -> list[Post]:
        """The next *count* of them, not in their order: some are held back, some come twice, some come again much later."""
        wave = self._held
        self._held = []
        while len(wave) < count:
            dice = self.chance.random()
            if dice < 0.05 and self._posted:
                wave.append(self.chance.choice(self._posted))
            elif dice < 0.15:
                wave.append(self._broken())
            else:
                wave += self._whole()
        self._posted.extend(wave)
        self.chance.shuffle(wave)
        late = self.chance.randrange(max(1, count // 20))
        self._held, wave = wave[:late], wave[late:]
        return wave

    # ---- what people do

    def _whole(self) -> list[Post]:
        ways, weights = zip(*self._ways, strict=True)
        way = self.chance.choices(ways, weights)[0]
        try:
            way()
        except SandboxError:  # nobody can do that now: they block the bot, the message is gone
            return []
        taken, self.telegram.taken = self.telegram.taken, []
        return [self._post(way.__name__, kind, content) for kind, content in taken]

    def _post(self, way: str, kind: str, content: Json) -> Post:
        self._number += 1
        body = json.dumps({"update_id": self._number, kind: content}).encode()
        query = str(content["id"]) if kind == "callback_query" else None
        return Post(self._number, f"{way} {kind}", body, query)

    def _arrives(self) -> Person:
        chance = self.chance
        name, last = chance.choice(NAMES), chance.choice((None, None, chance.choice(NAMES)))
        code = chance.choice(LANGUAGES)
        return self.telegram.join(name, last_name=last, language_code=code, username=chance.choice((None, "somebody")))

    def _who(self) -> Person:
        if self.chance.random() < 0.002:
            self.people[self.chance.randrange(len(self.people))] = self._arrives()
        return self.chance.choice(self.people)

    def _text(self) -> str:
        chance = self.chance
        return chance.choice(
            (
                chance.choice(TEXTS),
                f"{chance.choice(TEXTS)} {chance.choice(TEXTS)}"[:4096],
                "".join(chr(chance.choice((32, 97, 233, 0x915, 0x645, 0x200D, 0x1F600)) + chance.randrange(40)) for _ in range(20)),
                f"/{chance.choice(list(COMMANDS))}",
                f"/{chance.choice(list(COMMANDS))}",
                f"/{chance.choice(list(COMMANDS))}@{chance.choice(('recipro_sandbox_bot', 'other_bot'))} {chance.choice(TEXTS)}"[:4096],
                f"/start {''.join(chance.choices(CODE, k=8))}",
            )
        )  # fmt: skip

    def _speaks(self) -> None:
        who = self._who()
        text = self._text() or "."
        dice = self.chance.random()
        if dice < 0.2:
            text = self._label(who) or text
        elif dice < 0.5:
            text = f"/{self.chance.choice(FLOWS)}"
        if who.blocked and self.chance.random() < 0.5:
            text = "/start"
        forward = self.chance.random() < 0.03
        self._note(who, self.telegram.say(who, text, **({"forward": True} if forward else {})))

    def _replies(self) -> None:
        who = self._who()
        message = self._seen(who)
        self._note(who, self.telegram.say(who, self._text() or ".", reply_to=message))

    def _attaches(self) -> None:
        who = self._who()
        kind = self.chance.choice(list(MADE_UP))
        text = self._text()[:1024] if self.chance.random() < 0.5 else None
        reply_to = self._seen(who) if self.chance.random() < 0.4 else None
        self._note(who, self.telegram.say(who, text, reply_to=reply_to, **{kind: True}))

    def _edits(self) -> None:
        if self._said:
            who, message = self.chance.choice(self._said)
            self.telegram.edit(who, message, self._text() or ".")

    def _reacts(self) -> None:
        who = self._who()
        self.telegram.react(who, self._seen(who), self.chance.choice((None, *sorted(methods.REACTIONS))))

    def _taps(self) -> None:
        chance, who = self.chance, self._who()
        message = self._newest(who) if chance.random() < 0.5 else self._seen(who)
        offered = self._buttons(message)
        dice = chance.random()
        if dice < 0.7 and offered:
            data = chance.choice(offered)
        elif dice < 0.8:
            words = [chance.choice(list(TAPS)), *chance.choices(ARGUMENTS, k=chance.randrange(4))]
            data = ":".join(words)
        else:
            data = chance.choice(
                ("x" * 64, "x" * 65, ":", "::::", "", "é" * 32, "\x00", chance.choice(TEXTS)[:64], "tap")
            )
        query = self.telegram.tap(who, message, data=data)
        kind, content = self.telegram.taken[-1]
        dice = chance.random()
        if dice < 0.05:
            query.at -= timedelta(hours=1)  # too old to be answered
        elif dice < 0.08:
            content.pop("message")
            content["inline_message_id"] = "an-inline-message"
        elif dice < 0.10:
            content.pop("data")
            content["game_short_name"] = "a_game"
        elif dice < 0.14:
            content["message"] = {"chat": who.chat.about, "message_id": content["message"]["message_id"], "date": 0}
        self.telegram.taken[-1] = (kind, content)
        if dice > 0.9:  # pressed twice
            self.telegram.tap(who, message, data=data)

    def _goes_on(self) -> None:
        """What the bot suggests: the first button, or the second. So people get far."""
        who = self._who()
        message = self._newest(who)
        if offered := self._buttons(message)[:2]:
            self.telegram.tap(who, message, data=self.chance.choice([offered[0], *offered]))

    def _meets(self) -> None:
        """Somebody follows an invitation's link that another has before them."""
        copied = [button.get("copy_text", {}).get("text", "") for button in self._keys(self._newest(self._who()))]
        if link := next(filter(None, copied), None):
            self.telegram.open(self._who(), link)
        else:
            self.telegram.say(self._who(), "/pair")

    def _blocks(self) -> None:
        who = self._who()
        if who.blocked:
            self.telegram.unblock(who)
        elif self.chance.random() < 0.02:
            self.telegram.deactivate(who)
            self.people.remove(who)
            self.people.append(self._arrives())
        else:
            self.telegram.block(who)

    def _meets_in_groups(self) -> None:
        who = self._who()
        open_ones = [group for group in self.groups if group.member and group.moved_to is None]
        if not open_ones or self.chance.random() < 0.5:
            self.groups = [*self.groups[-20:], self.telegram.found_group(self.chance.choice(NAMES) or "group", who)]
        elif self.chance.random() < 0.3:
            self.groups.append(self.telegram.migrate(self.chance.choice(open_ones)))
        else:
            self.telegram.say_in_group(self.chance.choice(open_ones), who, self._text() or ".")

    # ---- what Telegram may send, by its own data

    def _anything_in_a_message(self) -> None:
        """A message of any kind that the Bot API knows, service messages too."""
        who = self._who()
        message = self.telegram.post(who.chat, who.user, {"text": "."}).message
        if self._types:
            message = {key: value for key, value in message.items() if key != "text"}
            fields = self._types["Message"]["fields"]
            for field in self.chance.sample(fields, self.chance.randrange(1, 4)):
                if field["name"] not in message:
                    message[field["name"]] = self._made(field["types"], field["name"])
        kind = self.chance.choice(("message", "message", "message", "edited_message"))
        self.telegram.taken.append((kind, message))

    def _anything(self) -> None:
        """An update of any kind that the Bot API knows, whether or not the bot asks for it."""
        if self._types:
            fields = [field for field in self._types["Update"]["fields"] if field["name"] != "update_id"]
            kind = self.chance.choice(fields)
            content = self._made(kind["types"], kind["name"])
            if kind["name"] == "callback_query":
                content["id"] = f"any-{self._number}"
            self.telegram.taken.append((kind["name"], content))

    def _made(self, types: list[str], name: str, depth: int = 0) -> Any:
        chance, kind = self.chance, self.chance.choice(types)
        if kind.startswith("Array of "):
            several = 0 if depth > DEPTH else chance.randrange(4)
            return [self._made([kind.removeprefix("Array of ")], name, depth + 1) for _ in range(several)]
        match kind:
            case "Integer":
                return self._number_for(name)
            case "String":
                return chance.choice(TEXTS)[:64] if name not in {"type", "status", "source"} else "unheard_of"
            case "Boolean":
                return True
            case "Float":
                return chance.uniform(-180, 180)
            case "User":
                return self._who().user
            case "Chat":
                return chance.choice((self._who().chat.about, self._strange_chat()))
        rules = self._types.get(kind, {})
        if "subtypes" in rules:
            return self._made([chance.choice(rules["subtypes"])], name, depth)
        return {
            field["name"]: self._made(field["types"], field["name"], depth + 1)
            for field in rules.get("fields", [])
            if field["required"] or (depth < DEPTH and chance.random() < 0.3)
        }

    def _number_for(self, name: str) -> int:
        if name == "date" or name.endswith("_date"):
            return self.telegram.stamp() - self.chance.randrange(100_000)
        if name in {"offset", "length"}:
            return self.chance.randrange(64)
        number = self.chance.choice(NUMBERS)
        return abs(number) % 2**31 if name.endswith("message_id") else number

    def _strange_chat(self) -> Json:
        kind = self.chance.choice(("group", "supergroup", "channel", "private"))
        number = self.chance.randrange(10**9, 10**10)
        return {
            "id": number if kind == "private" else -(10**12) - number,
            "type": kind,
            "title": self.chance.choice(NAMES),
        }

    # ---- what it never would

    def _broken(self) -> Post:
        chance = self.chance
        whole: list[Post] = []
        while not whole:
            whole = self._whole()
        body = whole[0].body
        if chance.random() < 0.3:
            return Post(whole[0].number, "no JSON", self._spoiled(body), broken=True)
        update = json.loads(body)
        for _ in range(chance.randrange(1, 4)):
            self._break(update)
        if chance.random() < 0.1:
            self._deepen(update)
        return Post(whole[0].number, f"broken {whole[0].kind}", json.dumps(update).encode(), broken=True)

    def _break(self, update: Json) -> None:
        """Take away or replace something, somewhere in it."""
        chance = self.chance
        places: list[tuple[Any, Any]] = []

        def walk(holder: Any) -> None:
            for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
                places.append((holder, key))
                if isinstance(value, dict | list):
                    walk(value)

        walk(update)
        if not places:
            return
        holder, key = chance.choice(places)
        dice = chance.random()
        if dice < 0.4:
            del holder[key]
        elif dice < 0.5:
            holder[key] = [holder[key]]
        else:
            holder[key] = copy.deepcopy(chance.choice(WRONG))

    def _deepen(self, update: Json) -> None:
        """Hang something far too deep into it, somewhere."""
        deep: Any = "x"
        for _ in range(self.chance.choice((20, 200, 900))):
            deep = self.chance.choice(([deep], {"reply_to_message": deep}))
        kind = self.chance.choice([*update, "message"])
        inner = update.get(kind)
        if isinstance(inner, dict) and inner:
            inner[self.chance.choice(list(inner))] = deep
        else:
            update[kind] = deep

    def _spoiled(self, body: bytes) -> bytes:
        chance = self.chance
        at = chance.randrange(len(body))
        return chance.choice(
            (
                lambda: b"",
                lambda: body[:at],
                lambda: body + body,
                lambda: body[:at] + b"\xff\xfe" + body[at:],
                lambda: body.replace(b'"', b"'"),
                lambda: b"[" * 100_000,
                lambda: b'{"update_id":1,"message":' * 2_000,
                lambda: b'{"update_id": 1, "message": "' + b"x" * chance.choice((100_000, HUGE)) + b'"}',
                lambda: b'{"update_id": 1, "update_id": 2}',
                lambda: b'{"update_id": true, "message": {}}',
                lambda: b'{"update_id": 99999999999999999999999, "message": null}',
                lambda: bytes(chance.randrange(256) for _ in range(200)),
            )
        )()

    # ---- what is there

    def _note(self, who: Person, message: Json) -> None:
        self._said.append((who, message))

    def _seen(self, who: Person) -> Json:
        """One of the newest messages in somebody's chat, mostly the bot's; the start of it, where there is none."""
        theirs = self.telegram.inbox(who)[-6:] if self.chance.random() < 0.9 else self.telegram.chat(who)
        if not theirs:
            return self.telegram.say(who, "/start")
        return self.chance.choice(theirs)

    def _newest(self, who: Person) -> Json:
        """The newest message with buttons, where somebody goes on."""
        shown = reversed(self.telegram.inbox(who))
        return next((message for message in shown if message.get("reply_markup")), None) or self._seen(who)

    def _buttons(self, message: Json) -> list[str]:
        return [str(button["callback_data"]) for button in self._keys(message) if "callback_data" in button]

    def _keys(self, message: Json) -> list[Json]:
        return [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]

    def _label(self, who: Person) -> str | None:
        """The words of a button that somebody has before them."""
        for message in reversed(self.telegram.inbox(who)):
            if labels := [button["text"] for button in self._keys(message)]:
                return str(self.chance.choice(labels))
        return None
