"""Telegram itself, without the network: people, chats, messages, updates, the bot's account and a journal of its calls.

The bot's side is `call(method, params)`, which answers or raises Refusal in Telegram's words. The people's side:
`join`, `say`, `edit`, `react`, `delete`, `tap`, `open`, `block`, `unblock`, `deactivate`, `found_group`, `say_in_group`,
`migrate`; what they see: `chat`, `shown`, `commands_for`, `description_for`, `state`. For tests besides: `journal`, `accepted`,
`faults`, `rates`, `events_after`. It has no clock of its own, does no I/O and never waits, except `Query.answered`.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bot.sandbox import markup, methods, rules
from bot.sandbox.attachments import MADE_UP, Files
from bot.sandbox.faults import Fault, Faults, Rates
from bot.sandbox.rules import Json, Refusal, Upload

TOKEN = "1000001:sandbox_token_that_opens_no_door_at_all"  # noqa: S105 - opens nothing, and has a real one's shape
"""The token under which the sandbox's bot is known, unless told otherwise."""
JOURNAL = 20_000
"""Calls that the journal remembers."""
EVENTS = 10_000
"""Events that somebody who comes back can still read."""
DEFAULT_KINDS = frozenset({"message", "edited_message", "callback_query", "my_chat_member"})
"""Updates sent to a bot that named none; reactions must be asked for (core.telegram.org/bots/api#getupdates)."""

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
_START_LINK = re.compile(r"https?://t\.me/\w+\?start=([A-Za-z0-9_-]{0,64})")
_FOR_A_BOT = re.compile(r"/[A-Za-z0-9_]{1,32}(@\w+)?")


class SandboxError(ValueError):
    """Somebody asked the sandbox for what nobody can do, such as tapping a button that is not there."""


@dataclass(slots=True)
class Post:
    """A message and what happened to it. *message* is replaced, never changed, so who holds an old one keeps it."""

    message: Json
    seq: int
    reactions: dict[int, str] = field(default_factory=dict)
    deleted: bool = False
    input: Json | None = None
    """The keyboard or forced reply that came with it; Telegram shows these to people, not in Message."""


@dataclass(slots=True)
class Chat:
    """A private chat or a group, with its messages by id."""

    id: int
    about: Json
    posts: dict[int, Post] = field(default_factory=dict)
    member: bool = True
    left: bool = False
    moved_to: int | None = None
    typing_until: float = 0.0
    menu_button: Json | None = None

    @property
    def private(self) -> bool:
        """Whether it is one person's chat with the bot."""
        return self.id > 0


@dataclass(slots=True)
class Person:
    """Somebody with a phone. Their id is also the id of their chat with the bot."""

    id: int
    user: Json
    zone: str
    country: str
    title: str
    chat: Chat
    blocked: bool = False
    started: bool = False
    deactivated: bool = False
    met: bool = False
    """Whether the bot has seen them in a group, which changes how it is refused."""

    @property
    def language_code(self) -> str:
        """Their client's language, or nothing."""
        return str(self.user.get("language_code", ""))

    def shown(self) -> Json:
        """The person as JSON."""
        user = {key: value for key, value in self.user.items() if key != "is_bot"}
        return {
            **user,
            "zone": self.zone,
            "country": self.country,
            "blocked": self.blocked,
            "started": self.started,
            "deactivated": self.deactivated,
            "title": self.title,
        }


@dataclass(slots=True)
class Query:
    """A tap on a button. *answer* is what the bot said to it, once it did."""

    id: str
    person: Person
    message_id: int
    data: str
    at: datetime
    answer: Json | None = None
    waiting: list[asyncio.Future[Json]] = field(default_factory=list)

    def settle(self, answer: Json) -> None:
        """The bot has answered."""
        self.answer = answer
        for future in self.waiting:
            if not future.done():
                future.set_result(answer)
        self.waiting.clear()

    async def answered(self, within: float = 10.0) -> Json | None:
        """The answer, waiting *within* real seconds for it; None when it did not come."""
        if self.answer is not None:
            return self.answer
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        try:
            return await asyncio.wait_for(future, within)
        except TimeoutError:
            return None


class Call(NamedTuple):
    """One Bot API call: *error* is None when it was obeyed."""

    at: datetime
    method: str
    params: Json
    result: Any
    error: Json | None

    def shown(self) -> Json:
        """The call as JSON."""
        told = {"at": self.at, "method": self.method, "params": self.params, "ok": self.error is None}
        return {**told, "result": self.result} if self.error is None else {**told, "error": self.error}


