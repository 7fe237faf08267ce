"""Running a strategy against a seed's customers, on the virtual clock.

Within a seed every strategy replays the same arrivals and the same questions,
and the simulated model draws by (seed, request, attempt): so two strategies
differ by what they do and by nothing else. Their answers must not differ at
all. The provider is simulated, so the right answer to each request is known,
also to one that another strategy had refused; a strategy that says something
else, or nothing, is wrong, however fast.

This module runs in worker processes, so it returns plain values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from benchmark.simulated.seed_run import Sample, SeedRun, observe, seed_run
from benchmark.simulated.traced import traced
from benchmark.suite import Strategy, Suite, Trial, load_suite
from lab.questions import load_bank
from lab.replay import answer as trace_answer
from lab.traffic import (
    Arrival,
    Send,
    closed_loop,
    open_loop,
    scheduled_loop,
)
from lab.wording import Understanding
from optimizations.clock import now, run_virtual
from optimizations.llm import Request
from optimizations.tokens import split_tokens


@dataclass(frozen=True, slots=True)
class Job:
    """One seed of one suite."""

    suite: str
    seed: int
    requests: int
    questions: str | None = None  # a file; None: our own bank
    trace: str | None = None  # a file; None: customers are made up
    time_scale: float = 1.0  # 2 replays the trace twice as fast
    quick: bool = False  # without the strategies that say little new


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a strategy has no run."""

    missing: bool  # True: a part is not installed; False: it broke
    message: str


SeedResult = SeedRun | Problem


def simulate(job: Job) -> dict[str, SeedResult]:
    """Every strategy of the suite, by key."""
    return replay(suite_of(job), trial_of(job))


def suite_of(job: Job) -> Suite:
    """The suite, with the trace's customers if there is a trace."""
    suite = load_suite(job.suite)
    if job.trace is not None:
        suite = traced(suite, job.trace, job.time_scale, job.requests)
    suite = suite.shortened() if job.quick else suite
    if suite.adapted is not None and job.trace is None:
        suite = suite.adapted(suite, known_bank(job.questions))
    return suite


def trial_of(job: Job) -> Trial:
    """The seed's customers and their provider."""
    bank = known_bank(job.questions)
    answer = trace_answer if job.trace else Understanding(bank).answer
    return Trial(job.seed, bank, answer, job.requests)


known_bank = lru_cache(maxsize=1)(load_bank)
"""Read once a process: the files of a run stay as they are."""


def replay(suite: Suite, trial: Trial) -> dict[str, SeedResult]:
    """Each strategy against the same customers."""
    workloads = {s.workload or suite.workload for s in suite.strategies}
    coming = {workload: workload(trial) for workload in workloads}
    right = {w: right_answers(trial, coming[w]) for w in workloads}
    results: dict[str, SeedResult] = {}
    for strategy in suite.strategies:
        workload = strategy.workload or suite.workload
        work = _replay(strategy, trial, coming[workload], right[workload])
        try:
            results[strategy.key] = run_virtual(work)
        except ImportError as error:
            results[strategy.key] = Problem(True, str(error))
        except Exception as error:
            reason = f"{type(error).__name__}: {_innermost(error)}"
            results[strategy.key] = Problem(False, reason)
    return results


def right_answers(trial: Trial, coming: Sequence[Arrival]) -> list[str]:
    """What the provider says to each request: as many tokens of the right
    answer as were asked for.
    """
    requests = [arrival.request for arrival in coming]
    return [
        "".join(split_tokens(trial.answer(request))[: request.max_tokens])
        for request in requests
    ]


async def _replay(
    strategy: Strategy,
    trial: Trial,
    coming: Sequence[Arrival],
    right: Sequence[str],
) -> SeedRun:
    async with strategy.make(trial) as llm:
        # a request's trace is written to, so each strategy has its own
        fresh = [
            Arrival(arrival.due_seconds, _fresh(arrival.request, strategy))
            for arrival in coming
        ]
        start, due_seconds = now(), [0.0] * len(fresh)
        number_of = {a.request.request_id: i for i, a in enumerate(fresh)}

        async def send(request: Request, due: float) -> Sample:
            due_seconds[number_of[request.request_id]] = due - start
            return await observe(llm, request, due)

        samples = await _sent(strategy, send, fresh)
        makespan_seconds = now() - start
    return seed_run(samples, due_seconds, makespan_seconds, llm, right)


async def _sent(
    strategy: Strategy, send: Send[Sample], coming: Sequence[Arrival]
) -> list[Sample]:
    """In the loop that the strategy wants."""
    if strategy.senders is None:
        return await open_loop(send, coming)
    if strategy.scheduled:
        return await scheduled_loop(send, coming, senders=strategy.senders)
    requests = [arrival.request for arrival in coming]
    return await closed_loop(send, requests, senders=strategy.senders)


def _fresh(request: Request, strategy: Strategy) -> Request:
    trace = type(request.trace)()
    return replace(request, trace=trace, streamed=strategy.streamed)


def _innermost(error: BaseException) -> BaseException:
    """What really happened, where a task group wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
