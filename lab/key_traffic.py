"""What a cache is asked for: sequences of keys on which policies differ.

The problem: on keys that are all equally popular every policy is the same, and
on one kind of traffic alone the wrong one may win. So there are three: few
keys make most of it, as in every log of questions; strangers that nobody asks
for twice pass through (a crawler, a batch job, a test run); and what was
popular is so no more.

When it does not help: your own log of keys, where you have one, beats all of
these.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from lab.popularity import zipf
from optimizations.clock import chance


def zipf_keys(
    count: int, *, things: int, seed: object, name: str = "key"
) -> list[str]:
    """`count` keys of `things`, the k-th asked for 1 / k as often as the
    first.
    """
    draws = chance("keys", seed, name)
    keys = [f"{name} {number}" for number in range(things)]
    draws.shuffle(keys)  # or the popular ones would lie side by side
    shares = list(accumulate(zipf(things)))
    return draws.choices(keys, cum_weights=shares, k=count)


def with_strangers(
    keys: Sequence[str], *, share: float, seed: object
) -> list[str]:
    """The same keys, of which `share` are replaced by ones that come once."""
    if not 0 <= share <= 1:
        raise ValueError(f"share must be within 0..1, not {share}")
    draws = chance("strangers", seed)
    return [
        f"stranger {place}" if draws.random() < share else key
        for place, key in enumerate(keys)
    ]


def moving_keys(count: int, *, things: int, seed: object) -> list[str]:
    """Zipf keys; halfway all that was popular is replaced by other things."""
    before = zipf_keys(count // 2, things=things, seed=seed, name="old")
    after = zipf_keys(count - count // 2, things=things, seed=seed, name="new")
    return before + after
