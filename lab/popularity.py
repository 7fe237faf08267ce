"""Popularity: what customers ask, few things often and many things once.

What is asked decides what a cache is worth. In every log of questions a few
wishes make most of the traffic, and each is voiced in many ways; Zipf's law
describes both. Whoever draws questions evenly measures a cache that nobody
will ever have.

When it does not help: Zipf knows no news. After an outage everybody asks one
thing that was never asked before.

Zipf (1949); Breslau et al. found it in web traffic ("Web Caching and
Zipf-like Distributions", 1999).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate
from random import Random

from lab.questions import Bank
from lab.wording import reword
from optimizations.clock import chance


def zipf(count: int, *, exponent: float = 1.0) -> list[float]:
    """Shares of `count` things of which the k-th is asked for `1 / k **
    exponent` as often as the first; they add up to 1.

    >>> [round(share, 2) for share in zipf(3)]
    [0.55, 0.27, 0.18]
    """
    if count < 1:
        raise ValueError(f"count must be from 1, not {count}")
    if not 0 <= exponent < math.inf:
        raise ValueError(f"exponent must be finite, from 0, not {exponent}")
    weights = [rank**-exponent for rank in range(1, count + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def zipf_questions(
    bank: Bank,
    *,
    seed: object,
    exponent: float = 1.0,
    phrasing_exponent: float = 0.5,
    near_miss_share: float = 0.0,
    reworded_share: float = 0.0,
) -> Iterator[str]:
    """Questions as customers ask them: few intents make most of the traffic,
    each in many phrasings, of which some are commoner too.

    Each seed makes other intents popular. `near_miss_share` of the questions
    come from the bank's near misses, if it has any; `reworded_share` of all
    get a greeting, lose their question mark, and the like.
    """
    if not (0 <= near_miss_share <= 1 and 0 <= reworded_share <= 1):
        raise ValueError(
            "shares must be within 0..1, "
            f"not {near_miss_share} and {reworded_share}"
        )
    draws = chance("questions", seed)
    popular = _popular(bank, draws, exponent, phrasing_exponent)
    traps = [t for pair in bank.near_misses for t in (pair.first, pair.second)]
    while True:
        trapped = traps and draws.random() < near_miss_share
        text = draws.choice(traps) if trapped else next(popular)
        reworded = draws.random() < reworded_share
        yield reword(text, draws) if reworded else text


def _popular(
    bank: Bank, draws: Random, exponent: float, phrasing_exponent: float
) -> Iterator[str]:
    asked = [list(intent.phrasings) for intent in bank.intents]
    draws.shuffle(asked)
    for phrasings in asked:
        draws.shuffle(phrasings)
    sums = {
        count: list(accumulate(zipf(count, exponent=phrasing_exponent)))
        for count in {len(texts) for texts in asked}
    }
    popularity = list(accumulate(zipf(len(asked), exponent=exponent)))
    while True:
        [texts] = draws.choices(asked, cum_weights=popularity)
        [text] = draws.choices(texts, cum_weights=sums[len(texts)])
        yield text
