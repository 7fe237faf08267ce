"""What one strategy did with one seed's requests, as their senders saw it.

Every latency counts from when the request was *due*, not from when the client
got around to sending it; how late that was is kept beside it, so that both can
be shown. A failed request has an infinite latency and stays where it is:
dropping it would make the worst strategy look quick.

The bill comes from the provider's own ledger, so what a strategy wasted is on
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from math import inf
from statistics import fmean
from zlib import crc32

from optimizations.clock import now
from optimizations.errors import LLMError
from optimizations.llm import LLM, Draft, Request, walk
from optimizations.mock import Ledger, MockModel

FACTS_SECONDS = 120.0  # so often what an answer says becomes untrue


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. Seconds from when it was due; infinite where it failed."""

    first_seconds: float  # to the first text
    half_seconds: float  # until half of the answer can be read
    seconds: float  # to its end
    outcome: str  # "answered", or the error's code
    asked_model: bool  # False: answered without asking any model
    text: str
    late_seconds: float = 0.0  # sent so much later than it was due
    age_seconds: float = 0.0  # of an answer that comes from a cache


async def observe(llm: LLM, request: Request, due: float) -> Sample:
    """Read one answer to its end; an error is an outcome, too."""
    draft, outcome, late_seconds = Draft(request), "answered", now() - due
    arrived: list[tuple[float, int]] = []  # when, and its characters
    try:
        async with aclosing(llm.stream(request)) as chunks:
            async for chunk in chunks:
                draft.add(chunk)
                if chunk.text:
                    arrived.append((now() - due, len(chunk.text)))
        draft.reply()
    except LLMError as error:
        outcome = error.code
    answered = outcome == "answered"
    return Sample(
        first_seconds=arrived[0][0] if arrived else inf,
        half_seconds=_half(arrived) if answered else inf,
        seconds=now() - due if answered else inf,
        outcome=outcome,
        asked_model=request.trace.attempts > 0,
        text=draft.partial if answered else "",
        late_seconds=late_seconds,
        age_seconds=request.trace.age_seconds if answered else 0.0,
    )


def _half(arrived: Sequence[tuple[float, int]]) -> float:
    """When half of the characters were there."""
    half, so_far = sum(count for _, count in arrived) / 2, 0
    for seconds, count in arrived:
        so_far += count
        if so_far >= half:
            return seconds
    return inf


@dataclass(frozen=True, slots=True)
class SeedRun:
    """One strategy and one seed: a column for each thing known of a request,
    in order of arrival, and what the provider billed.
    """

    due_seconds: tuple[float, ...]
    first_seconds: tuple[float, ...]
    half_seconds: tuple[float, ...]
    seconds: tuple[float, ...]
    late_seconds: tuple[float, ...]  # sent so much later than due
    outcomes: Mapping[str, int]
    calls: Mapping[str, int]  # of each model, by its name
    hits: int  # answered without asking a model
    differing: int  # answered, and not as is right
    makespan_seconds: float  # from the first request due to the last one over
    prompt_tokens: int
    completion_tokens: int
    dollars: float
    stale: int = 0  # answered rightly, but with what had become untrue

    @property
    def requests(self) -> int:
        return len(self.seconds)

    @property
    def as_sent_seconds(self) -> tuple[float, ...]:
        """The uncorrected latency, from when each was really sent: blind to
        what made the sender late.
        """
        pairs = zip(self.seconds, self.late_seconds, strict=True)
        return tuple(seconds - late for seconds, late in pairs)

    @property
    def answered(self) -> int:
        return self.outcomes.get("answered", 0)


def seed_run(
    samples: Sequence[Sample],
    due_seconds: Sequence[float],
    makespan_seconds: float,
    llm: LLM,
    right: Sequence[str],
) -> SeedRun:
    """Put the columns together. `right` are the right answers: whatever else
    a request was answered with differs, and be it nothing at all.
    """
    models = [part for part in walk(llm) if isinstance(part, MockModel)]
    ledgers = _ledgers(models)
    return SeedRun(
        due_seconds=tuple(due_seconds),
        first_seconds=tuple(sample.first_seconds for sample in samples),
        half_seconds=tuple(sample.half_seconds for sample in samples),
        seconds=tuple(sample.seconds for sample in samples),
        late_seconds=tuple(sample.late_seconds for sample in samples),
        outcomes=_counted(sample.outcome for sample in samples),
        calls={model.name: model.calls for model in models},
        hits=sum(
            sample.outcome == "answered" and not sample.asked_model
            for sample in samples
        ),
        differing=sum(
            sample.outcome == "answered" and sample.text != text
            for sample, text in zip(samples, right, strict=True)
        ),
        makespan_seconds=makespan_seconds,
        prompt_tokens=sum(ledger.prompt_tokens for ledger in ledgers),
        completion_tokens=sum(ledger.completion_tokens for ledger in ledgers),
        dollars=sum(ledger.nanodollars for ledger in ledgers) / 1e9,
        stale=sum(map(_stale, samples, due_seconds, right)),
    )


def _stale(sample: Sample, due_seconds: float, right: str) -> bool:
    """Whether the right answer became untrue between when it was made and when
    it was served. Every answer does so at times of its own.
    """
    if sample.text != right:
        return False
    served = due_seconds + sample.first_seconds
    phase = crc32(right.encode()) / 2**32 * FACTS_SECONDS
    changes, changes_before = (
        (moment - phase) // FACTS_SECONDS
        for moment in (served, served - sample.age_seconds)
    )
    return sample.age_seconds > 0 and changes > changes_before


def pooled(runs: Sequence[SeedRun]) -> SeedRun:
    """All seeds as one: percentiles come from all samples."""
    return SeedRun(
        due_seconds=tuple(s for run in runs for s in run.due_seconds),
        first_seconds=tuple(s for run in runs for s in run.first_seconds),
        half_seconds=tuple(s for run in runs for s in run.half_seconds),
        seconds=tuple(s for run in runs for s in run.seconds),
        late_seconds=tuple(s for run in runs for s in run.late_seconds),
        outcomes=_added(run.outcomes for run in runs),
        calls=_added(run.calls for run in runs),
        hits=sum(run.hits for run in runs),
        differing=sum(run.differing for run in runs),
        makespan_seconds=fmean(run.makespan_seconds for run in runs),
        prompt_tokens=sum(run.prompt_tokens for run in runs),
        completion_tokens=sum(run.completion_tokens for run in runs),
        dollars=sum(run.dollars for run in runs),
        stale=sum(run.stale for run in runs),
    )


def _ledgers(models: Sequence[MockModel]) -> list[Ledger]:
    """Of every provider inside, each once: replicas may share one."""
    return list({id(model.ledger): model.ledger for model in models}.values())


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))
