"""Caching: where on the latency curve each cache helps, and how often it hits,
rightly, too late and falsely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.figures.cumulative import cumulative, curve, marked
from benchmark.figures.style import (
    GREY,
    INK,
    Drawn,
    Look,
    canvas,
    framed,
    looks,
    spread,
)
from benchmark.intervals.digits import interval_shown, shown
from benchmark.intervals.estimates import Estimate
from benchmark.intervals.paired import Comparison
from benchmark.results.metrics import (
    FALSE_HITS,
    HITS,
    MEAN,
    P95,
    P99,
    STALE,
)
from benchmark.results.standings import Standing, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT_SECONDS = 0.0005
LABEL_HEIGHT = 5.2  # in % of the axis
PLATEAU_SECONDS = 0.03  # between the slowest hit and the fastest miss
# the others lie on one of these: they differ in what they find, not in when
CURVES = ("no cache", "dict", "TTL", "fuzzy", "semantic", "hybrid")
Looks = Mapping[str, Look]
_MOVES = {
    "less": "falls to {}",
    "more": "rises to {}",
    "alike": "stays as good as the same",
    "same": "stays the same",
}


def data(result: SuiteResult) -> dict[str, Any]:
    """What is drawn, as plain values."""
    group = result.suite.strategies[0].group
    judged = [
        s for s in result.standings if s.judged and s.strategy.group == group
    ]
    hits = {s.name: _value(s.figure(HITS)) for s in judged}
    return {
        "curves": {
            s.name: curve(s.pool.seconds) for s in judged if s.name in CURVES
        },
        "percentiles": marked(result.requests),
        "shares": {
            s.name: {
                "hits": hits[s.name],
                "stale": _value(s.figure(STALE)),
                "false": _value(s.figure(FALSE_HITS)),
            }
            for s in judged
        },
        "title": _title(judged, hits),
        "note": f"Shown: {group}.",
    }


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Curves on the left, shares on the right, the same colours."""
    curves = figure["curves"]
    look = looks(list(curves))
    canvas_, (left, right) = canvas(2, height=5.6, widths=(2.6, 1))
    longest = max((c[-1][0] for c in curves.values() if c), default=1.0)
    cumulative(
        left,
        curves,
        look,
        left=LEFT_SECONDS,
        right=longest * 1.3,
        percentiles=figure["percentiles"],
    )
    left.set_xlabel("time until the answer is there (log; lower is better)")
    left.set_ylabel("% of the requests answered by then")
    for percent in figure["percentiles"]:
        left.text(longest * 1.36, percent, f"p{percent}", size=8, va="center")
    shares = figure["shares"]
    _label_plateaus(left, {n: shares[n]["hits"] for n in curves}, look)
    _shares(right, shares, look)
    return framed(canvas_, figure["title"], caption)


def _label_plateaus(
    axes: Axes, hits: Mapping[str, float], look: Looks
) -> None:
    """Between the hits and the misses each curve is flat at its hit share:
    there is room for its name.
    """
    names = list(hits)
    heights = spread(
        [hits[name] for name in names],
        LABEL_HEIGHT,
        floor=0.75 * LABEL_HEIGHT,  # clear of the axis
    )
    for name, height in zip(names, heights, strict=True):
        axes.annotate(
            name,
            xy=(PLATEAU_SECONDS, hits[name]),
            xytext=(PLATEAU_SECONDS * 2.2, height),
            color=look[name].colour,
            size=9.5,
            weight="bold",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            arrowprops={
                "arrowstyle": "-",
                "color": look[name].colour,
                "linewidth": 0.8,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )


def _shares(
    axes: Axes, shares: Mapping[str, Mapping[str, float]], look: Looks
) -> None:
    """A bar for the hits: what is right, what is stale, what is another
    question's. A strategy without a curve has a grey one.
    """
    most = max((share["hits"] for share in shares.values()), default=0.0)
    limit = next((end for end in (30, 60) if most <= end), 100)
    for row, (name, share) in enumerate(shares.items()):
        colour = look[name].colour if name in look else GREY
        hits, stale, false = share["hits"], share["stale"], share["false"]
        right = max(hits - stale - false, 0.0)
        axes.barh(row, right, color=colour, height=0.62)
        axes.barh(
            row, stale, left=right, color=colour, alpha=0.35, height=0.62
        )
        if false:
            axes.barh(
                row,
                false,
                left=right + stale,
                color="white",
                edgecolor=colour,
                hatch="////",
                height=0.62,
            )
        text = f"{shown(hits, digits=2)} %"
        if false:
            text += f", {shown(false, digits=2)} % false"
        axes.text(hits + limit / 50, row, text, va="center", size=9, color=INK)
    axes.set_yticks(range(len(shares)), list(shares))
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, limit)
    axes.set_xticks([0, limit / 2, limit])
    axes.set_xlabel(_legend(shares))
    axes.spines["left"].set_visible(False)


def _legend(shares: Mapping[str, Mapping[str, float]]) -> str:
    """Only what is to be seen."""
    told = []
    if any(share["stale"] for share in shares.values()):
        told.append("pale: stale")
    if any(share["false"] for share in shares.values()):
        told.append("hatched: false")
    return f"% hits ({'; '.join(told)})" if told else "% hits"


def _title(judged: Sequence[Standing], hits: Mapping[str, float]) -> str:
    exact = [s for s in judged if s.baseline and not s.strategy.may_mistake]
    if not exact:
        return "No cache could be judged"
    best = max(exact, key=lambda s: hits[s.name])
    slowest = P99 if best.has_samples_for(P99) else P95
    mean, tail = best.ratio(MEAN), best.ratio(slowest)
    title = f"A {best.name} answers {hits[best.name]:.0f} % at once"
    if stale := round(_value(best.figure(STALE))):
        title += f", {stale} % with what is no longer true"
    waits = {"the mean wait": mean, slowest.name: tail}
    seen = {name: c for name, c in waits.items() if c is not None}
    sure = {name: c for name, c in seen.items() if c.verdict in _MOVES}
    moves = [
        f"{name} {_MOVES[c.verdict].format(_percent(c))}"
        for name, c in sure.items()
    ]
    if len(sure) < len(seen):
        unsure = " or ".join(name for name in seen if name not in sure)
        moves.append(f"we cannot tell whether {unsure} falls")
    if moves:
        title += f": {', '.join(moves)}"
    return f"{title} (waits: lower is better)"


def _percent(comparison: Comparison) -> str:
    ratio = comparison.ratio
    hundredfold = Estimate(
        100 * ratio.value, 100 * ratio.low, 100 * ratio.high
    )
    return f"{interval_shown(hundredfold)} %"


def _value(estimate: Estimate | None) -> float:
    return estimate.value if estimate else 0.0
