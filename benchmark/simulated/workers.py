"""Jobs side by side: each seed's simulation is one, and so is each drawing, so
they go to worker processes, one for each core.

Each worker has a pipe of its own, which nobody else holds, and no lock is
shared: so whatever dies, nobody waits for it, and nothing is left behind. A
worker that is killed closes its pipe, and the parent says so at once. If the
parent is killed, each worker sees it and ends, also in the middle of a job.

A worker ignores Ctrl-C: the terminal sends it to all of them, and the one who
answers it is the parent, by ending the others.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

END_SECONDS = 5.0  # for a worker to end, before it is killed


class WorkerLost(Exception):
    """A worker ended without an answer: killed, or out of memory."""


class Workers:
    """Does jobs and returns what came of them, in order."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes

    def map(self, do: Callable[[T], R], jobs: Sequence[T]) -> Iterator[R]:
        """Raises what a job raised, or WorkerLost."""
        if not self._pipes:
            yield from map(do, jobs)
            return
        idle, busy = list(self._pipes), dict[Connection, int]()
        done: dict[int, R] = {}
        coming = iter(enumerate(jobs))
        for number in range(len(jobs)):
            while number not in done:
                while idle and (job := next(coming, None)):
                    pipe = idle.pop()
                    _tell(pipe, (do, job[1]))
                    busy[pipe] = job[0]
                for ready in wait([*busy]):
                    assert isinstance(ready, Connection)
                    done[busy.pop(ready)] = _answer(ready)
                    idle.append(ready)
            yield done.pop(number)


def _tell(pipe: Connection, work: tuple[Callable[[T], R], T]) -> None:
    try:
        pipe.send(work)
    except OSError:
        raise WorkerLost("a worker process was lost") from None


def _answer(pipe: Connection) -> Any:
    try:
        result = pipe.recv()
    except (EOFError, OSError):
        raise WorkerLost("a worker process was lost") from None
    if isinstance(result, _Raised):
        raise result.error
    return result


@contextmanager
def workers(processes: int) -> Iterator[Workers]:
    """So many processes until the block ends; with 1, none but this one."""
    crew: list[tuple[SpawnProcess, Connection]] = []
    try:
        with interrupts_wait():
            while len(crew) < processes > 1:
                crew.append(_hired())
        yield Workers([pipe for _, pipe in crew])
    finally:
        for _, pipe in crew:
            pipe.close()
        for process, _ in crew:
            process.terminate()
        for process, _ in crew:
            process.join(END_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """A signal to end comes when the block has ended, or a worker that was
    half started would complain; and workers are born deaf to it.

    The mask is for the workers, who inherit it. It is not enough here: a
    signal to the process is taken by any thread that does not block it (the
    progress bar has one), and Python then handles it in this one.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would let signals in again
    ending = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in ending
    }
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def _hired() -> tuple[SpawnProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    with theirs:
        process.start()
    return process, ours


class _Raised:
    """What a job raised, on its way to the parent."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _work(pipe: Connection) -> None:
    """A worker's life: until the parent closes the pipe, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # the parent may end it again
        heard = {signal.SIGTERM, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            do, job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            result = do(job)
        except Exception as error:
            result = _Raised(error)
        try:
            pipe.send(result)
        except OSError:
            return


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
