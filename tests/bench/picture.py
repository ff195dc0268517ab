"""Drawing the week's picture, beside a plain matplotlib figure of the same week: `python -m tests.bench.picture`.

Each way draws in a process of its own, one picture after the other: ours the quiet, ordinary and full weeks of the gallery in
all nine locales, matplotlib one plain figure of a full English week, without hills, flowers, shaping or mirroring. Processor
time is the kernel's count; what the first picture takes includes the libraries' start.
"""

from __future__ import annotations

import io
import json
import pickle
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from subprocess import PIPE, run

from tests.bench.measure import AbsentError, Figures, Row, goal, in_turns, memory, row, sized, table, times

PICTURES = sized(54, 3)
"""Drawn in one round, after the first."""
MOST_MS = 150.0
"""Milliseconds of one core that a picture may take at the median."""


def rows() -> list[Row]:
    """Cards a second, processor time, the first picture, memory."""
    ours, theirs = "recipro, the week as a garden", "matplotlib, a plain figure"
    values = _values()
    found = in_turns({ours: partial(_apart, "ours", values), theirs: partial(_apart, "theirs", b"")})
    told: list[Row] = []
    for who, figures in found.items():
        seen = figures or {}
        mine = who is ours
        middle = statistics.median(seen["processor"]) if seen else float("nan")
        soon = goal(f"under {MOST_MS:.0f} ms of one core", met=middle < MOST_MS) if mine else {}
        more = {"beside matplotlib": f"x {times(seen.get('second'), (found[theirs] or {}).get('second')):.1f}"}
        told.append(row("pictures a second", who, seen.get("second"), "/s", **(more if mine else {})))
        told.append(row("processor time of a picture, median", who, seen.get("processor"), "ms", **soon))
        told.append(row("the first picture, from nothing", who, seen.get("first"), "s"))
        told.append(row("memory at its most", who, seen.get("memory"), "MB"))
        told.append(row("bytes of a picture", who, seen.get("bytes"), "kB"))
    return told


def _apart(way: str, values: bytes) -> Figures:
    """One round in a process of its own, which is given *values*."""
    began = time.perf_counter()
    child = run([sys.executable, "-m", "tests.bench.picture", way], input=values, stdout=PIPE, check=False)
    if child.returncode == ABSENT:
        raise AbsentError(way)
    if child.returncode:
        raise RuntimeError(f"{way} ended with {child.returncode}")
    told: dict[str, float] = json.loads(child.stdout)
    told["first"] -= began
    return told


ABSENT = 3
"""Exit status of a child whose library is not installed."""


def _draw(draw: Callable[[], bytes]) -> dict[str, float]:
    """Draw again and again; *first* is the moment at which the first was there, by this machine's monotonic clock."""
    draw()
    first = time.perf_counter()
    processor: list[float] = []
    sizes: list[int] = []
    for _ in range(PICTURES):
        before = time.process_time()
        sizes.append(len(draw()))
        processor.append(1000 * (time.process_time() - before))
    return {
        "second": PICTURES / (time.perf_counter() - first),
        "processor": statistics.median(processor),
        "first": first,
        "memory": memory(peak=True),
        "bytes": statistics.median(sizes) / 1000,
    }


def _ours() -> Callable[[], bytes]:
    """As the drawing process does it, which is sent values and imports nothing else."""
    pictures: Iterator[bytes] = cycle(pickle.loads(sys.stdin.buffer.read()))

    def draw() -> bytes:
        png: bytes = pickle.loads(next(pictures)).draw()
        return png

    return draw


def _values() -> bytes:
    """The pictures of the gallery, each as it goes to a drawing process."""
    from bot.speech import gallery
    from bot.speech.library import load

    kinds = ("-1-little", "-2-some", "-3-full")
    cards = [card for name, card in gallery.cards(load()) if name.endswith(kinds)]
    return pickle.dumps([pickle.dumps(card.picture) for card in cards])


def _theirs() -> Callable[[], bytes]:
    """The same week with what matplotlib has: markers on a grid, a legend, four lines of text."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    from tests.speech.pictures.golden import ENGLISH

    names = dict(ENGLISH.legend)
    markers = dict(zip(names, "osD^*P", strict=True))

    def draw() -> bytes:
        figure, axes = plt.subplots(figsize=(10.8, 13.5), dpi=100)
        axes.set_title(f"{ENGLISH.whose[:8]}   {ENGLISH.span}\n{ENGLISH.theme}", fontsize=30, loc="left")
        for form, name in names.items():
            days = [day for day, forms in enumerate(ENGLISH.forms) if form in forms]
            heights = [ENGLISH.forms[day].index(form) + 1 for day in days]
            axes.scatter(days, heights, s=900, marker=markers[form], label=name)
        axes.set_xticks(range(7), ENGLISH.days, fontsize=24)
        axes.set_ylim(0, 7)
        axes.legend(fontsize=20, ncols=2, loc="upper left")
        figure.text(
            0.1, 0.02, "You sat with me on the step until it was dark,\nand did not try to mend anything.", fontsize=26
        )
        figure.subplots_adjust(bottom=0.2)
        out = io.BytesIO()
        figure.savefig(out, format="png")
        plt.close(figure)
        return out.getvalue()

    return draw


def main(way: str | None) -> int:
    """Measure both and print the table; with *way*, be the process that draws."""
    if way is None:
        sys.stdout.write(table(rows()) + "\n")
        return 0
    try:
        draw = _ours() if way == "ours" else _theirs()
    except ImportError:
        return ABSENT
    json.dump(_draw(draw), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(next(iter(sys.argv[1:]), None)))
