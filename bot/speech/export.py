"""What a person takes with them: a page to read and JSON for a program, from the same lines.

The page is one file that loads nothing: it can be opened offline and shows words as they were written.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from bot.domain.gestures import Form, Medium
from bot.speech.daily import form_name, medium_name
from bot.speech.voice import Voice

FORMAT = 2
_STYLE = (
    "body{font:18px/1.6 system-ui,sans-serif;max-width:40em;margin:2em auto;padding:0 1em;color:#222;background:#fffdf9}"
    "h1{font-size:1.5em}h2{font-size:1.1em;margin-top:2em}article{border-top:1px solid #ddd;padding:.6em 0}"
    ".about{color:#595959;font-size:.85em;margin:0}.words{white-space:pre-wrap;margin:.2em 0}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#1b1917}.about{color:#b5b0ab}article{border-color:#444}}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. *by* is None for one's own; *state* is private, shared or taken back."""

    kept_at: datetime
    day: date
    by: str | None = field(repr=False)
    way: str
    form: Form
    medium: Medium
    words: str | None = field(repr=False)
    state: str


@dataclass(frozen=True, slots=True)
class Export:
    """Everything of one person: who they are here, with whom, their prompts, and what they wrote and received."""

    name: str = field(repr=False)
    settings: Mapping[str, object] = field(repr=False)
    connections: Sequence[Mapping[str, object]] = field(repr=False)
    own_prompts: Sequence[str] = field(repr=False)
    lines: Sequence[Line] = field(repr=False)


def data(export: Export) -> bytes:
    """For a program."""
    return json.dumps(
        {"format": FORMAT, **asdict(export)}, ensure_ascii=False, indent=1, default=lambda value: value.isoformat()
    ).encode()


def page(voice: Voice, export: Export) -> bytes:
    """To read."""
    title, prompts, nothing = (
        voice.say("What you have kept"),
        voice.say("My own prompts"),
        voice.say("Nothing here yet."),
    )
    parts = [f"<article>{_article(voice, export, line)}</article>" for line in export.lines]
    if export.own_prompts:
        parts.append(f"<h2>{prompts}</h2>")
        parts += [
            f'<article><p class="words" dir="auto">{html.escape(text)}</p></article>' for text in export.own_prompts
        ]
    body = "\n".join(parts) or f"<p>{nothing}</p>"
    return (
        f'<!doctype html>\n<html lang="{voice.locale}" dir="{"rtl" if voice.rtl else "ltr"}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Recipro</title>\n<style>{_STYLE}</style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    ).encode()


def _article(voice: Voice, export: Export, line: Line) -> str:
    about = (
        voice.full_date(line.day),
        f"<bdi>{html.escape(line.by or export.name)}</bdi>",
        form_name(voice, line.form),
    )
    words = html.escape(line.words) if line.words else medium_name(voice, line.medium)
    return f'<p class="about">{" · ".join(about)}</p><p class="words" dir="auto">{words}</p>'
