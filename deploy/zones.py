"""Names of every zone's principal city: `python deploy/zones.py` writes `content/zones.toml` anew from Babel.

They are written down because Babel holds ten megabytes once it has been asked, and a running bot has no other question
like it. Run it when pytz or Babel has changed; a test says when.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from babel.dates import get_timezone_location

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.domain import clock

FILE = ROOT / "content" / "zones.toml"
LANGUAGES = ("en", "hi", "ar", "fr")
HEAD = "# The principal city of each zone in English, and by its other names in Hindi, Arabic and French (deploy/zones.py).\n"


def written() -> str:
    """The file as it should be."""
    current = set(clock.common_zones())
    zones = sorted({zone for zone, *_ in clock.principal_cities()} & current)
    return HEAD + "".join(f'"{zone}" = {json.dumps(_names(zone), ensure_ascii=False)}\n' for zone in zones)


def _names(zone: str) -> list[str]:
    said = [str(get_timezone_location(zone, locale=language, return_city=True)) for language in LANGUAGES]
    english, *others = (name.rpartition("/")[2] for name in said)
    return [english, *dict.fromkeys(others)]


if __name__ == "__main__":
    FILE.write_text(written(), "utf-8")
