"""The only door to Telegram: a Card goes in, an Outcome comes out."""

import os

os.environ.setdefault("PTB_TIMEDELTA", "true")  # otherwise python-telegram-bot warns at every 429
