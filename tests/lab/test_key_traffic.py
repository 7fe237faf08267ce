"""Few keys make most of the traffic; strangers come once; fashions change."""

from __future__ import annotations

from collections import Counter

import pytest

from lab.key_traffic import moving_keys, with_strangers, zipf_keys
from lab.popularity import zipf

COUNT, THINGS = 20_000, 100


def test_few_keys_make_most_of_it() -> None:
    asked = Counter(zipf_keys(COUNT, things=THINGS, seed=1))
    shares = [count / COUNT for _, count in asked.most_common(3)]
    assert shares == pytest.approx(zipf(THINGS)[:3], rel=0.1)


def test_the_same_seed_asks_for_the_same() -> None:
    first = zipf_keys(50, things=THINGS, seed=1)
    assert first == zipf_keys(50, things=THINGS, seed=1)
    assert first != zipf_keys(50, things=THINGS, seed=2)


def test_a_stranger_comes_once_and_the_others_stay_in_their_places() -> None:
    keys = zipf_keys(COUNT, things=THINGS, seed=1)
    mixed = with_strangers(keys, share=1 / 3, seed=1)
    strangers = [key for key in mixed if key.startswith("stranger")]
    assert len(strangers) / COUNT == pytest.approx(1 / 3, rel=0.05)
    assert len(set(strangers)) == len(strangers)
    pairs = zip(keys, mixed, strict=True)
    assert sum(a == b for a, b in pairs) == COUNT - len(strangers)


def test_halfway_everything_popular_is_new() -> None:
    keys = moving_keys(101, things=THINGS, seed=1)
    assert len(keys) == 101
    assert not set(keys[:50]) & set(keys[50:])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share must be"):
        with_strangers(["a"], share=share, seed=1)
