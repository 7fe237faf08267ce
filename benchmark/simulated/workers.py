"""Jobs side by side: each seed's simulation is one, and so is each drawing, so
they go to worker processes, one for each core.

A worker ignores Ctrl-C: the terminal sends it to all of them, and the one who
answers it is the parent, by ending the others. If the parent dies otherwise,
each worker reads the end of its pipe and ends too.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.pool import Pool
from typing import TypeVar

from benchmark.simulate import Job, Outcome, simulate

T = TypeVar("T")
R = TypeVar("R")

JOB_SECONDS = 300.0  # a worker that is killed loses its job silently


class Workers:
    """Does jobs and returns what came of them, in order."""

    def __init__(self, pool: Pool | None) -> None:
        self._pool = pool

    def run(self, jobs: Sequence[Job]) -> Iterator[Mapping[str, Outcome]]:
        """Simulate them."""
        return self.map(simulate, jobs)

    def map(self, do: Callable[[T], R], jobs: Sequence[T]) -> Iterator[R]:
        """Raises `multiprocessing.TimeoutError` where a worker was lost."""
        if self._pool is None:
            yield from map(do, jobs)
            return
        coming = self._pool.imap(do, jobs)
        for _ in jobs:
            yield coming.next(JOB_SECONDS)


@contextmanager
def workers(processes: int) -> Iterator[Workers]:
    """So many processes until the block ends; with 1, none but this one."""
    if processes <= 1:
        yield Workers(None)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _ignore_interrupts) as pool:
        try:
            yield Workers(pool)
        finally:
            pool.terminate()
            pool.join()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
