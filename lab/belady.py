"""How good a cache can be at all: Belady's optimum, who knows the future.

The problem: a hit ratio alone says nothing, since on some keys nobody could do
better. The idea: whoever knows what will be asked throws out, each time, what
is wanted again the latest. No policy that keeps what it is asked for can have
more hits (Belady, 1966). What a real one reaches of that is its worth.

When it does not help: it tells only of these keys, in this order. And it
counts hits: where one answer costs a thousand times as much as another, the
most hits are not the most money.
"""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping, Sequence
from heapq import heappop, heappush
from typing import Any


def hit_ratio(
    cache: MutableMapping[Any, Any],
    keys: Sequence[Hashable],
    value: object = True,
) -> float:
    """The share of `keys` that `cache` has when they are asked for, one after
    the other, and written (with this `value`) when they are not there. 0 for
    no keys.

    >>> hit_ratio({}, "abab")
    0.5
    """
    hits = 0
    for key in keys:
        if cache.get(key) is None:
            cache[key] = value
        else:
            hits += 1
    return hits / len(keys) if keys else 0.0


def optimum(keys: Sequence[Hashable], capacity: int) -> float:
    """The hit ratio of who knows the future, with room for `capacity` keys.

    >>> optimum("abcab", 2)
    0.2
    """
    if not capacity >= 1:
        raise ValueError(f"capacity must be at least 1, not {capacity}")
    wanted_again = _wanted_again(keys)
    kept: dict[Hashable, int] = {}  # and when it is wanted again
    latest: list[tuple[int, int]] = []  # that negated, and a place of the key
    hits = 0
    for place, key in enumerate(keys):
        if key in kept:
            hits += 1
        elif len(kept) >= capacity:
            # What was asked for since it was pushed is superseded.
            again, other = heappop(latest)
            while kept.get(keys[other]) != -again:
                again, other = heappop(latest)
            del kept[keys[other]]
        kept[key] = wanted_again[place]
        heappush(latest, (-wanted_again[place], place))
    return hits / len(keys) if keys else 0.0


def _wanted_again(keys: Sequence[Hashable]) -> list[int]:
    """For each place the next one with its key; where there is none, one past
    the end.
    """
    seen: dict[Hashable, int] = {}
    places = [len(keys)] * len(keys)
    for place in reversed(range(len(keys))):
        places[place] = seen.get(keys[place], len(keys))
        seen[keys[place]] = place
    return places
