"""Many small decision trees, each of which corrects those before it.

The problem: what a row of numbers means depends on how they stand together,
and no weighted sum says "near, unless a number differs". The idea: a tree asks
a few yes-or-no questions, each about one number, and ends in a small
correction; the sum of all corrections is the score. Fitting them takes a
library, applying them a loop, so what was fitted travels as plain numbers.

A tree is a list of nodes. `(place, limit, left, right)` asks whether
`row[place] <= limit` and says which node comes next; `(value,)` ends. The
first node is the root, and each leads only to later ones, so a walk ends.

When it does not help: a score is only worth what the rows were that it was
fitted on.

Gradient boosting: Friedman, 2001. In the form fitted here, where each tree is
a weighted least squares fit: LogitBoost, Friedman, Hastie, Tibshirani, 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

Node = Sequence[float]


class BoostedTrees:
    """The sum of what each tree says. Raises `ValueError` where a node leads
    nowhere, or asks for a number that a row of `width` does not have.

    >>> colder = [[0, 10.0, 1, 2], [1.0], [-1.0]]  # is row[0] <= 10?
    >>> BoostedTrees([colder], width=1, start=0.5).score([3.0])
    1.5
    """

    def __init__(
        self, trees: Sequence[Sequence[Node]], *, width: int, start: float
    ) -> None:
        if not isfinite(start):
            raise ValueError("start must be a finite number")
        for tree in trees:
            _check(tree, width)
        self._start = start
        self._trees = [[tuple(node) for node in tree] for tree in trees]

    def score(self, row: Sequence[float]) -> float:
        """More for a row that looks more like those marked 1."""
        total = self._start
        for tree in self._trees:
            node = tree[0]
            while len(node) > 1:
                place, limit, left, right = node
                node = tree[left if row[place] <= limit else right]
            total += node[0]
        return total


def _check(tree: Sequence[Node], width: int) -> None:
    if not tree:
        raise ValueError("a tree needs at least one node")
    for number, node in enumerate(tree):
        if not all(isfinite(value) for value in node):
            raise ValueError("a node holds finite numbers")
        if len(node) == 1:
            continue
        if len(node) != 4:
            raise ValueError("a node has four numbers, or one")
        place, _, *following = node
        if not (isinstance(place, int) and 0 <= place < width):
            raise ValueError(f"a row has no number {place}")
        for child in following:
            if not (isinstance(child, int) and number < child < len(tree)):
                raise ValueError(f"node {number} leads to {child}")
