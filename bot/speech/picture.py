"""Pictures, as PNG: the invite's QR code. The same input gives the same bytes; nothing is fetched."""

from __future__ import annotations

import io

import segno

SCALE = 14
"""Pixels a module: some 500 pixels across, sharp when Telegram recompresses it."""


def invite_png(link: str) -> bytes:
    """A QR code that opens *link*, with the quiet border scanners need."""
    out = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        out, kind="png", scale=SCALE, border=4, dark="#5b2f1f", light="#fffdf9"
    )
    return out.getvalue()
