"""Dashboard: everything worth knowing on one screen of 80 columns and 24 rows.

`render` is a pure function from a `View` to something `rich` can print. It
measures nothing, keeps nothing and draws nothing itself, so the same picture
serves a live display, a report and a test. What users feel stands first (how
requests ended, how long they took), then what it cost, then why (each layer's
own figures, alerts, the process itself).

No meaning is carried by colour alone: a firing alert says FIRING. The plain
variant has neither colours nor box characters, for logs and screen readers.

When it does not help: it shows one process, now. For many processes, or for
last night, let Prometheus scrape them and draw that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from optimizations.llm import LLM
from optimizations.monitoring.alerts import Alert, AlertState
from optimizations.monitoring.metrics import Quantiles, Snapshot
from optimizations.monitoring.resources import Resources

_ALERT_ROWS = 3
_LABEL = 14  # columns of the first column

_STYLES = {
    AlertState.FIRING: "bold red",
    AlertState.PENDING: "yellow",
    AlertState.RESOLVED: "green",
    AlertState.INACTIVE: "dim",
}


@dataclass(frozen=True, slots=True)
class View:
    """What the dashboard shows: values only, taken at one moment."""

    title: str
    metrics: Snapshot = field(default_factory=Snapshot)
    layers: Sequence[tuple[str, Mapping[str, float]]] = ()
    alerts: Sequence[Alert] = ()
    resources: Resources | None = None
    loop_lag_seconds: float = 0.0


def layers_of(llm: LLM) -> list[tuple[str, Mapping[str, float]]]:
    """Every layer that has figures, outermost first. Siblings of one kind, as
    the breakers of several replicas, are added up in one.
    """
    named = []
    level: Sequence[LLM] = [llm]
    while level:
        siblings: dict[str, list[Mapping[str, float]]] = {}
        for layer in level:
            kind = siblings.setdefault(type(layer).__name__, [])
            kind.append(layer.snapshot())
        for name, snapshots in siblings.items():
            times = f" ×{len(snapshots)}" if len(snapshots) > 1 else ""
            named.append((name + times, _sum(snapshots)))
        level = [inner for layer in level for inner in layer.inners]
    return [(name, figures) for name, figures in named if figures]


def render(
    view: View, width: int = 80, height: int = 24, *, plain: bool = False
) -> RenderableType:
    """The whole screen, of at most so many columns and rows; it needs 16
    rows at least.
    """
    inside, rows = (width, height - 1) if plain else (width - 4, height - 2)
    lines = []
    for line in _lines(view, rows):
        line.truncate(inside, overflow="ellipsis")
        lines.append(Text(line.plain) if plain else line)
    if plain:
        return Group(Text(view.title.upper()[:width]), *lines)
    return Panel(Group(*lines), title=view.title, box=box.ROUNDED, width=width)


def _lines(view: View, rows: int) -> Iterator[Text]:
    """What matters most first; the layers get the rows that are left."""
    lines = [*_users(view.metrics), *_alerts(view.alerts)]
    if view.resources is not None:
        lines.append(_row("this process", _process(view, view.resources)))
    yield from lines
    left = rows - len(lines)
    shown = len(view.layers) if len(view.layers) <= left else left - 1
    for name, figures in view.layers[:shown]:
        yield _row(name, _figures(figures))
    if (more := len(view.layers) - shown) > 0:
        yield _row("", f"and {more} more layers")


def _users(metrics: Snapshot) -> Iterator[Text]:
    """What they felt, and what it cost."""
    total = metrics.total
    yield _row("requests", _outcomes(metrics))
    if metrics.codes:
        yield _row("errors", _counts(metrics.codes))
    yield _row("first token", _quantiles(metrics.ttft))
    yield _row("whole answer", _quantiles(metrics.e2e))
    yield _row("longest gap", _quantiles(metrics.longest_gap))
    yield _row(
        "tokens",
        f"{total.prompt_tokens:,} in ({total.cached_tokens:,} cached), "
        f"{total.completion_tokens:,} out, ${total.dollars:,.4f}",
    )


def _row(label: str, text: str, style: str = "") -> Text:
    row = Text(f"{label[: _LABEL - 1]:{_LABEL}}", style="bold")
    return row.append(text, style=style or "not bold")


def _outcomes(metrics: Snapshot) -> str:
    requests = metrics.total.requests
    if not requests:
        return "none yet"
    return f"{requests:,}: " + ", ".join(
        f"{count:,} {outcome} ({count / requests:.1%})"
        for outcome, count in sorted(
            metrics.outcomes.items(), key=lambda item: -item[1]
        )
    )


def _counts(counts: Mapping[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in most[:4])


def _quantiles(latency: Quantiles) -> str:
    return (
        f"half within {seconds(latency.p50):>8}"
        f"   95 % {seconds(latency.p95):>8}"
        f"   99 % {seconds(latency.p99):>8}"
    )


def seconds(value: float | None) -> str:
    """A duration in the unit that reads best.

    >>> seconds(0.2134), seconds(12.34), seconds(float("inf")), seconds(None)
    ('213 ms', '12.3 s', 'never', 'too few')
    """
    if value is None:
        return "too few"
    if value == inf:
        return "never"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _process(view: View, resources: Resources) -> str:
    return (
        f"CPU {resources.cpu_percent:.0f} %, "
        f"{resources.rss_bytes / 2**20:.0f} MiB, "
        f"{resources.open_files} files, {resources.threads} threads, "
        f"loop late by {seconds(view.loop_lag_seconds)}"
    )


def _alerts(alerts: Sequence[Alert]) -> Iterator[Text]:
    """How many there are of each kind; the loudest of them in words."""
    loudness = list(_STYLES)
    said = sorted(
        (a for a in alerts if a.state is not AlertState.INACTIVE),
        key=lambda alert: loudness.index(alert.state),
    )
    if alerts:
        counts = Counter(alert.state for alert in alerts)
        kinds = (f"{counts[s]} {s.value}" for s in loudness if counts[s])
        yield _row("alerts", ", ".join(kinds))
    for alert in said[:_ALERT_ROWS]:
        words = (
            f"{alert.state.value.upper()} {alert.rule.severity}: "
            f"{alert.rule.name} (now {alert.value:.3g})"
        )
        yield _row("", words, _STYLES[alert.state])


def _figures(figures: Mapping[str, float]) -> str:
    """Those that are not zero: the others have nothing to tell."""
    told = [
        f"{name.replace('_', ' ')} {_number(value)}"
        for name, value in figures.items()
        if value
    ]
    return ", ".join(told) or "all quiet"


def _number(value: float) -> str:
    whole = abs(value) >= 100 or value == int(value)
    return f"{value:,.0f}" if whole else f"{value:.3g}"


def _sum(snapshots: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    total: dict[str, float] = {}
    for snapshot in snapshots:
        for name, value in snapshot.items():
            total[name] = total.get(name, 0) + value
    return total
