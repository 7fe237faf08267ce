"""One screen, and what stands on it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker
from optimizations.balancing.retry import Retry
from optimizations.clock import run_virtual
from optimizations.monitoring.alerts import Alert, Rule
from optimizations.monitoring.dashboard import View, layers_of, render
from optimizations.monitoring.metrics import Metrics
from optimizations.monitoring.record import Monitored
from optimizations.monitoring.resources import Resources
from tests.helpers import Scripted, ask, read
from tests.monitoring.records import failed, good


def screen(view: View, width: int = 80, *, plain: bool = False) -> list[str]:
    out = StringIO()
    Console(file=out, width=width, height=24, color_system=None).print(
        render(view, width, plain=plain)
    )
    return out.getvalue().splitlines()


def firing(name: str = "too slow") -> Alert:
    alert = Alert(Rule(name, above=1.0), clock=lambda: 0.0)
    alert.update(2.0, samples=10)
    return alert


def busy_view() -> View:
    metrics = Metrics()
    for n in range(1500):
        metrics(failed(code=f"code {n}") if n % 3 == 0 else good())
    figures = {f"a long figure {n}": 1e6 + n for n in range(9)}
    return View(
        title="chatbot",
        metrics=metrics.snapshot(),
        layers=[(f"ALayerWithALongName{n}", figures) for n in range(30)],
        alerts=[firing(f"alert {n}") for n in range(12)],
        resources=Resources(99.9, 2**31, 512, 64),
        loop_lag_seconds=0.2,
    )


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_screen_however_much_there_is(
    width: int, plain: bool
) -> None:
    lines = screen(busy_view(), width, plain=plain)
    assert len(lines) <= 24
    assert all(len(line) <= width for line in lines)


def test_it_says_how_requests_ended_and_how_long_they_took() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics(good())
    metrics(failed())
    text = "\n".join(screen(View("chatbot", metrics.snapshot())))
    assert "4: 3 answer (75.0%), 1 failed (25.0%)" in text
    assert "server_error 1" in text
    assert "never" in text  # the slowest never came
    assert "too few" in text  # for a p99


def test_no_meaning_is_in_the_colour_alone() -> None:
    view = View("chatbot", alerts=[firing()])
    assert any("FIRING page: too slow" in line for line in screen(view))


def test_the_plain_variant_has_no_boxes() -> None:
    text = "".join(screen(busy_view(), plain=True))
    assert not set(text) & set("─│╭╮╰╯━┃█▁")
    assert "─" in "".join(screen(busy_view()))


def test_an_empty_view_can_be_shown() -> None:
    assert any("none yet" in line for line in screen(View("chatbot")))


def test_siblings_of_one_kind_are_added_up() -> None:
    async def main() -> None:
        replicas = [Breaker(Scripted()) for _ in range(3)]
        llm = Balanced(replicas)
        for n in range(6):
            await read(llm, ask(n=n))
        layers = dict(layers_of(llm))
        assert list(layers) == ["Balanced", "Breaker ×3", "Scripted ×3"]
        assert layers["Scripted ×3"]["calls"] == 6
        lines = screen(View("chatbot", layers=layers_of(llm)))
        assert any("Breaker ×3" in x and "all quiet" in x for x in lines)

    run_virtual(main())


def test_the_layers_of_an_onion_are_shown_outermost_first() -> None:
    async def main() -> None:
        llm = Monitored(Retry(Balanced([Breaker(Scripted())])))
        await read(llm, ask())
        names = [name for name, _ in layers_of(llm)]
        assert names == [
            "Monitored",
            "Retry",
            "Balanced",
            "Breaker",
            "Scripted",
        ]

    run_virtual(main())


def test_a_resolved_alert_counts_as_resolved_and_not_as_awake() -> None:
    """A resolved alert never becomes inactive again: it stayed "awake"."""
    calm = firing("calm")
    calm.update(0.0, samples=10)
    view = View("chatbot", alerts=[firing(), calm])
    assert any("1 firing, 1 resolved" in line for line in screen(view))
