"""What is refused before the work, and what costs no report after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.against_earlier.gate import check_thresholds, look_back
from benchmark.against_earlier.thresholds import threshold
from benchmark.options import Options
from lab.options import COULD_NOT_JUDGE, UsageError
from tests.benchmark.reports import changed, report


def asked(limit: str) -> Options:
    return Options(
        ("caching",), compare=Path("base.json"), fail_on=(threshold(limit),)
    )


def test_a_measured_figure_that_the_earlier_report_lacks_is_refused() -> None:
    """It was found out after the whole run."""
    check_thresholds(asked("measured hit:10%"), report())
    check_thresholds(asked("measured nix:10%"), None)  # the first run
    with pytest.raises(UsageError, match=r"base\.json has measured hit"):
        check_thresholds(asked("measured nix:10%"), report())


def test_a_comparison_that_breaks_is_a_warning_and_not_judged() -> None:
    now = report()
    damaged = changed(report(), lambda made: made.pop("versions"))
    verdict = look_back(asked("p99:10%"), damaged, now)
    assert verdict.exit_code == COULD_NOT_JUDGE
    assert now["comparison"] is None
    assert now["warnings"][-1] == "base.json is a damaged report"
