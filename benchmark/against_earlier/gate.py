"""`--compare` and `--fail-on` in one run of the benchmark: what can be refused
is refused before the work, and what goes wrong after it costs no report.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmark.against_earlier.change import printable
from benchmark.against_earlier.comparison import compared
from benchmark.against_earlier.earlier_report import DAMAGE
from benchmark.against_earlier.judgement import Judgement
from benchmark.against_earlier.thresholds import MEASURED
from benchmark.options import Options
from benchmark.report.data import Report
from benchmark.suite import load_suite
from lab.options import UsageError


def check_thresholds(options: Options, earlier: Report | None) -> None:
    """Raises UsageError for a metric that no suite has, or that the earlier
    report has not measured.
    """
    suites = [load_suite(name) for name in options.suites]
    known = {
        metric.name
        for suite in suites
        for metric in (suite.headline, *suite.columns, *suite.judged)
    }
    measured = set(_measured(options, earlier)) if earlier else None
    for limit in options.fail_on:
        if not limit.measured and limit.metric not in known:
            raise UsageError(
                f"--fail-on {limit}: the metrics are "
                f"{', '.join(sorted(known))}, and measured ones, such as "
                "'measured hit'"
            )
        if limit.measured and not (
            measured is None or limit.metric in measured
        ):
            there = ", ".join(sorted(measured)) or "nothing measured"
            raise UsageError(
                f"--fail-on {limit}: {options.compare} has {there}"
            )


def _measured(options: Options, earlier: Report) -> Iterator[str]:
    """As `--fail-on` calls what the earlier report has of these suites."""
    for name, suite in earlier["measured"]["suites"].items():
        for series in suite["series"] if name in options.suites else ():
            yield f"{MEASURED}{printable(series['figure'])}"


def look_back(
    options: Options, earlier: Report | None, report: dict[str, Any]
) -> Judgement:
    """A comparison that breaks must not cost the reports."""
    if earlier is None:
        return Judgement()
    path = str(options.compare)
    try:
        report["comparison"], judgement = compared(
            earlier, report, path, options.fail_on
        )
    except DAMAGE:
        judgement = Judgement(unjudged=(f"{path} is a damaged report",))
        report["warnings"] += judgement.unjudged
    return judgement
