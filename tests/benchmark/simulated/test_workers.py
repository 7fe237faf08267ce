"""Worker processes: in order, and gone when they have to be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from benchmark.simulated.workers import interrupts_wait, workers
from tests.running import ROOT

PARENT = """
import sys, time
from benchmark.simulated.workers import WorkerLost, workers

with workers(2) as crew:
    print(*crew.map(abs, [-1, -2, -3]), flush=True)
    try:
        list(crew.map(time.sleep, [60, 60]))
    except WorkerLost as error:
        print(error, flush=True)
"""


@contextmanager
def busy() -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A parent with two workers in the middle of a job."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline() == "1 2 3\n"
            yield parent, psutil.Process(parent.pid).children(recursive=True)
        finally:
            parent.kill()


def test_results_come_in_the_order_of_the_jobs() -> None:
    with workers(2) as crew:
        assert list(crew.map(abs, range(-20, 0))) == [*range(20, 0, -1)]
        assert list(crew.map(str, [1, 2])) == ["1", "2"]  # and again


def test_one_process_alone_does_it_itself() -> None:
    with workers(1) as crew:
        assert list(crew.map(abs, [-1])) == [1]


def test_what_a_job_raises_is_raised_here() -> None:
    with (
        workers(2) as crew,
        pytest.raises(ValueError, match="invalid literal"),
    ):
        list(crew.map(int, ["1", "two"]))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_parent_ends_its_workers_and_nobody_complains(
    how: signal.Signals,
) -> None:
    """They went on to the end of their job, then printed a traceback, and
    semaphores were left behind.
    """
    with busy() as (parent, children):
        assert len(children) >= 2
        parent.send_signal(how)
        _, said = parent.communicate(timeout=20)
        _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert said == ""


def test_a_worker_that_is_killed_is_missed_at_once() -> None:
    """It was waited for, for five minutes."""
    with busy() as (parent, children):
        for child in children:
            if "spawn_main" in " ".join(child.cmdline()):
                child.kill()
                break
        told, said = parent.communicate(timeout=20)
        _, alive = psutil.wait_procs(children, timeout=10)
    assert "a worker process was lost" in told
    assert (alive, said) == ([], "")


def test_an_interrupt_waits_whichever_thread_takes_it() -> None:
    """The progress bar's thread took it, and a worker that was half started
    complained that its input had ended.
    """
    go, sent = threading.Event(), threading.Event()

    def interrupt() -> None:
        go.wait()
        os.kill(os.getpid(), signal.SIGINT)
        sent.set()

    another = threading.Thread(target=interrupt)
    another.start()  # before the block: it does not share its deafness
    started = False
    with pytest.raises(KeyboardInterrupt), interrupts_wait():
        go.set()
        assert sent.wait(5)
        started = True
    assert started
    another.join()
