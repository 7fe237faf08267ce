"""Trees that were fitted elsewhere say here what they said there."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from optimizations.caching.similar.boosted_trees import BoostedTrees


def test_a_number_at_the_limit_goes_low() -> None:
    model = BoostedTrees([[0, 1.5, -1.0, 1.0]], width=1, start=0.0)
    assert [model.score([x]) for x in (1.4, 1.5, 1.6)] == [-1.0, -1.0, 1.0]


def test_each_tree_adds_to_the_start() -> None:
    stump = [1, 0.0, 0.25, 0.5]
    model = BoostedTrees([stump, 2, stump], width=2, start=-1.0)
    assert model.score([9.0, -1.0]) == -1.0 + 0.25 + 2 + 0.25


def test_without_trees_there_is_the_start() -> None:
    assert BoostedTrees([], width=0, start=0.5).score([]) == 0.5


@pytest.mark.parametrize(
    "tree",
    [
        [],
        [0, 1.0, 2.0],
        [2, 1.0, 0.0, 0.0],
        [-1, 1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0, nan, 0.0, 0.0],
        [0, 1.0, inf, 0.0],
        [0, 1.0, 0.0, [0, 1.0, "high", 0.0]],
        None,
        "tree",
    ],
    ids=str,
)
def test_what_is_no_tree_is_refused(tree: Any) -> None:
    with pytest.raises(ValueError):
        BoostedTrees([tree], width=2, start=0.0)


def test_a_bottomless_tree_is_refused() -> None:
    tree: list[Any] = [0, 1.0, 0.0, 0.0]
    tree[2] = tree
    with pytest.raises(ValueError, match="deep"):
        BoostedTrees([tree], width=1, start=0.0)


@pytest.mark.parametrize("start", [nan, inf, None, "0"])
def test_a_start_that_is_no_number_is_refused(start: Any) -> None:
    with pytest.raises(ValueError, match="finite"):
        BoostedTrees([], width=1, start=start)
