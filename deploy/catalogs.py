"""Hatch's build hook: the wheel carries compiled catalogs; a checkout reads the sources, so there is nothing to forget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles ``locales/*/LC_MESSAGES/bot.po`` into the wheel, below the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by Hatch before a build."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        out = root / "build" / "catalogs"
        for source in sorted((root / "locales").glob("*/LC_MESSAGES/bot.po")):
            name = source.parent.parent.name
            compiled = out / name / "bot.mo"
            compiled.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as text, compiled.open("wb") as packed:
                write_mo(packed, read_po(text, locale=name))
            build_data["force_include"][str(compiled)] = f"bot/_data/locales/{name}/LC_MESSAGES/bot.mo"
