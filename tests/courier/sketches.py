"""Pictures that misbehave. They are drawn in another process, which imports this module and nothing of pytest."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Sketch:
    """Drawn at once: its words after a PNG's first bytes."""

    words: str = ""
    name: str = "recipro.png"
    veiled: bool = False

    def draw(self) -> bytes:
        return PNG + self.words.encode()


@dataclass(frozen=True)
class Slow(Sketch):
    """Takes *seconds*."""

    seconds: float = 0.2

    def draw(self) -> bytes:
        time.sleep(self.seconds)
        return PNG + self.words.encode()


@dataclass(frozen=True)
class Broken(Sketch):
    """Cannot be drawn; what it would say of that holds a person's words."""

    def draw(self) -> bytes:
        raise ValueError(f"cannot draw {self.words}")


@dataclass(frozen=True)
class Deadly(Sketch):
    """Takes the drawing process with it."""

    def draw(self) -> bytes:
        os.abort()


@dataclass(frozen=True)
class Curious(Sketch):
    """Tells what a drawing process sees of the environment, and which one it is."""

    def draw(self) -> bytes:
        return PNG + f"{os.getpid()} {' '.join(sorted(os.environ))}".encode()


@dataclass(frozen=True)
class Photo:
    """A picture that is there already."""

    body: bytes
    name: str = "recipro.png"
    veiled: bool = False

    def draw(self) -> bytes:
        return self.body
