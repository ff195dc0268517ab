"""The Bot API's own data, asked whether a request or an answer has the right shape.

The data is not part of the project: it lies beside the repository where there is one, as in CI. Where it is missing,
`check_calls` says nothing and `needed()` skips with a reason; with CI=true its absence is a failure. Rules that are
not about shape (lengths, markup, states) are the sandbox's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.rules import Upload
from bot.sandbox.telegram import Call

DATA = Path(__file__).resolve().parents[2] / "shared" / "telegram" / "bot-api-10.1.json"
IN_CI = os.environ.get("CI") == "true"
SCALARS: Mapping[str, type | tuple[type, ...]] = {"String": str, "Boolean": bool, "Integer": int, "Float": (int, float)}


@lru_cache(maxsize=1)
def data() -> dict[str, Any]:
    """The whole of it. Raises FileNotFoundError where it is not."""
    loaded: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return loaded


def available() -> bool:
    """Whether the data is there. In CI it has to be."""
    return IN_CI or DATA.is_file()


needed = pytest.mark.skipif(not available(), reason="the Bot API's data is not beside this repository")
"""Marks a test that has nothing to hold on to without the data."""


def check_calls(calls: Iterable[Call]) -> list[str]:
    """What is wrong with requests from the sandbox's journal, or with its answers to them."""
    if not available():
        return []
    problems = []
    for call in calls:
        problems += check_request(call.method, call.params)
        if call.error is None:
            problems += check_answer(call.method, call.result)
    return problems


def check_request(method: str, params: Mapping[str, Any]) -> list[str]:
    """What Telegram would not understand in a call of *method*, as sentences; none when all is well."""
    rules = data()["methods"].get(method)
    if rules is None:
        return [f"there is no method {method}"]
    return _fields(method, rules.get("fields", []), params)


def check_answer(method: str, result: Any) -> list[str]:
    """What is wrong with an answer to *method*."""
    return _any_of(f"{method} ->", data()["methods"][method]["returns"], result)


def check_value(type_name: str, value: Any, where: str = "") -> list[str]:
    """What is wrong with *value* as a *type_name*, at any depth."""
    where = where or type_name
    if type_name.startswith("Array of "):
        if not isinstance(value, list | tuple):
            return [f"{where}: {type(value).__name__} is no array"]
        inner = type_name.removeprefix("Array of ")
        return [said for at, item in enumerate(value) for said in check_value(inner, item, f"{where}[{at}]")]
    if type_name in SCALARS:
        fits = isinstance(value, SCALARS[type_name]) and (type_name == "Boolean" or not isinstance(value, bool))
        return [] if fits else [f"{where}: {type(value).__name__} is no {type_name}"]
    if type_name == "InputFile":
        return [] if isinstance(value, Upload) else [f"{where}: {type(value).__name__} is no file"]
    rules = data()["types"].get(type_name)
    if rules is None:
        return [f"{where}: there is no type {type_name}"]
    if "subtypes" in rules:
        return _any_of(where, rules["subtypes"], value)
    if not isinstance(value, dict):
        return [f"{where}: {type(value).__name__} is no {type_name}"]
    return _fields(where, rules.get("fields", []), value)


def _fields(where: str, rules: list[dict[str, Any]], value: Mapping[str, Any]) -> list[str]:
    known = {rule["name"]: rule for rule in rules}
    problems = [f"{where}: there is no field {name}" for name in value if name not in known]
    problems += [
        f"{where}: {name} is missing" for name, rule in known.items() if rule["required"] and name not in value
    ]
    for name in value.keys() & known.keys():
        problems += _any_of(f"{where}.{name}", known[name]["types"], value[name])
    return problems


def _any_of(where: str, types: list[str], value: Any) -> list[str]:
    """The complaints of the type that fits best."""
    return min((check_value(name, value, where) for name in types), key=len)
