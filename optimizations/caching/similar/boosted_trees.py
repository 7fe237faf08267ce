"""Many small decision trees, each of which corrects those before it.

The problem: what a row of numbers means depends on how they stand together,
and no weighted sum says "near, unless a number differs". The idea: a tree asks
a few yes-or-no questions, each about one number, and ends in a small
correction; the sum of all corrections is the score. Fitting them takes a
library, applying them a loop, so what was fitted travels as plain numbers.

A tree is a number, which is what it says, or `(place, limit, low, high)`: then
`low` goes on where `row[place] <= limit`, else `high`, both trees themselves.

When it does not help: a score is only worth what the rows were that it was
fitted on.

Gradient boosting: Friedman, 2001. In the form fitted here, where each tree is
a weighted least squares fit: LogitBoost, Friedman, Hastie, Tibshirani, 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, TypeAlias

Tree: TypeAlias = "float | tuple[int, float, Tree, Tree]"

_DEEPEST = 20


class BoostedTrees:
    """The sum of `start` and what each tree says about a row of `width`
    numbers. `trees` may come from JSON. Raises `ValueError` for what is no
    tree, or asks about a number that no row has.

    >>> warmer = [0, 10.0, -1.0, [1, 0.5, 0.0, 2.0]]
    >>> model = BoostedTrees([warmer, 0.25], width=2, start=0.5)
    >>> model.score([3.0, 1.0]), model.score([20.0, 1.0])
    (-0.25, 2.75)
    """

    def __init__(
        self, trees: Sequence[Any], *, width: int, start: float
    ) -> None:
        self._start = _number(start)
        self._trees = [_tree(tree, width) for tree in trees]

    def score(self, row: Sequence[float]) -> float:
        """More for a row that looks more like those marked 1."""
        total = self._start
        for tree in self._trees:
            while isinstance(tree, tuple):
                place, limit, low, high = tree
                tree = low if row[place] <= limit else high
            total += tree
        return total


def _tree(tree: Any, width: int, depth: int = 0) -> Tree:
    if not isinstance(tree, list | tuple):
        return _number(tree)
    if len(tree) != 4 or depth == _DEEPEST:
        raise ValueError(
            f"a tree is a number or four things, at most {_DEEPEST} deep"
        )
    place, limit, low, high = tree
    if not (isinstance(place, int) and 0 <= place < width):
        raise ValueError(f"a row of {width} has no number {place!r}")
    return (
        place,
        _number(limit),
        _tree(low, width, depth + 1),
        _tree(high, width, depth + 1),
    )


def _number(value: Any) -> float:
    if not (isinstance(value, int | float) and isfinite(value)):
        raise ValueError(f"{value!r} is no finite number")
    return float(value)
