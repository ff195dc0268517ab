"""Files: those the bot uploads, and made-up ones for people who send "a photo" or "a voice note".

Made-up files are real ones of their kind (a small picture, a second of sound), so that a browser can show them. Nothing
is kept on disk, and only the latest few thousand are kept at all.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import struct
import wave
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.rules import Json, Upload, bad

PHOTO_BYTES = 10 * 1024 * 1024
"""Largest photo that a bot may upload (core.telegram.org/bots/api#sendphoto)."""
FILE_BYTES = 50 * 1024 * 1024
"""Largest other file that a bot may upload (core.telegram.org/bots/api#sending-files)."""
DOWNLOAD_BYTES = 20 * 1024 * 1024
"""Largest file that a bot may fetch (core.telegram.org/bots/api#getfile)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that Telegram keeps, and what a message says of it."""

    file_id: str
    unique_id: str
    path: str
    mime: str
    kind: str
    body: bytes = field(repr=False)
    about: Json = field(default_factory=dict)

    def shown(self) -> Json:
        """What every object for a file begins with."""
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.body), **self.about}


class Files:
    """What was uploaded, by file_id and by path."""

    def __init__(self, keep: int = 5_000) -> None:
        self._keep = keep
        self._by_id: OrderedDict[str, Stored] = OrderedDict()
        self._by_path: dict[str, str] = {}
        self._count = 0

    def add(self, kind: str, upload: Upload, **about: Any) -> Stored:
        """Keep *upload* as a file of *kind* (photo, voice …)."""
        self._count += 1
        digest = hashlib.sha256(upload.body).hexdigest()
        if kind == "photo":
            upload = _named_photo(upload)
        suffix = upload.name.rpartition(".")[2].lower() if "." in upload.name else "bin"
        stored = Stored(
            file_id=f"sandbox-{kind}-{self._count}-{digest[:12]}",
            unique_id=f"{kind[0]}{digest[:15]}",
            path=f"{kind}s/file_{self._count}.{suffix}",
            mime=upload.mime,
            kind=kind,
            body=upload.body,
            about=about,
        )
        self._by_id[stored.file_id] = stored
        self._by_path[stored.path] = stored.file_id
        while len(self._by_id) > self._keep:
            _, old = self._by_id.popitem(last=False)
            self._by_path.pop(old.path, None)
        return stored

    def find(self, file_id: str) -> Stored | None:
        """The file that has this id, unless it was never there or is long gone."""
        return self._by_id.get(file_id)

    def at(self, path: str) -> Stored | None:
        """The file behind what getFile called its path."""
        return self._by_id.get(self._by_path.get(path, ""))


def photo_size(body: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG in pixels. Raises Refusal for anything else, as Telegram does."""
    if body.startswith(b"\x89PNG\r\n\x1a\n") and len(body) >= 24:
        width, height = struct.unpack(">II", body[16:24])
    elif body.startswith(b"\xff\xd8"):
        width, height = _jpeg_size(body)
    else:
        raise bad("IMAGE_PROCESS_FAILED")
    if not width or not height or width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height


def _named_photo(upload: Upload) -> Upload:
    """With the name and type of what it is: clients send pictures under any name."""
    png = upload.body.startswith(b"\x89PNG")
    return Upload("photo.png" if png else "photo.jpg", upload.body, "image/png" if png else "image/jpeg")


def _jpeg_size(body: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(body) and body[at] == 0xFF:
        marker, length = body[at + 1], int.from_bytes(body[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(body[at + 7 : at + 9], "big"), int.from_bytes(body[at + 5 : at + 7], "big")
        at += 2 + length
    raise bad("IMAGE_PROCESS_FAILED")


def made_up_photo() -> Upload:
    """A small picture: an evening sky."""
    width, height = 320, 240
    rows = b"".join(b"\x00" + bytes((230 - row // 3, 170 - row // 4, 120 + row // 3)) * width for row in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return Upload("photo.png", png, "image/png")


def made_up_sound() -> Upload:
    """A second of a soft tone."""
    rate = 8_000
    tone = b"".join(
        struct.pack("<h", int(6_000 * math.sin(math.pi * at / rate) * math.sin(2 * math.pi * 330 * at / rate)))
        for at in range(rate)
    )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(tone)
    return Upload("voice.wav", buffer.getvalue(), "audio/wav")


def _given(value: Any, made_up: Callable[[], Upload]) -> Upload:
    """What a person sends: an upload, ``{"data": base64, "name", "mime"}``, or made up when it is just *true*."""
    if isinstance(value, Upload):
        return value
    if isinstance(value, dict) and "data" in value:
        plain = made_up()
        body = base64.b64decode(value["data"], validate=True)
        return Upload(str(value.get("name", plain.name)), body, str(value.get("mime", plain.mime)))
    return made_up()


def _details(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _photo(files: Files, value: Any) -> Json:
    upload = _given(value, made_up_photo)
    width, height = photo_size(upload.body)
    return {"photo": [files.add("photo", upload, width=width, height=height).shown()]}


def _voice(files: Files, value: Any) -> Json:
    upload = _given(value, made_up_sound)
    duration = int(_details(value).get("duration", 1))
    return {"voice": files.add("voice", upload, duration=duration, mime_type=upload.mime).shown()}


def _audio(files: Files, value: Any) -> Json:
    upload = _given(value, lambda: Upload("tune.wav", made_up_sound().body, "audio/wav"))
    duration = int(_details(value).get("duration", 1))
    return {"audio": files.add("audio", upload, duration=duration, mime_type=upload.mime).shown()}


def _video_note(files: Files, value: Any) -> Json:
    upload = Upload("note.mp4", b"a made-up video note", "video/mp4")
    duration = int(_details(value).get("duration", 3))
    return {"video_note": files.add("video_note", upload, length=240, duration=duration).shown()}


def _document(files: Files, value: Any) -> Json:
    upload = _given(value, lambda: Upload("letter.txt", b"A made-up letter.\n", "text/plain"))
    return {"document": files.add("document", upload, file_name=upload.name, mime_type=upload.mime).shown()}


def _sticker(files: Files, value: Any) -> Json:
    about: Json = {"type": "regular", "width": 320, "height": 240, "is_animated": False, "is_video": False}
    emoji = value if isinstance(value, str) else _details(value).get("emoji", "\N{WAVING HAND SIGN}")
    return {"sticker": files.add("sticker", made_up_photo(), **about, emoji=emoji).shown()}


def _location(_files: Files, value: Any) -> Json:
    return {"location": {"latitude": 19.07, "longitude": 72.88, **_details(value)}}


def _contact(_files: Files, value: Any) -> Json:
    return {"contact": {"phone_number": "+10000000000", "first_name": "Somebody", **_details(value)}}


def _dice(_files: Files, value: Any) -> Json:
    return {"dice": {"emoji": "\N{GAME DIE}", "value": 4, **_details(value)}}


def _poll(_files: Files, value: Any) -> Json:
    options = [{"persistent_id": str(at), "text": text, "voter_count": 0} for at, text in enumerate(("Yes", "No"))]
    poll: Json = {
        "id": "1",
        "question": "Shall we?",
        "options": options,
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
    return {"poll": {**poll, **_details(value)}}


MADE_UP: dict[str, Callable[[Files, Any], Json]] = {
    "photo": _photo,
    "voice": _voice,
    "audio": _audio,
    "video_note": _video_note,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contact": _contact,
    "dice": _dice,
    "poll": _poll,
}
"""What else than text a person can send, and how its part of the message is made."""
