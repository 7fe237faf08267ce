"""What a scrape sees."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker
from optimizations.clock import run_virtual
from optimizations.mock import MockModel
from optimizations.monitoring.metrics import Metrics
from optimizations.monitoring.prometheus import PrometheusCollector
from tests.helpers import Scripted
from tests.monitoring.records import failed, good
from tests.test_every_layer import LAYERS


def scrape(collector: PrometheusCollector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode().splitlines()


def test_counts_tokens_and_latencies_are_there() -> None:
    metrics = Metrics()
    for record in (good(), good(), failed()):
        metrics(record)
    lines = scrape(PrometheusCollector(metrics))
    assert 'llm_requests_total{outcome="answer"} 2.0' in lines
    assert 'llm_errors_total{code="server_error"} 1.0' in lines
    assert (
        'llm_model_tokens_total{kind="completion",model="mock"} 40.0' in lines
    )
    assert 'llm_ttft_seconds_bucket{le="0.1"} 0.0' in lines
    assert 'llm_ttft_seconds_bucket{le="0.5"} 2.0' in lines
    assert 'llm_ttft_seconds_bucket{le="+Inf"} 3.0' in lines
    assert "llm_e2e_seconds_sum 2.0" in lines


def test_every_layer_has_its_figures() -> None:
    llm = Balanced([Breaker(Scripted()), Breaker(Scripted())])
    lines = scrape(PrometheusCollector(Metrics(), llm))
    for number in "01":
        labels = f'{{number="{number}",replica=""}}'
        assert f"llm_breaker_open{labels} 0.0" in lines
        assert f"llm_breaker_opened_total{labels} 0.0" in lines
        labels = f'{{number="0",replica="{number}"}}'
        assert f"llm_balanced_replica_begun_total{labels} 0.0" in lines
        assert f"llm_balanced_replica_in_flight{labels} 0.0" in lines


def test_what_only_grows_is_a_counter_and_what_does_not_is_a_gauge() -> None:
    """All of it was a gauge, and `rate` of a gauge means nothing. A new figure
    of a layer has to be put on one side.
    """

    async def main() -> list[str]:
        llms = [row.make(MockModel()) for row in LAYERS.values()]
        pages = [scrape(PrometheusCollector(Metrics(), llm)) for llm in llms]
        return [line for page in pages for line in page]

    gauges = {
        line.split()[2] for line in run_virtual(main()) if "gauge" in line
    }
    assert {name.removeprefix("llm_") for name in gauges} == {
        *(f"balanced_replica_{f}" for f in ("available", "in_flight")),
        "balanced_replica_seconds",
        "batched_batches_waiting",
        "batched_pending",
        "breaker_half_open",
        "breaker_open",
        "cached_store_bytes",
        "cached_store_entries",
        *(f"concurrency_limit_{f}" for f in ("peak", "running", "waiting")),
        *(f"mock_model_{f}" for f in ("peak", "running", "waiting")),
        "monitored_running",
        "rate_limit_requests_left",
        "rate_limit_waiting",
        "retry_budget",
        "shared_flight_waiting",
        "single_flight_in_the_air",
    }


def test_tenants_are_named_only_where_asked_for() -> None:
    metrics = Metrics()
    metrics(good(tenant="secret customer"))
    assert "secret customer" not in str(scrape(PrometheusCollector(metrics)))
    named = PrometheusCollector(metrics, with_tenants=True)
    assert "secret customer" in str(scrape(named))


def test_a_scrape_stays_small_whatever_callers_send() -> None:
    metrics = Metrics(max_labels=50)
    for number in range(5000):
        metrics(good(model=f"typo {number}", tenant=f"tenant {number}"))
    lines = scrape(PrometheusCollector(metrics, with_tenants=True))
    assert len(lines) < 1000
