"""Updates as Telegram sends them: somebody of a town wrote a line."""

from __future__ import annotations

from typing import Any


def said(update: int, chat: int, text: str = "She made tea before I asked.") -> dict[str, Any]:
    """A text message; *update* is its number and the message's."""
    return {
        "update_id": update,
        "message": {
            "message_id": 1_000_000 + update,
            "date": 1772450000,
            "chat": {"id": chat, "type": "private", "first_name": "Asha"},
            "from": {"id": chat, "is_bot": False, "first_name": "Asha", "language_code": "en"},
            "text": text,
        },
    }