class Event(NamedTuple):
    """Something that a page may want to show. *data* is made when it is read."""

    seq: int
    type: str
    chat_id: int | None
    data: Any


class Telegram:
    """The whole of it. *now* gives aware UTC moments.

    *limit_per_second* and *limit_per_chat* switch Telegram's rates on. *anyone* lets the bot write to ids that never
    joined (for benchmarks). *history* bounds the messages kept for each chat. *reactions* False behaves like those private
    chats in which people's reactions never reach a bot. Give other first ids when the bot's database outlives this object:
    ids are never used twice, and the bot relies on it.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        token: str = TOKEN,
        username: str = "recipro_sandbox_bot",
        first_name: str = "Recipro",
        limit_per_second: float | None = None,
        limit_per_chat: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        seed: int = 0,
        first_message_id: int = 1,
        first_update_id: int = 1,
        history: int = 10_000,
        anyone: bool = False,
        reactions: bool = True,
    ) -> None:
        self.now = now
        self.token = token
        self.anyone = anyone
        self.history = history
        self.hears_reactions = reactions
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": first_name,
            "username": username,
        }
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.files = Files()
        self.faults = Faults(seed)
        self.rates = Rates(monotonic, per_second=limit_per_second, per_chat=limit_per_chat)
        self.accepted = 0
        """Sends that Telegram took, whether or not its answer arrived."""
        self.commands: dict[tuple[tuple[Any, ...], str], list[Json]] = {}
        self.texts: dict[tuple[str, str], str] = {}
        """Name, description and short description, by kind and language."""
        self.menu_button: Json = {"type": "commands"}
        self.webhook: Json = {"url": ""}
        self.allowed: frozenset[str] = DEFAULT_KINDS
        self.allowed_named: list[str] = []
        self.updates: deque[Json] = deque()
        """What the bot has not confirmed yet, oldest first."""
        self.online = False
        """Whether the bot is polling or takes a webhook; the server knows."""
        self.seq = 0
        self._calls: deque[Call] = deque(maxlen=JOURNAL)
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._watchers: list[Callable[[], None]] = []
        self._message_ids: Iterator[int] = itertools.count(first_message_id)
        self._update_ids: Iterator[int] = itertools.count(first_update_id)
        self._query_ids: Iterator[int] = itertools.count(first_update_id * 1000 + 1)
        self._person_ids: Iterator[int] = itertools.count(501)
        self._group_ids: Iterator[int] = itertools.count(1)

    # ---- the bot's side

    def call(
        self,
        method: str,
        given: Json | None = None,
        *,
        files: dict[str, Upload] | None = None,
        fault: Fault | None = None,
    ) -> Any:
        """Obey one Bot API call, or raise Refusal. *files* are those meant by ``attach://name``.

        *fault* has struck it; only the server strikes by itself.

        getUpdates answers at once with what there is: waiting belongs to the server.
        """
        params: Json = given or {}
        name = rules.spelled(method) or method
        try:
            if fault is not None and (refusal := fault.refusal()):
                raise refusal
            params = rules.read(name, params)
            result = methods.CALLS[name](self, {**params, "attached": files} if files else params)
        except Refusal as refusal:
            self.note(name, params, error=refusal)
            raise
        self.note(name, params, result=result)
        return result

    def note(self, method: str, params: Json, *, result: Any = None, error: Refusal | None = None) -> None:
        """Write one call into the journal."""
        call = Call(self.now(), method, params, result, error.body() if error else None)
        self._calls.append(call)
        if result or error or method != "getUpdates":
            self.tell("call", params.get("chat_id"), call)

    def journal(self, method: str | None = None, chat_id: int | None = None) -> list[Call]:
        """The remembered calls, oldest first, of one method or about one chat."""
        return [
            call
            for call in self._calls
            if (method is None or call.method == method)
            and (chat_id is None or str(call.params.get("chat_id")) == str(chat_id))
        ]

    def forget_journal(self) -> None:
        """Empty the journal and the count of accepted sends."""
        self._calls.clear()
        self.accepted = 0

    def confirm(self, offset: int) -> None:
        """The bot has asked for updates from *offset* on: older ones never come again."""
        if offset < 0:
            while len(self.updates) > -offset:
                self.updates.popleft()
            return
        while self.updates and self.updates[0]["update_id"] < offset:
            self.updates.popleft()

    def allow(self, kinds: list[str] | None) -> None:
        """Remember which updates the bot wants; None changes nothing, an empty list means the usual ones."""
        if kinds is None:
            return
        self.allowed_named = list(kinds)
        self.allowed = frozenset(kinds) or DEFAULT_KINDS

    def post(self, chat: Chat, author: Json, content: Json, *, reply_to: Post | None = None) -> Post:
        """Put a new message into *chat*."""
        message: Json = {
            "message_id": next(self._message_ids),
            "from": author,
            "chat": chat.about,
            "date": self.stamp(),
            **content,
        }
        if reply_to is not None:
            answered = {key: value for key, value in reply_to.message.items() if key != "reply_to_message"}
            message["reply_to_message"] = answered
        post = Post(message, 0)
        chat.posts[message["message_id"]] = post
        if len(chat.posts) > self.history:
            del chat.posts[next(iter(chat.posts))]
        if author is self.bot:
            chat.typing_until = 0.0
        post.seq = self.tell("message", chat.id, post)
        return post

    def revise(self, chat: Chat, post: Post, changes: Json, *, drop: Iterable[str] = ()) -> None:
        """Replace parts of a message and mark it as edited."""
        kept = {key: value for key, value in post.message.items() if key not in set(drop)}
        post.message = {**kept, **changes, "edit_date": self.stamp()}
        post.seq = self.tell("edited", chat.id, post)

    def remove(self, chat: Chat, post: Post) -> None:
        """Take a message away from both sides."""
        post.deleted = True
        post.seq = self.tell("deleted", chat.id, post)

    def set_reaction(self, chat: Chat, post: Post, who: int, emoji: str | None) -> str | None:
        """Put *who*'s reaction on a message, or take it back. Returns the one before."""
        before = post.reactions.pop(who, None)
        if emoji is not None:
            post.reactions[who] = emoji
        post.seq = self.tell("reaction", chat.id, post)
        return before

    def stamp(self) -> int:
        """Now, as Telegram writes it: seconds since 1970."""
        return int(self.now().timestamp())

    def enqueue(self, kind: str, content: Json) -> None:
        """Offer an update to the bot, if it wants this kind. An update's id is never used twice."""
        if kind not in self.allowed:
            return
        update = {"update_id": next(self._update_ids), kind: content}
        self.updates.append(update)
        self.tell("update", None, {"update_id": update["update_id"], "kind": kind})

    def set_online(self, *, online: bool) -> None:
        """Say that the bot is there, or is not. The server sees it by its polls; who starts and stops it knows sooner."""
        if online != self.online:
            self.online = online
            self.tell("bot", None, self.state()["bot"])

    # ---- what happens, for whoever looks on

    def tell(self, kind: str, chat_id: Any, data: Any) -> int:
        """Record an event and wake those who watch. Returns its number."""
        self.seq += 1
        self._events.append(Event(self.seq, kind, chat_id if isinstance(chat_id, int) else None, data))
        for watcher in self._watchers:
            watcher()
        return self.seq

    def events_after(self, seq: int) -> list[Event]:
        """Events later than number *seq*, oldest first, as far back as they are kept."""
        fresh = []
        for event in reversed(self._events):
            if event.seq <= seq:
                break
            fresh.append(event)
        return fresh[::-1]

    def event_json(self, event: Event) -> Json:
        """An event as JSON."""
        data = event.data
        if isinstance(data, Post):
            data = self.view(data)
        elif isinstance(data, Call | Person):
            data = data.shown()
        told: Json = {"seq": event.seq, "type": event.type, "data": data}
        return told if event.chat_id is None else {**told, "chat_id": event.chat_id}

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call *callback* at each event; it must be quick. Returns what ends it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    # ---- the people's side

    def join(
        self,
        first_name: str,
        *,
        language_code: str | None = None,
        zone: str = "UTC",
        country: str = "",
        last_name: str | None = None,
        username: str | None = None,
        id: int | None = None,  # noqa: A002 - the contract's own word
        title: str | None = None,
        started: bool = False,
    ) -> Person:
        """Give somebody a phone. *started* spares them the Start button."""
        number = id if id is not None else next(n for n in self._person_ids if n not in self.people)
        if number <= 0 or number in self.people or number == self.bot["id"]:
            raise SandboxError(f"nobody new can have the id {number}")
        names: Json = {"first_name": first_name}
        if last_name:
            names["last_name"] = last_name
        if username:
            names["username"] = username
        user: Json = {"id": number, "is_bot": False, **names}
        if language_code:
            user["language_code"] = language_code
        chat = Chat(number, {"id": number, **names, "type": "private"})
        city = zone.rpartition("/")[2].replace("_", " ")
        person = Person(number, user, zone, country, title or f"{first_name} in {city}", chat, started=started)
        self.people[number] = person
        self.chats[number] = chat
        self.tell("person", number, person)
        return person

    def person(self, number: int) -> Person:
        """Who has this id. Raises SandboxError for nobody."""
        try:
            return self.people[number]
        except KeyError:
            raise SandboxError(f"nobody here has the id {number}") from None

    def say(
        self, person: Person, text: str | None = None, *, reply_to: Json | int | None = None, **attached: Any
    ) -> Json:
        """Send something to the bot: *text*, or one of photo, voice, … (``photo=True``), or ``forward=True`` with text."""
        if text is not None and text.split(maxsplit=1)[:1] == ["/start"]:
            if person.blocked:
                self.unblock(person)
            self._mark_started(person)
        self._check_may_write(person)
        answered = None if reply_to is None else self._seen(person.chat, reply_to)
        post = self.post(person.chat, person.user, self._content(text, attached), reply_to=answered)
        self.enqueue("message", post.message)
        return post.message

    def open(self, person: Person, payload: str) -> Json:
        """Follow a deep link: *payload* is its code, or the whole link."""
        link = _START_LINK.search(payload)
        code = link[1] if link else payload
        if not _PAYLOAD.fullmatch(code):
            raise SandboxError("a start parameter is up to 64 of A-Z a-z 0-9 _ -")
        return self.say(person, f"/start {code}".strip())

    def edit(self, person: Person, message: Json | int, text: str) -> Json:
        """Change an own message."""
        self._check_may_write(person)
        post = self._own(person, message)
        slot = "text" if "text" in post.message else "caption"
        if slot == "caption" and not any(kind in post.message for kind in ("photo", "voice", "audio", "document")):
            raise SandboxError("this message has no words to change")
        if post.message.get(slot) == text:
            return post.message
        self.revise(person.chat, post, self._words(text, slot), drop=(slot, _entities(slot)))
        self.enqueue("edited_message", post.message)
        return post.message

    def react(self, person: Person, message: Json | int, emoji: str | None) -> None:
        """Put a reaction on any message, or take it back with None."""
        emoji = emoji and emoji.replace("\ufe0f", "")
        post = self._seen(person.chat, message)
        if emoji is not None and emoji not in methods.REACTIONS:
            raise SandboxError("Telegram offers no such reaction")
        before = self.set_reaction(person.chat, post, person.id, emoji)
        if self.hears_reactions and before != emoji and not person.blocked:
            self.enqueue(
                "message_reaction",
                {
                    "chat": person.chat.about,
                    "message_id": post.message["message_id"],
                    "user": person.user,
                    "date": self.stamp(),
                    "old_reaction": [{"type": "emoji", "emoji": before}] if before else [],
                    "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
                },
            )

    def delete(self, person: Person, message: Json | int) -> None:
        """Delete any message for both sides. The bot is not told."""
        self.remove(person.chat, self._seen(person.chat, message))

    def tap(
        self,
        person: Person,
        message: Json | int,
        row: int = 0,
        column: int = 0,
        *,
        data: str | None = None,
        label: str | None = None,
    ) -> Query:
        """Press a button by its place, its *label*, or with any *data* (as an old message or a forger would)."""
        if person.blocked:
            raise SandboxError("whoever blocks the bot cannot press its buttons")
        number = message if isinstance(message, int) else int(message["message_id"])
        post = person.chat.posts.get(number)
        if data is None:
            data = _button(self._seen(person.chat, number).message, row, column, label)
        query = Query(str(next(self._query_ids)), person, number, data, self.now())
        self.queries[query.id] = query
        while len(self.queries) > JOURNAL:
            del self.queries[next(iter(self.queries))]
        if post is None or post.deleted:
            shown: Json = {"chat": person.chat.about, "message_id": number, "date": 0}
        else:
            shown = post.message
        instance = str(-(person.id * 7_919 + self.bot["id"]))
        content = {"id": query.id, "from": person.user, "message": shown, "chat_instance": instance, "data": data}
        self.enqueue("callback_query", content)
        return query

    def block(self, person: Person) -> None:
        """Stop and block the bot."""
        if not person.blocked:
            person.blocked = True
            self._tell_membership(person.chat, person.user, "member", "kicked")
            self.tell("person", person.id, person)

    def unblock(self, person: Person) -> None:
        """Let the bot write again."""
        if person.blocked:
            person.blocked = False
            self._tell_membership(person.chat, person.user, "kicked", "member")
            self.tell("person", person.id, person)

    def deactivate(self, person: Person) -> None:
        """Close the account for good. The bot learns it only when it writes."""
        person.deactivated = True
        self.tell("person", person.id, person)

    def found_group(self, title: str, by: Person) -> Chat:
        """Make a group of *by* and the bot."""
        number = -next(self._group_ids) - 4_000_000_000
        chat = Chat(number, {"id": number, "title": title, "type": "group"})
        self.chats[number] = chat
        by.met = True
        self._tell_membership(chat, by.user, "left", "member")
        post = self.post(chat, by.user, {"group_chat_created": True})
        self.enqueue("message", post.message)
        return chat

    def say_in_group(self, chat: Chat, by: Person, text: str, *, reply_to: Json | int | None = None) -> Json:
        """Write in a group. In privacy mode the bot hears commands and answers to itself only."""
        by.met = True
        answered = None if reply_to is None else self._seen(chat, reply_to)
        post = self.post(chat, by.user, self._words(text, "text"), reply_to=answered)
        command = _FOR_A_BOT.match(text)
        addressed = command is not None and command[1] in {None, f"@{self.bot['username']}"}
        to_bot = answered is not None and answered.message["from"]["id"] == self.bot["id"]
        if chat.member and (addressed or to_bot):
            self.enqueue("message", post.message)
        return post.message

    def migrate(self, chat: Chat) -> Chat:
        """Turn a group into a supergroup, whose id is another one."""
        number = -1_000_000_000_000 + chat.id
        moved = Chat(number, {**chat.about, "id": number, "type": "supergroup"})
        self.chats[number] = moved
        chat.moved_to = number
        post = self.post(chat, self.bot, {"migrate_to_chat_id": number})
        self.enqueue("message", post.message)
        return moved

    def leave_group(self, chat: Chat) -> None:
        """The bot goes."""
        chat.member = False
        chat.left = True
        self._tell_membership(chat, self.bot, "member", "left")

    # ---- what people see

    def chat(self, person: Person | Chat, *, deleted: bool = False, after: int = 0) -> list[Json]:
        """Messages of a chat, oldest first, as Bot API Message objects with *reactions*, *deleted* and *seq* added."""
        posts = (person.chat if isinstance(person, Person) else person).posts.values()
        return [self.view(post) for post in posts if post.seq > after and (deleted or not post.deleted)]

    def inbox(self, person: Person) -> list[Json]:
        """What the bot has written to *person* and not deleted, oldest first, as plain Message objects."""
        return [
            post.message for post in person.chat.posts.values() if post.message["from"] is self.bot and not post.deleted
        ]

    def view(self, post: Post) -> Json:
        """A message as people see it."""
        seen: Json = {
            **post.message,
            "seq": post.seq,
            "deleted": post.deleted,
            "reactions": [{"emoji": emoji, "from": who} for who, emoji in post.reactions.items()],
        }
        return seen if post.input is None else {**seen, "input": post.input}

    def shown(self, person: Person, *, after: int | None = None) -> Json:
        """A person's whole phone. With *after*, only what changed since that number, deletions included."""
        messages = self.chat(person) if after is None else self.chat(person, deleted=True, after=after)
        return {
            "seq": self.seq,
            "messages": messages,
            "commands": self.commands_for(person),
            "menu_button": person.chat.menu_button or self.menu_button,
            "typing": person.chat.typing_until > self.now().timestamp(),
            "description": self.text_for("description", person.language_code),
            "short_description": self.text_for("short_description", person.language_code),
            "name": self.text_for("name", person.language_code) or self.bot["first_name"],
        }

    def commands_for(self, person: Person) -> list[Json]:
        """The menu that Telegram would show: the narrowest scope first, in each their language first."""
        language = person.language_code[:2]
        for scope in (("chat", person.id), ("all_private_chats",), ("default",)):
            for code in (language, ""):
                if commands := self.commands.get((scope, code)):
                    return commands
        return []

    def text_for(self, kind: str, language_code: str) -> str:
        """Name, description or short description in a language, or the one for everybody."""
        return self.texts.get((kind, language_code[:2])) or self.texts.get((kind, ""), "")

    def state(self) -> Json:
        """Who is here."""
        hooked = bool(self.webhook["url"])
        return {
            "now": self.now().astimezone(UTC).isoformat(),
            "seq": self.seq,
            "bot": {
                "id": self.bot["id"],
                "username": self.bot["username"],
                "first_name": self.bot["first_name"],
                "online": self.online,
                "pending": len(self.updates),
                "polling": self.online and not hooked,
                "webhook": hooked,
            },
            "people": [person.shown() for person in self.people.values()],
            "groups": [chat.about for chat in self.chats.values() if not chat.private],
        }

    # ---- small steps

    def _mark_started(self, person: Person) -> None:
        if not person.started:
            person.started = True
            self.tell("person", person.id, person)

    def _check_may_write(self, person: Person) -> None:
        if person.deactivated:
            raise SandboxError(f"{person.title} has no account any more")
        if person.blocked:
            raise SandboxError(f"{person.title} blocks the bot; unblock it first")
        self._mark_started(person)

    def _seen(self, chat: Chat, message: Json | int) -> Post:
        number = message if isinstance(message, int) else int(message["message_id"])
        post = chat.posts.get(number)
        if post is None or post.deleted:
            raise SandboxError(f"there is no message {number} in this chat")
        return post

    def _own(self, person: Person, message: Json | int) -> Post:
        post = self._seen(person.chat, message)
        if post.message["from"]["id"] != person.id:
            raise SandboxError("only one's own messages can be changed")
        return post

    def _content(self, text: str | None, attached: Json) -> Json:
        forward = attached.pop("forward", None)
        kinds = [kind for kind, value in attached.items() if value not in (None, False)]
        if unknown := [kind for kind in kinds if kind not in MADE_UP]:
            raise SandboxError(f"nobody can send {', '.join(unknown)}")
        if len(kinds) > 1 or (not kinds and not (text or "").strip()):
            raise SandboxError("a message is some text or one thing")
        content: Json = MADE_UP[kinds[0]](self.files, attached[kinds[0]]) if kinds else {}
        if text and text.strip():
            content.update(self._words(text, "caption" if kinds else "text"))
        if forward:
            origin = {"type": "hidden_user", "date": self.stamp(), "sender_user_name": "Somebody"}
            content["forward_origin"] = {**origin, **forward} if isinstance(forward, dict) else origin
        return content

    def _words(self, text: str, slot: str) -> Json:
        plain, _ = markup.trimmed(text, [])
        limit = methods.TEXT_LIMIT if slot == "text" else methods.CAPTION_LIMIT
        if not plain or markup.utf16(plain) > limit:
            raise SandboxError(f"a person's message has 1 to {limit} units, not {markup.utf16(plain)}")
        entities = markup.found(plain, [])
        return {slot: plain, _entities(slot): entities} if entities else {slot: plain}

    def _tell_membership(self, chat: Chat, by: Json, before: str, after: str) -> None:
        def member(status: str) -> Json:
            state: Json = {"status": status, "user": self.bot}
            return {**state, "until_date": 0} if status == "kicked" else state

        self.enqueue(
            "my_chat_member",
            {
                "chat": chat.about,
                "from": by,
                "date": self.stamp(),
                "old_chat_member": member(before),
                "new_chat_member": member(after),
            },
        )


def _entities(slot: str) -> str:
    return "entities" if slot == "text" else "caption_entities"


def _button(message: Json, row: int, column: int, label: str | None) -> str:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    if label is not None:
        found = [button for line in rows for button in line if button["text"] == label]
    else:
        found = rows[row][column : column + 1] if 0 <= row < len(rows) and column >= 0 else []
    if not found:
        raise SandboxError(f"message {message['message_id']} has no such button")
    if "callback_data" not in found[0]:
        raise SandboxError("this button opens or copies something and tells the bot nothing")
    return str(found[0]["callback_data"])
