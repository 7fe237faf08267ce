"""Adds up the pieces of what isn't plain text: tool calls, reasoning, log
probabilities.

A streamed tool call comes as its name first and its arguments letter by
letter, each piece under the index of its call. Whoever wants the answer whole
has to put them together: text grows, lists grow by index, all else is
replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SAID_WHOLE = ("id", "type", "role", "name")


def merge(whole: dict[str, Any], piece: Mapping[str, Any]) -> None:
    """Add one delta to what there is so far. The delta stays as it is.

    >>> call = {"index": 0, "id": "a", "function": {"arguments": "{"}}
    >>> whole = {}
    >>> merge(whole, {"tool_calls": [call]})
    >>> more = {"index": 0, "function": {"arguments": "}"}}
    >>> merge(whole, {"tool_calls": [more]})
    >>> whole["tool_calls"][0]["function"]
    {'arguments': '{}'}
    """
    for name, value in piece.items():
        old = whole.get(name)
        if isinstance(value, dict):
            into = old if isinstance(old, dict) else {}
            merge(into, value)
            whole[name] = into
        elif isinstance(value, list):
            items = old if isinstance(old, list) else []
            for item in value:
                _add(items, item)
            whole[name] = items
        elif isinstance(old, str) and isinstance(value, str):
            whole[name] = value if name in _SAID_WHOLE else old + value
        else:
            whole[name] = value


def _add(items: list[Any], item: Any) -> None:
    """Merge with the item of the same index, else put it last."""
    if not isinstance(item, dict):
        items.append(item)
        return
    index = item.get("index")
    for known in items if index is not None else ():
        if isinstance(known, dict) and known.get("index") == index:
            merge(known, item)
            return
    fresh: dict[str, Any] = {}
    merge(fresh, item)
    items.append(fresh)
