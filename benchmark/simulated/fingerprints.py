"""What a strategy is sent, as a few digits: two runs are compared only where
these are the same.

They stand for the arrivals, the questions and the right answers of one fixed
seed, so they are the same whatever seeds a run has, and differ wherever the
traffic was changed: another size, other questions, another trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from benchmark.simulated.simulate import Job, suite_of, trial_of
from benchmark.suite import Trial, Workload
from optimizations.fingerprint import digest

DIGITS = 12


def fingerprints(job: Job) -> Mapping[str, str]:
    """Of each strategy of the job's suite, by its key."""
    suite = suite_of(job)
    if job.trace is not None:  # its prompts may be gigabytes: it stands itself
        found = _of_trace(job.trace, job)
        return {strategy.key: found for strategy in suite.strategies}
    trial, known = trial_of(job), dict[Workload, str]()
    for strategy in suite.strategies:
        workload = strategy.workload or suite.workload
        if workload not in known:
            known[workload] = _of_workload(workload, trial)
    return {
        strategy.key: known[strategy.workload or suite.workload]
        for strategy in suite.strategies
    }


def _of_trace(path: str, job: Job) -> str:
    with open(path, "rb") as file:
        contents = hashlib.file_digest(file, "sha256").hexdigest()
    return digest([contents, job.time_scale, job.requests])[:DIGITS]


def _of_workload(workload: Workload, trial: Trial) -> str:
    sent = [
        (
            arrival.due_seconds,
            arrival.request.messages,
            arrival.request.max_tokens,
            trial.answer(arrival.request),
        )
        for arrival in workload(trial)
    ]
    return digest(sent)[:DIGITS]
