"""Simulations side by side: each seed is a job of its own, so they go to
worker processes, one for each core.

A worker ignores Ctrl-C: the terminal sends it to all of them, and the one who
answers it is the parent, by ending the others. If the parent dies otherwise,
each worker reads the end of its pipe and ends too.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.pool import Pool

from benchmark.simulate import Job, Outcome, simulate

JOB_SECONDS = 300.0  # a worker that is killed loses its job silently


class Workers:
    """Runs jobs and returns their outcomes in order."""

    def __init__(self, pool: Pool | None) -> None:
        self._pool = pool

    def run(self, jobs: Sequence[Job]) -> Iterator[Mapping[str, Outcome]]:
        """Raises `multiprocessing.TimeoutError` where a worker was lost."""
        if self._pool is None:
            yield from map(simulate, jobs)
            return
        coming = self._pool.imap(simulate, jobs)
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
