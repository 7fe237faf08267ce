"""What a scrape sees."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from optimizations.balancing import Balanced, Breaker
from optimizations.monitoring.metrics import Metrics
from optimizations.monitoring.prometheus import PrometheusCollector
from tests.helpers import Scripted
from tests.monitoring.records import failed, good


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
        labels = f'{{figure="open",layer="Breaker",number="{number}"}}'
        assert f"llm_layer{labels} 0.0" in lines


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
