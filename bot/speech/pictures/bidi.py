"""In which direction each character of a line runs: the Unicode Bidirectional Algorithm (UAX #9) for one paragraph.

Isolates are obeyed; embeddings and overrides are not, because `voice.clean` lets none through. Pure: text in, levels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import bidirectional

_INITIATORS = frozenset({"LRI", "RLI", "FSI"})
_NEUTRAL = frozenset({"B", "S", "WS", "ON", "LRI", "RLI", "FSI", "PDI"})
_IGNORED = frozenset({"BN", "LRE", "RLE", "LRO", "RLO", "PDF"})
_OPENS = {"(": ")", "[": "]", "{": "}", "⁅": "⁆", "⁽": "⁾", "₍": "₎", "⌈": "⌉", "⌊": "⌋", "⟦": "⟧", "⟨": "⟩", "⟪": "⟫"}
_CLOSES = {closing: opening for opening, closing in _OPENS.items()}
_DEEPEST = 63
"""Brackets that may be open at once (UAX #9, BD16)."""


def levels(text: str, *, rtl: bool) -> list[int]:
    """The embedding level of each character of *text*, a paragraph that reads from the right if *rtl*; odd runs leftwards."""
    kinds = [bidirectional(sign) or "L" for sign in text]
    closed_by = _isolates(kinds)
    found = [int(rtl)] * len(text)
    _resolve(text, kinds, closed_by, found, range(len(text)), int(rtl))
    for place, kind in enumerate(kinds):
        if kind in _IGNORED:
            found[place] = found[place - 1] if place else int(rtl)
    return found


def order(found: Sequence[int]) -> list[int]:
    """Places of what has these levels, from left to right (rule L2)."""
    places = list(range(len(found)))
    odd = [level for level in found if level % 2]
    for level in range(max(found, default=0), min(odd, default=1) - 1, -1):
        start = 0
        while start < len(places):
            if found[places[start]] < level:
                start += 1
                continue
            end = start
            while end < len(places) and found[places[end]] >= level:
                end += 1
            places[start:end] = reversed(places[start:end])
            start = end
    return places


def trimmed(text: str, found: Sequence[int], *, rtl: bool) -> list[int]:
    """The levels of one line, whose trailing blanks run as the paragraph does (rule L1)."""
    line = list(found)
    trailing = True
    for place in range(len(text) - 1, -1, -1):
        kind = bidirectional(text[place])
        if kind in {"S", "B"}:
            trailing = True
        elif kind not in {"WS", "LRI", "RLI", "FSI", "PDI"} and kind not in _IGNORED:
            trailing = False
        if trailing:
            line[place] = int(rtl)
    return line


def _isolates(kinds: Sequence[str]) -> dict[int, int]:
    """Where each isolate ends; the end of the text for one that is never closed (BD9)."""
    closed_by: dict[int, int] = {}
    waiting: list[int] = []
    for place, kind in enumerate(kinds):
        if kind in _INITIATORS:
            waiting.append(place)
        elif kind == "PDI" and waiting:
            closed_by[waiting.pop()] = place
    return closed_by | dict.fromkeys(waiting, len(kinds))


def _resolve(
    text: str, kinds: Sequence[str], closed_by: dict[int, int], found: list[int], within: range, level: int
) -> None:
    """Set *found* for the characters of *within*, whose isolating run sequence has *level*, and for isolates inside it."""
    own: list[int] = []
    place = within.start
    while place < within.stop:
        if kinds[place] not in _IGNORED:
            own.append(place)
        if kinds[place] not in _INITIATORS:
            place += 1
            continue
        inside = range(place + 1, min(closed_by[place], within.stop))
        rtl = kinds[place] == "RLI" or (kinds[place] == "FSI" and _first_strong(kinds, closed_by, inside))
        _resolve(text, kinds, closed_by, found, inside, level + 1 if (level % 2 == 0) == rtl else level + 2)
        place = inside.stop
    outer = "R" if level % 2 else "L"
    types = _weak([kinds[place] for place in own], outer)
    _brackets([text[place] for place in own], types, outer, [kinds[place] for place in own])
    _neutrals(types, outer)
    for place, kind in zip(own, types, strict=True):
        found[place] = level + ((kind != "L") if level % 2 == 0 and kind == "R" else 0)
        if level % 2 == 0 and kind in {"AN", "EN"}:
            found[place] = level + 2
        elif level % 2 == 1 and kind in {"L", "AN", "EN"}:
            found[place] = level + 1


def _first_strong(kinds: Sequence[str], closed_by: dict[int, int], inside: range) -> bool:
    """Whether the first strong character, isolates inside left out, runs leftwards (P2, P3)."""
    place = inside.start
    while place < inside.stop:
        if kinds[place] in {"L", "R", "AL"}:
            return kinds[place] != "L"
        place = closed_by[place] if kinds[place] in _INITIATORS else place + 1
    return False


def _weak(kinds: Sequence[str], outer: str) -> list[str]:
    """Rules W1 to W7."""
    types = list(kinds)
    before = outer
    for place, kind in enumerate(types):  # W1
        if kind == "NSM":
            types[place] = "ON" if before in _INITIATORS or before == "PDI" else before
        before = types[place]
    strong = outer
    for place, kind in enumerate(types):  # W2, W3
        if kind in {"L", "R", "AL"}:
            strong = kind
        elif kind == "EN" and strong == "AL":
            types[place] = "AN"
    types = ["R" if kind == "AL" else kind for kind in types]
    for place in range(1, len(types) - 1):  # W4
        left, right = types[place - 1], types[place + 1]
        if left == right and (
            (types[place] == "ES" and left == "EN") or (types[place] == "CS" and left in {"EN", "AN"})
        ):
            types[place] = left
    _terminators(types)
    strong = outer
    for place, kind in enumerate(types):  # W7
        if kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":
            types[place] = "L"
    return types


def _terminators(types: list[str]) -> None:
    """Rules W5 and W6: signs such as % and + belong to the number beside them, else to nobody."""
    place = 0
    while place < len(types):
        end = place
        while end < len(types) and types[end] == "ET":
            end += 1
        if end > place:
            near = (place > 0 and types[place - 1] == "EN") or (end < len(types) and types[end] == "EN")
            types[place:end] = ["EN" if near else "ON"] * (end - place)
        elif types[place] in {"ES", "CS"}:
            types[place] = "ON"
        place = max(end, place + 1)


def _brackets(signs: Sequence[str], types: list[str], outer: str, kinds: Sequence[str]) -> None:
    """Rule N0: brackets run as what they hold, or as what stands before them."""
    for opening, closing in _pairs(signs, types):
        inside = {_strong(kind) for kind in types[opening + 1 : closing]} - {None}
        if outer in inside:
            way = outer
        elif not inside:
            continue
        else:
            before = next((found for kind in reversed(types[:opening]) if (found := _strong(kind))), outer)
            way = before if before != outer else outer
        for place in (opening, closing):
            types[place] = way
            after = place + 1
            while after < len(types) and kinds[after] == "NSM":
                types[after] = way
                after += 1


def _pairs(signs: Sequence[str], types: Sequence[str]) -> list[tuple[int, int]]:
    """Matching brackets, in the order in which they open (BD16)."""
    pairs: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []
    for place, sign in enumerate(signs):
        if types[place] != "ON":
            continue
        if sign in _OPENS:
            if len(waiting) == _DEEPEST:
                return []
            waiting.append((_OPENS[sign], place))
        elif sign in _CLOSES:
            for depth in range(len(waiting) - 1, -1, -1):
                if waiting[depth][0] == sign:
                    pairs.append((waiting[depth][1], place))
                    del waiting[depth:]
                    break
    return sorted(pairs)


def _strong(kind: str) -> str | None:
    return "R" if kind in {"R", "EN", "AN"} else "L" if kind == "L" else None


def _neutrals(types: list[str], outer: str) -> None:
    """Rules N1 and N2: what has no direction takes that of both sides where they agree, else that of the whole."""
    place = 0
    while place < len(types):
        end = place
        while end < len(types) and types[end] in _NEUTRAL:
            end += 1
        if end > place:
            before = (_strong(types[place - 1]) if place else None) or outer
            after = (_strong(types[end]) if end < len(types) else None) or outer
            types[place:end] = [before if before == after else outer] * (end - place)
        place = max(end, place + 1)
