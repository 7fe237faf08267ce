"""Two reports side by side: what became faster, slower, or cannot be told.

Simulated figures of the same seeds and the same requests are compared as
pairs, seed by seed: what differs is the program alone, so a change of a few
percent shows. With other seeds they are compared unpaired; where a strategy
was sent something else, not at all. Measured figures say something only on
the same machine, and not where it was noisy.

When it does not help: of twenty unpaired comparisons of the same with the
same, about one says that they differ; that is what 95 % means. A measured
change may be the day's: run both versions again, in turns, before you believe
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from math import inf
from typing import Any

from benchmark.against_earlier.change import (
    MEASURED_PART,
    SIMULATED_PART,
    Change,
    Changes,
    Gap,
    Place,
    printable,
)
from benchmark.intervals.estimates import Estimate, median_estimate
from benchmark.intervals.paired import Comparison, compare
from benchmark.intervals.unpaired import compare_unpaired, ratio_of
from benchmark.measured.rounds import Series
from benchmark.report.data import Report, estimate_of

RATES = ("1/s",)  # units of which more is better
_SAME = Comparison(Estimate(1.0, 1.0, 1.0), 0)


def compare_reports(before: Report, now: Report) -> Changes:
    """Figure by figure, in the order of the new report. A strategy that is
    new has nothing to be compared with and is left out, and so is one that
    has figures in neither; one that is gone is a gap.
    """
    found = list(chain(_simulated(before, now), _measured(before, now)))
    return Changes(
        tuple(x for x in found if isinstance(x, Change)),
        tuple(x for x in found if isinstance(x, Gap)),
    )


def _simulated(before: Report, now: Report) -> Iterator[Change | Gap]:
    paired = before["options"]["seeds"] == now["options"]["seeds"]
    for name, suite in now["simulated"].items():
        earlier = before["simulated"].get(name)
        known = {s["key"]: s for s in earlier["strategies"]} if earlier else {}
        for strategy in suite["strategies"]:
            key = strategy["key"]
            for metric, words in suite["metrics"].items():
                place = Place(name, SIMULATED_PART, key, metric)
                if not earlier:
                    yield Gap(place, "the earlier report has no such suite")
                elif key in known:
                    yield from _figure(
                        place, known[key], strategy, words, paired
                    )
        here = {strategy["key"] for strategy in suite["strategies"]}
        for key, metric in product(known, suite["metrics"]):
            if key not in here:
                place = Place(name, SIMULATED_PART, key, metric)
                yield Gap(place, f"{printable(key)} is gone from it", True)


def _figure(
    place: Place,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    words: Mapping[str, Any],
    paired: bool,
) -> Iterator[Change | Gap]:
    if not (_has_figures(before) or _has_figures(now)):
        return
    old = before["metrics"].get(place.metric)
    new = now["metrics"].get(place.metric)
    if before["workload"] != now["workload"]:
        yield Gap(place, "it was sent other requests then")
    elif old is None or new is None:
        side = "this run" if new is None else "the earlier report"
        yield Gap(place, f"{side} has no {place.metric} of it")
    else:
        then, this = estimate_of(old), estimate_of(new)
        assert then is not None
        assert this is not None
        ours, theirs = _values(new["seeds"]), _values(old["seeds"])
        yield Change(
            place,
            words["unit"],
            then,
            this,
            _compared(ours, theirs, paired),
            (words["less"], words["more"]),
            bool(words["more_is_better"]),
            paired,
            seeds=tuple(zip(ours, theirs, strict=True)) if paired else (),
        )


def _has_figures(strategy: Mapping[str, Any]) -> bool:
    return any(metric for metric in strategy["metrics"].values())


def _values(seeds: Sequence[float | None]) -> list[float]:
    """A null of a report is a time that never came."""
    return [inf if value is None else float(value) for value in seeds]


def _compared(
    ours: list[float], theirs: list[float], paired: bool
) -> Comparison:
    if not paired:
        return compare_unpaired(ours, theirs)
    if ours == theirs:  # also where neither ever ended
        return Comparison(_SAME.ratio, len(ours))
    return compare(ours, theirs)


def _measured(before: Report, now: Report) -> Iterator[Change | Gap]:
    then, this = before["measured"], now["measured"]
    elsewhere = _identity(then["machine"]) != _identity(this["machine"])
    for name, suite in this["suites"].items():
        earlier = then["suites"].get(name, {"series": [], "invalid": ""})
        known = {(s["operation"], s["figure"]): s for s in earlier["series"]}
        spoilt = suite["invalid"] or earlier["invalid"]
        for series in suite["series"]:
            key = series["operation"], series["figure"]
            place = Place(name, MEASURED_PART, *key)
            if elsewhere:
                yield Gap(place, "it was measured on another machine")
            elif key not in known:
                yield Gap(place, "the earlier report has not measured it")
            elif spoilt:
                yield Gap(place, "one of the two measurements is invalid")
            else:
                yield _rounds(place, known[key], series)
        here = {(s["operation"], s["figure"]) for s in suite["series"]}
        for operation, figure in (key for key in known if key not in here):
            place = Place(name, MEASURED_PART, operation, figure)
            reason = f"{printable(operation)} is gone from it"
            yield Gap(place, reason, gone=True)


def _identity(machine: Mapping[str, Any]) -> dict[str, Any]:
    """What makes it this machine; how busy it was does not."""
    return {name: machine[name] for name in machine if name != "load"}


def _rounds(
    place: Place, before: Mapping[str, Any], now: Mapping[str, Any]
) -> Change:
    """Medians: rounds of two runs are no pairs."""
    old, new = (_series(series) for series in (before, now))
    then, this = median_estimate(old.values), median_estimate(new.values)
    more_is_better = new.unit in RATES
    words = ("slower", "faster") if more_is_better else ("faster", "slower")
    rounds = min(len(old.values), len(new.values))
    return Change(
        place,
        new.unit,
        then,
        this,
        Comparison(_same_or_ratio(this, then), rounds),
        words,
        more_is_better,
        noisy=old.noisy or new.noisy,
    )


def _same_or_ratio(this: Estimate, then: Estimate) -> Estimate:
    return _SAME.ratio if this == then else ratio_of(this, then)


def _series(series: Mapping[str, Any]) -> Series:
    values = tuple(float(value) for value in series["rounds"])
    if not all(map(math.isfinite, values)):
        raise ValueError("a measured value is finite")
    return Series(
        series["operation"], series["figure"], series["unit"], values
    )
