"""Dictionaries as TOML, for studies that are made of keyword arguments."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gainswarm._checks import refuse

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def dumps(table: Mapping[str, Any]) -> str:
    """A dictionary as a text of TOML; what is ``None`` is left out.

    >>> print(dumps({"seed": 1, "plant": {"J": 0.1, "states": {"x": {"unit": "m"}}}, "tune": [{"parameter": "K"}]}), end="")
    seed = 1
    <BLANKLINE>
    [plant]
    J = 0.1
    <BLANKLINE>
    [plant.states]
    x = { unit = "m" }
    <BLANKLINE>
    [[tune]]
    parameter = "K"
    """
    lines: list[str] = []
    _table(table, [], lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(table: Mapping[str, Any], path: list[str], lines: list[str]) -> None:
    sections: list[tuple[str, Any]] = []
    for key, value in table.items():
        if not isinstance(key, str):
            raise refuse(f"the key {key!r}", "allowed: names, as str")
        if value is None:
            continue
        if _is_section(value, len(path)):
            sections.append((key, value))
        else:
            lines.append(f"{_key(key)} = {_value(value, '.'.join([*path, key]))}")
    for key, value in sections:
        name = [*path, key]
        head = ".".join(_key(part) for part in name)
        for one in value if isinstance(value, list) else [value]:
            lines.extend(["", f"[[{head}]]" if isinstance(value, list) else f"[{head}]"])
            _table(one, name, lines)


def _is_section(value: Any, depth: int) -> bool:
    """Whether a value has a heading of its own: tables down to the second level, and lists of tables at the first."""
    if isinstance(value, Mapping):
        return depth < 2
    return depth == 0 and isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if _BARE.match(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any, name: str) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return repr(number) if math.isfinite(number) else ("nan" if math.isnan(number) else "inf" if number > 0 else "-inf")
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        # JSON escapes what TOML escapes, but for DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, np.ndarray):
        value = value.tolist()
        return _value(value, name)
    if isinstance(value, Mapping):
        parts = [f"{_key(str(key))} = {_value(one, f'{name}.{key}')}" for key, one in value.items() if one is not None]
        return "{ " + ", ".join(parts) + " }" if parts else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(one, name) for one in value) + "]"
    raise refuse(f"{name}={value!r}", "allowed: numbers, texts, lists and dictionaries of them")
