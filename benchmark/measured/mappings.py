"""What a mapping takes: nanoseconds a call, bytes an entry.

One call is shorter than looking at the clock. So a take makes thousands, in a
loop that is itself in C where that can be done. The keys are asked for in no
order: in the order of writing they would lie side by side in memory, and a
million entries would look as quick as a thousand.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from benchmark.measured.rounds import Take
from optimizations.clock import chance

CALLS = 5000  # in a take

Cache = MutableMapping[str, Any]


def keys(number: int, name: str = "key") -> list[str]:
    """So many keys, as long as those of a cache of answers."""
    return [f"{name} {i:058}" for i in range(number)]


def filled(cache: Cache, known: list[str]) -> Cache:
    """Each key with a value of its own."""
    for key in known:
        cache[key] = object()
    return cache


def hits(cache: Cache, known: list[str]) -> Callable[[], float]:
    """Seconds of a `get` of what is there."""
    asked = chance("mappings", len(known)).choices(known, k=CALLS)
    return lambda: _seconds_each(cache, asked)


def misses(cache: Cache) -> Callable[[], float]:
    """Seconds of a `get` of what is not there."""
    asked = keys(CALLS, "nobody's")
    return lambda: _seconds_each(cache, asked)


def writes(cache: Cache) -> Callable[[], float]:
    """Seconds of writing a new key; where the cache is full, another one
    goes. What was written is removed again from a mapping without bounds.
    """
    numbers = count()

    def run() -> float:
        new = keys(CALLS, f"new {next(numbers)}")
        size = len(cache)
        began = time.perf_counter()
        for key in new:
            cache[key] = None
        seconds = time.perf_counter() - began
        if len(cache) > size:
            for key in new:
                del cache[key]
        return seconds / len(new)

    return run


def _seconds_each(cache: Cache, asked: list[str]) -> float:
    began = time.perf_counter()
    deque(map(cache.get, asked), maxlen=0)
    return (time.perf_counter() - began) / len(asked)


def take_of(
    figures: Mapping[str, Callable[[], float]], *, unit: float
) -> Take:
    """All figures of one operation, in `unit` seconds."""

    async def take() -> Mapping[str, float]:
        with undisturbed():
            return {name: run() / unit for name, run in figures.items()}

    return take


def bytes_each(make: Callable[[], Cache], known: list[str]) -> float:
    """Of an entry, without its key and its value, which exist already. Keys
    that do not fit have pushed out others, as in a cache that is in use.
    """
    value = object()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        cache = make()
        for key in known:
            cache[key] = value
        after, _ = tracemalloc.get_traced_memory()
        return (after - before) / len(cache)
    finally:
        tracemalloc.stop()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector, which walks over a million entries, in whoever's
    turn it pleases.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
