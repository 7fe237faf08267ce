"""Prometheus exporter: the metrics, and the figures of every layer, as a
scrape wants them.

Nothing is counted twice: at each scrape the collector reads what `Metrics` and
the layers' `snapshot` hold anyway. Latencies go out as classic buckets, which
Prometheus can add up across machines; its own percentiles are then as coarse
as these buckets, while ours keep their 1 %. Failures lie in the `+Inf` bucket.
Each figure of a layer is a family of its own, as `llm_retry_retries_total`.

When it does not help: prompts, answers and keys never become labels, and
tenants do only where asked for. Needs `prometheus_client`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from optimizations.llm import LLM, walk
from optimizations.monitoring.histogram import LogHistogram
from optimizations.monitoring.metrics import Metrics, Totals

SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 300)
"""The limits of the buckets."""

GROWING = frozenset(
    "admitted alone answers batches begun bypassed calls deadlines_exceeded "
    "dollars errors evictions expirations failures first_token_timeouts "
    "flights followed followers given_up hits invalidated kept led losses "
    "misses near_hits next_token_timeouts not_kept opened overtaken records "
    "refresh_failures refreshes refused retries sink_failures skipped stale "
    "timeouts unreadable untracked vetoed wasted_tokens".split()
)
"""Figures of layers that only ever grow: counters. All others are gauges."""


class PrometheusCollector(Collector):
    """Register it: `CollectorRegistry().register(PrometheusCollector(...))`.
    `llm` adds the figures of each of its layers.
    """

    def __init__(
        self,
        metrics: Metrics,
        llm: LLM | None = None,
        *,
        prefix: str = "llm",
        with_tenants: bool = False,
    ) -> None:
        self._metrics = metrics
        self._llm = llm
        self._prefix = prefix
        self._with_tenants = with_tenants

    def collect(self) -> Iterable[Metric]:
        snapshot = self._metrics.snapshot()
        yield self._counts("requests", "outcome", snapshot.outcomes)
        yield self._counts("errors", "code", snapshot.codes)
        yield from self._spending("model", snapshot.models)
        if self._with_tenants:
            yield from self._spending("tenant", snapshot.tenants)
        yield self._seconds("ttft", self._metrics.ttft)
        yield self._seconds("e2e", self._metrics.e2e)
        yield self._seconds("longest_gap", self._metrics.longest_gap)
        if self._llm is not None:
            yield from self._layers(self._llm)

    def _counts(
        self, name: str, label: str, counts: Mapping[str, int]
    ) -> Metric:
        family = CounterMetricFamily(
            f"{self._prefix}_{name}", f"{name} by {label}", labels=[label]
        )
        for value, count in counts.items():
            family.add_metric([value], count)
        return family

    def _spending(
        self, label: str, totals: Mapping[str, Totals]
    ) -> Iterator[Metric]:
        tokens = CounterMetricFamily(
            f"{self._prefix}_{label}_tokens",
            "tokens of answers",
            labels=[label, "kind"],
        )
        dollars = CounterMetricFamily(
            f"{self._prefix}_{label}_dollars",
            "what answers cost",
            labels=[label],
        )
        for name, total in totals.items():
            tokens.add_metric([name, "prompt"], total.prompt_tokens)
            tokens.add_metric([name, "completion"], total.completion_tokens)
            tokens.add_metric([name, "cached"], total.cached_tokens)
            dollars.add_metric([name], total.dollars)
        yield tokens
        yield dollars

    def _seconds(self, name: str, histogram: LogHistogram) -> Metric:
        family = HistogramMetricFamily(
            f"{self._prefix}_{name}_seconds", f"{name}; failures are infinite"
        )
        buckets = [(str(s), histogram.count_up_to(s)) for s in SECONDS]
        family.add_metric(
            [],
            [*buckets, ("+Inf", histogram.count)],
            sum_value=histogram.finite_sum,
        )
        return family

    def _layers(self, llm: LLM) -> Iterable[Metric]:
        """One family a figure; layers of one kind are told apart by number,
        and so are the replicas of one of them.
        """
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        seen: Counter[str] = Counter()
        for layer in walk(llm):
            kind = type(layer).__name__
            number, seen[kind] = str(seen[kind]), seen[kind] + 1
            for told, value in layer.snapshot().items():
                replica, figure = _replica_of(told)
                name = f"{self._prefix}_{_snake(kind)}_{figure}"
                if name not in families:
                    families[name] = _family(name, kind, figure)
                families[name].add_metric([number, replica], value)
        return families.values()


def _family(
    name: str, kind: str, figure: str
) -> CounterMetricFamily | GaugeMetricFamily:
    grows = re.sub("^(store|replica)_", "", figure) in GROWING
    family = CounterMetricFamily if grows else GaugeMetricFamily
    words = f"{figure.replace('_', ' ')}, as {kind} tells it"
    return family(name, words, labels=["number", "replica"])


def _replica_of(figure: str) -> tuple[str, str]:
    """A balancer's `replica_2_seconds` is the `seconds` of replica 2."""
    found = re.fullmatch(r"replica_(\d+)_(\w+)", figure)
    return (found[1], f"replica_{found[2]}") if found else ("", figure)


def _snake(kind: str) -> str:
    """As a metric is named.

    >>> _snake("SingleFlight"), _snake("HTTPModel")
    ('single_flight', 'http_model')
    """
    inside = r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
    return re.sub(inside, "_", kind).lower()
