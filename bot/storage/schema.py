"""The tables. An index names the query that reads it; a UNIQUE is a promise.

Four carry the engine: rhythm (when, never rewritten by time), zone_cursor (how far each zone's wall clock has been
served), raised (prompts that have come due and that nobody has taken up), delivery (what happened). Every table has its line
in storage/erasure.py; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)

from bot.storage.columns import Sealed, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite only counts up by itself in a column called INTEGER."""


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _person(name: str = "person_id", *, null: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey("person.id", ondelete="CASCADE"), nullable=null)


def _pair(*, null: bool = False) -> Column[int]:
    return Column("pair_id", Id, ForeignKey("pair.id", ondelete="CASCADE"), nullable=null)


person = Table(
    "person",
    metadata,
    _id(),
    Column("chat_id", BigInteger, nullable=False, unique=True),
    Column("name", Sealed, nullable=False),
    Column("locale", String(8), nullable=False),
    Column("address", String(12), nullable=False),
    Column("stage", String(12), nullable=False),
    Column("zone", String(48), nullable=False),
    Column("country", String(2), nullable=False),
    Column("pace", String(12), nullable=False),
    Column("hour", SmallInteger, nullable=False),
    Column("morning", SmallInteger, nullable=False),
    Column("week_hour", SmallInteger, nullable=False),
    Column("quiet_from", SmallInteger, nullable=False),
    Column("quiet_to", SmallInteger, nullable=False),
    Column("discreet", Boolean, nullable=False),
    Column("asking", String(64)),
    Column("heard_at", UtcDateTime, nullable=False),
    Column("paused_at", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("unreachable", String(16)),
    Column("unreachable_at", UtcDateTime),
    Column("resting", Boolean, nullable=False),
    Column("asked_lighter_at", UtcDateTime),
    Column("consent_at", UtcDateTime),
    Column("consent_version", SmallInteger),
    Column("created_at", UtcDateTime, nullable=False),
    # the invitation they came by, remembered through set-up
    Column("invite_id", Id),
    # the buttons of the newest card, so that their words can be typed too; sealed, because they can hold a name
    Column("buttons", Sealed),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

pair = Table(
    "pair",
    metadata,
    _id(),
    Column("tie", String(12), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

member = Table(
    "member",
    metadata,
    Column("pair_id", Id, ForeignKey("pair.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("inviter", Boolean, nullable=False),
    Column("left_at", UtcDateTime),
    Column("told_closed", Boolean, nullable=False),
    Column("resets_muted", Boolean, nullable=False),
    Column("shares_muted", Boolean, nullable=False),
    # this pair's own pace, where it differs from the person's
    Column("pace", String(12)),
    # how the other was called, from when they were forgotten until this one is told that the space is closed
    Column("called", Sealed),
    # read by pairs.of_person()
    Index("ix_member_person_id", "person_id"),
)

invite = Table(
    "invite",
    metadata,
    _id(),
    Column("code_hash", LargeBinary(32), nullable=False, unique=True),
    _person("inviter_id"),
    Column("tie", String(12), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("cancelled_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Column("used_by", Id, ForeignKey("person.id", ondelete="SET NULL")),
    # read by sweep and by erasure
    Index("ix_invite_inviter_id", "inviter_id"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

wrong_code = Table(
    "wrong_code",
    metadata,
    _id(),
    _person(),
    Column("at", UtcDateTime, nullable=False),
    # read by pairs.wrong_codes_since()
    Index("ix_wrong_code_person_id_at", "person_id", "at"),
)

wrong_code_gone = Table(
    "wrong_code_gone",
    metadata,
    # the same of somebody who has been forgotten since: a keyed hash of their chat, or forgetting would give five tries more
    _id(),
    Column("chat_hash", LargeBinary(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # read by pairs.wrong_codes_since()
    Index("ix_wrong_code_gone_chat_hash_at", "chat_hash", "at"),
)

shut_out = Table(
    "shut_out",
    metadata,
    # *person_id* has left *other_id*, whose invites read as unknown to them until they invite first
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("other_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
)

shut_out_gone = Table(
    "shut_out_gone",
    metadata,
    # the same of somebody who has been forgotten since: a keyed hash of their chat, should they come back as new
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("chat_hash", LargeBinary(32), primary_key=True),
)

rhythm = Table(
    "rhythm",
    metadata,
    _id(),
    _person(),
    _pair(null=True),
    Column("kind", String(12), nullable=False),
    Column("zone", String(48), nullable=False),
    Column("minute", SmallInteger, nullable=False),
    Column("weekdays", SmallInteger, nullable=False),
    # where this pair, or who is on their own, comes among all who are due at a moment: Knuth's multiplicative hash, 32 bits of it,
    # of 31 bits of the id, for the product has to fit into 64
    Column("place", BigInteger, Computed("(coalesce(pair_id, person_id) & 2147483647) * 2654435761 & 4294967295")),
    # read by rhythms.busy(), raise_slice() and raise_runs(), in this order; the last three spare a look at the row
    Index("ix_rhythm_due", "zone", "minute", "weekdays", "place", "id", "person_id", "pair_id", "kind"),
    # read by rhythms.set_of()
    Index("ix_rhythm_person_id", "person_id"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

zone_cursor = Table(
    "zone_cursor",
    metadata,
    Column("zone", String(48), primary_key=True),
    # the wall minute served last; a slice in between leaves the minute it stands in and the last rhythm it raised, as the index has it
    Column("reached", BigInteger, nullable=False),
    Column("inside", BigInteger),
    Column("weekdays", SmallInteger),
    Column("place", BigInteger),
    Column("last_id", BigInteger),
    # where versions before migration 0007 stand inside a minute, in another order: whoever finds the other's begins the minute anew
    Column("rhythm_id", BigInteger),
)

raised = Table(
    "raised",
    metadata,
    # a queue before delivery, as narrow as can be, for ten thousand come at once; no foreign keys, and nothing is unique here:
    # who is gone, and what somebody has had, is found out when it is taken up
    Column("lane", SmallInteger, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("rhythm_id", Id, nullable=False),
    Column("person_id", Id, nullable=False),
    Column("pair_id", Id),
    Column("kind", String(12), nullable=False),
    Column("day", Integer, nullable=False),
    # read by raised.take_up(), in this order
    Index("ix_raised_lane_due_at_rhythm_id", "lane", "due_at", "rhythm_id"),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _person(),
    _pair(null=True),
    Column("kind", String(16), nullable=False),
    # what it is about: the local day of a prompt, else the id of a gesture, reset, delivery …
    Column("about", BigInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("good_until", UtcDateTime, nullable=False),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_until", UtcDateTime),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    Column("sent_at", UtcDateTime),
    Column("message_id", BigInteger),
    Column("prompt", String(24)),
    Column("reason", String(16)),
    Column("answered_at", UtcDateTime),
    # once for each person, pair, kind and occasion; led by the occasion so that a day's rows lie together
    Index("uq_delivery_once", "about", "person_id", "kind", func.coalesce(text("pair_id"), text("0")), unique=True),
    # read by deliveries.claim(): what waits, by lane and age
    Index(
        "ix_delivery_waiting",
        "lane",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    # read by deliveries.stuck(): leases that ran out
    Index(
        "ix_delivery_sending",
        "lease_until",
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    ),
    # read by deliveries.around(): what a person was sent lately, and by message
    Index("ix_delivery_person_id_sent_at", "person_id", "sent_at"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

gesture = Table(
    "gesture",
    metadata,
    _id(),
    _person(),
    _pair(null=True),
    Column("way", String(8), nullable=False),
    Column("kind", String(12)),
    Column("form", String(16), nullable=False),
    Column("medium", String(12), nullable=False),
    Column("words", Sealed),
    Column("file_id", Sealed),
    Column("day", Integer, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("delivery_id", Id),
    Column("about_gesture", Id, ForeignKey("gesture.id", ondelete="CASCADE")),
    Column("message_id", BigInteger),
    Column("card_id", BigInteger),
    Column("edited_at", UtcDateTime),
    Column("shared_at", UtcDateTime),
    Column("passed_at", UtcDateTime),
    # the messages by which the other has it: the card, and a file that came with it
    Column("passed_card", BigInteger),
    Column("passed_file", BigInteger),
    Column("withdrawn_at", UtcDateTime),
    Column("thanked_at", UtcDateTime),
    # a message is kept once, however often Telegram sends it
    UniqueConstraint("person_id", "message_id"),
    # read by gestures.of_week() and the journal
    Index("ix_gesture_person_id_day", "person_id", "day"),
    # read by gestures.of_week() and by reveals
    Index("ix_gesture_pair_id_day", "pair_id", "day"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

keepsake = Table(
    "keepsake",
    metadata,
    # what was shared with *person_id* by somebody who has deleted it, or everything, since
    _id(),
    _person(),
    _pair(),
    Column("name", Sealed),
    # whether whoever wrote it was here earlier: the order of two quotes must not tell that one was forgotten
    Column("earlier", Boolean, nullable=False),
    Column("way", String(8), nullable=False),
    Column("form", String(16), nullable=False),
    Column("medium", String(12), nullable=False),
    Column("words", Sealed),
    Column("day", Integer, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("passed_at", UtcDateTime, nullable=False),
    # read by the export and by the weekly look back
    Index("ix_keepsake_person_id", "person_id"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

reset = Table(
    "reset",
    metadata,
    _id(),
    _pair(),
    _person("caller_id"),
    Column("called_at", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("asked_time_id", Id, ForeignKey("person.id", ondelete="CASCADE")),
    Column("closed_at", UtcDateTime),
    # read by resets.lately()
    Index("ix_reset_pair_id_called_at", "pair_id", "called_at"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

own_prompt = Table(
    "own_prompt",
    metadata,
    _id(),
    _person(),
    _pair(null=True),
    Column("kind", String(12), nullable=False),
    Column("words", Sealed, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    # read by prompts of one's own
    Index("ix_own_prompt_person_id", "person_id"),
    sqlite_autoincrement=True,  # an id in an old button must never mean somebody else
)

# read by the database itself when a row goes: what refers to it would be sought in everybody's rows
for _column in (
    rhythm.c.pair_id,
    delivery.c.pair_id,
    keepsake.c.pair_id,
    own_prompt.c.pair_id,
    reset.c.caller_id,
    shut_out.c.other_id,
):
    Index(f"ix_{_column.table.name}_{_column.name}", _column)
for _column in (gesture.c.about_gesture, invite.c.used_by, reset.c.asked_time_id):
    _there = _column.is_not(None)
    Index(f"ix_{_column.table.name}_{_column.name}", _column, sqlite_where=_there, postgresql_where=_there)

tidy = Table(
    "tidy",
    metadata,
    # the bot's messages of the last 48 hours, so that a person can have them deleted from the chat
    Column("person_id", Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    # read by sweep
    Index("ix_tidy_at", "at"),
)

forgotten = Table(
    "forgotten",
    metadata,
    # keyed hashes of chats that asked to be forgotten, so that a restored backup forgets them again
    Column("chat_hash", LargeBinary(32), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

tally = Table(
    "tally",
    metadata,
    # what the operator counts by day: sent, dropped by reason, blocked …; never by person
    Column("day", Integer, primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("n", BigInteger, nullable=False),
)

note = Table(
    "note",
    metadata,
    # facts about this installation: a sealed canary for the keys, a halt that outlives a restart, hashes of set menus
    Column("name", String(48), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
