"""The bot of the sandbox, for a test whose people type faster than anybody does: nothing of theirs goes unanswered."""

from __future__ import annotations

import runpy

from bot.chat import intake

intake.BURST_SECONDS = 0.0
runpy.run_module("bot.sandbox.child", run_name="__main__")
