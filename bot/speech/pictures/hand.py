"""A drawing process: pictures come in on standard input, PNGs go out; it ends when nobody asks any more (bot.courier.easel).

It imports as little as it can, because it is started for the first picture and somebody waits for that.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import sys
from typing import BinaryIO

LENGTH = struct.Struct(">I")
"""What stands before each question and each answer."""


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Draw what is asked for: a PNG, or the name of what went wrong, which quotes nobody."""
    while len(head := questions.read(LENGTH.size)) == LENGTH.size:
        picture = pickle.loads(questions.read(*LENGTH.unpack(head)))  # noqa: S301 - the bot itself wrote it
        try:
            answer: bytes = picture.draw()
        except Exception as error:
            answer = type(error).__name__.encode("ascii", "replace")
        answers.write(LENGTH.pack(len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):  # Windows has none
        os.nice(5)
    serve(sys.stdin.buffer, sys.stdout.buffer)
