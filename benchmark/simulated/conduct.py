"""Conducting a simulated study: in a worker process, on the virtual clock. So
it is asked for by name, and returns plain values.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.measured.rounds import Bench
from benchmark.simulated.simulate import Problem, known_bank
from benchmark.study import Finding
from benchmark.suite import load_suite
from optimizations.clock import run_virtual


@dataclass(frozen=True, slots=True)
class StudyJob:
    """One study of one suite."""

    suite: str
    study: str
    seed: int
    quick: bool = False
    questions: str | None = None  # a file; None: our own bank


def conduct(job: StudyJob) -> Finding | Problem:
    """What it found, or why it could not be done."""
    [study] = (
        study
        for study in load_suite(job.suite).studies
        if study.name == job.study
    )
    try:
        bench = Bench(known_bank(job.questions), job.seed, job.quick)
        return run_virtual(study.run(bench))
    except ImportError as error:
        return Problem(True, str(error))
    except Exception as error:
        return Problem(False, f"{type(error).__name__}: {error}")
