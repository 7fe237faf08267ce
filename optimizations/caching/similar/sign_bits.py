"""The nearest of many vectors, nearly: one bit a number instead of 32.

The problem: comparing with all vectors takes as long as reading them, and a
hundred thousand take a hundred megabytes. The idea: of each number keep only
whether it lies above the mean. Two vectors that point the same way agree in
most of these bits, and 64 of them are compared by one XOR and one count. So
the bits find the few rows worth looking at, and whoever asks compares those
exactly.

The bits are taken around the mean of what is stored, for texts all lean the
same way: around zero, most bits would be the same for all. As the mean drifts,
whoever holds the rows signs them anew (`outdated`).

Rows are read in blocks that fit into the processor's cache. What the first
block found says how near a row must be to be worth noting in the next.

When it does not help: for what lies far away. A neighbour at a cosine of 0.4
agrees in hardly more bits than chance would have it, and is missed now and
then; near ones are not. And a few thousand vectors are compared exactly as
fast.

Charikar, 2002 ("similarity estimation techniques from rounding").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]
Counts = npt.NDArray[np.uint16]

_BLOCK = 16_384  # rows


class SignBits:
    """The bits of rows, around the mean of `sample`, a matrix of some that
    are like them.
    """

    rows_per_step = 1024  # rows that are signed in half a millisecond or so

    def __init__(self, sample: Matrix) -> None:
        self._mean = sample.mean(axis=0)
        # A column for each row: what is read together lies together.
        self._words = np.empty((self._sign(sample[:1]).shape[0], 0), np.uint64)
        self._count = 0
        self._learnt = self._written = 0

    def __len__(self) -> int:
        return self._count

    @property
    def outdated(self) -> bool:
        """Whether more was written since than there was to learn from."""
        return self._written > self._learnt

    @property
    def nbytes(self) -> int:
        """Bytes of the bits, with what is spare."""
        return self._words.nbytes

    def learn(self, rows: Matrix) -> None:
        """Append rows that there were before this was made."""
        start, self._count = self._count, self._count + len(rows)
        self._learnt += len(rows)
        self._fit()
        self._words[:, start : self._count] = self._sign(rows)

    def put(self, row: int, vector: Matrix) -> None:
        """Write a row: the next free one, or one that is there."""
        self._count = max(self._count, row + 1)
        self._written += 1
        self._fit()
        self._words[:, row] = self._sign(vector[None])[:, 0]

    def remove(self, row: int) -> None:
        """Put the last row in the place of this one."""
        self._count -= 1
        self._words[:, row] = self._words[:, self._count]
        self._fit()

    def nearest(self, vector: Matrix, count: int) -> Rows:
        """From `count` rows to twice as many, in no order, that agree in the
        most bits.
        """
        words = self._sign(vector[None])
        rows, distances = np.empty(0, np.intp), np.empty(0, np.uint16)
        cut = 64 * len(words)  # all bits differ
        for start in range(0, self._count, _BLOCK):
            block = self._distances(words, start)
            if not start and len(block) > count:
                cut = int(np.partition(block, count - 1)[count - 1])
            near = np.flatnonzero(block <= cut)
            rows = np.concatenate((rows, near + start))
            distances = np.concatenate((distances, block[near]))
            if len(rows) > 2 * count:
                best = np.argpartition(distances, count - 1)[:count]
                rows, distances = rows[best], distances[best]
                cut = int(distances.max())
        return rows

    def _distances(self, words: Words, start: int) -> Counts:
        """In how many bits each row of one block differs."""
        block = self._words[:, start : min(start + _BLOCK, self._count)]
        differing = np.bitwise_count(block ^ words)
        total: Counts = differing.sum(axis=0, dtype=np.uint16)
        return total

    def _sign(self, matrix: Matrix) -> Words:
        """A column for each row, of 64 bits a word."""
        bits = np.packbits(matrix > self._mean, axis=1)
        if spare := -bits.shape[1] % 8:
            bits = np.pad(bits, ((0, 0), (0, spare)))
        return bits.view(np.uint64).T

    def _fit(self) -> None:
        """Never more than a quarter of what is used is spare."""
        room, used = self._words.shape[1], self._count
        if used > room or 4 * room > 5 * used:
            fresh = np.empty((len(self._words), used + used // 8), np.uint64)
            kept = min(room, used)
            fresh[:, :kept] = self._words[:, :kept]
            self._words = fresh
