"""Metrics: what all requests so far come to. A sink for records that keeps
sums, never the records, so it may run for ever.

Counters say how much and how it ended; histograms say how long it took, with
failures in them as infinitely slow. Sums are kept for each tenant, model and
server, but only for so many of each: a label that a caller can choose would
otherwise fill the memory, one mistyped name after the other. Beyond the limit,
names are counted under `other`.

When it does not help: sums have no "lately". Take the difference of two
snapshots, or let `alerts` watch windows of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from math import inf

from optimizations.monitoring.histogram import LogHistogram
from optimizations.monitoring.record import Record

OTHER = "other"


@dataclass(slots=True)
class Totals:
    """Sums over some requests."""

    requests: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    nanodollars: int = 0

    @property
    def dollars(self) -> float:
        """What the answers cost."""
        return self.nanodollars / 1e9

    def add(self, record: Record) -> None:
        """One more request."""
        self.requests += 1
        self.answers += record.outcome == "answer"
        self.prompt_tokens += record.prompt_tokens
        self.completion_tokens += record.completion_tokens
        self.cached_tokens += record.cached_tokens
        self.nanodollars += record.nanodollars


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of one latency, in seconds. Infinite: that many failed. None: too few
    samples to say.
    """

    count: int
    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, histogram: LogHistogram) -> Quantiles:
        """Those that there are samples enough for."""
        return cls(
            histogram.count,
            histogram.percentile(50),
            histogram.percentile(95),
            histogram.percentile(99),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures at one moment; nothing in it changes afterwards."""

    total: Totals = field(default_factory=Totals)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    tenants: Mapping[str, Totals] = field(default_factory=dict)
    models: Mapping[str, Totals] = field(default_factory=dict)
    servers: Mapping[str, Totals] = field(default_factory=dict)
    ttft: Quantiles = Quantiles(0, None, None, None)
    e2e: Quantiles = Quantiles(0, None, None, None)
    longest_gap: Quantiles = Quantiles(0, None, None, None)


class Metrics:
    """A sink: call it with each record. Holds at most `max_labels` names of a
    kind, and `other`.
    """

    def __init__(
        self, *, max_labels: int = 100, relative_error: float = 0.01
    ) -> None:
        if max_labels < 1:
            raise ValueError(f"max_labels must be from 1, not {max_labels}")
        self.total = Totals()
        self.outcomes: Counter[str] = Counter()
        self.ttft = LogHistogram(relative_error)
        self.e2e = LogHistogram(relative_error)
        self.longest_gap = LogHistogram(relative_error)
        self._max_labels = max_labels
        self._codes: dict[str, Totals] = {}
        self._tenants: dict[str, Totals] = {}
        self._models: dict[str, Totals] = {}
        self._servers: dict[str, Totals] = {}

    def __call__(self, record: Record) -> None:
        self.total.add(record)
        self.outcomes[record.outcome] += 1
        self._of(self._tenants, record.tenant).add(record)
        self._of(self._models, record.model).add(record)
        if record.served_by:
            self._of(self._servers, record.served_by).add(record)
        if record.code:
            self._of(self._codes, record.code).add(record)
        self._time(record)

    def snapshot(self) -> Snapshot:
        """All of it, as it is now."""
        return Snapshot(
            total=copy(self.total),
            outcomes=dict(self.outcomes),
            codes={code: t.requests for code, t in self._codes.items()},
            tenants={name: copy(t) for name, t in self._tenants.items()},
            models={name: copy(t) for name, t in self._models.items()},
            servers={name: copy(t) for name, t in self._servers.items()},
            ttft=Quantiles.of(self.ttft),
            e2e=Quantiles.of(self.e2e),
            longest_gap=Quantiles.of(self.longest_gap),
        )

    def _of(self, labels: dict[str, Totals], name: str) -> Totals:
        if name not in labels and len(labels) >= self._max_labels:
            name = OTHER
        return labels.setdefault(name, Totals())

    def _time(self, record: Record) -> None:
        """A failure took for ever; who left, or asked nonsense, took no time
        that would say anything.
        """
        if record.outcome == "invalid":
            return
        if record.ttft_seconds is not None:
            self.ttft.add(record.ttft_seconds)
            self.longest_gap.add(record.longest_gap_seconds)
        elif record.good is False:
            self.ttft.add(inf)
        if record.outcome == "answer":
            self.e2e.add(record.e2e_seconds)
        elif record.good is False:
            self.e2e.add(inf)
