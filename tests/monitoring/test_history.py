"""Earlier runs, in a file that survives crashes and crowds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from pathlib import Path

import pytest

from optimizations.monitoring.history import History, Run, sparkline


def run(p99: float, label: str = "caching") -> Run:
    return Run(at=1.0, label=label, figures={"p99": p99})


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    history = History(tmp_path / "reports" / "history.jsonl")
    assert history.runs() == []
    runs = [run(1.5), run(2.5), run(inf, label="streaming")]
    for each in runs:
        history.append(each)
    assert history.runs() == runs
    assert history.runs("streaming") == runs[2:]
    assert history.damaged == 0


@pytest.mark.parametrize(
    "line",
    [
        '{"at": 1e300, "label": "a", "figures": {}}',
        '{"at": NaN, "label": "a", "figures": {}}',
        '{"at": -1, "label": "a", "figures": {}}',
        '{"at": 1, "label": "a", "figures": {"p50": NaN}}',
        '{"at": 1, "label": "a", "figures": {"p50": "-inf"}}',
        '{"at": 1, "label": "a", "figures": {"p50": 1' + "0" * 400 + "}}",
        '{"at": 1, "label": "a", "figures": {"p50": -1e308}}',
        "[" * 100_000,
    ],
    ids=lambda line: line[:50],
)
def test_what_no_run_can_have_written_is_damaged(
    line: str, tmp_path: Path
) -> None:
    """One such line took the whole report with it, run after run."""
    path = tmp_path / "history.jsonl"
    path.write_text(line + "\n")
    history = History(path)
    assert history.runs() == []
    assert history.damaged == 1


def test_damaged_lines_cost_themselves_only(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.append(run(1.0))
    with history.path.open("ab") as file:
        file.write(b'not json\n\xff\xfe\n[1, 2]\n{"at": 1}\n\n')
        file.write(b'{"at": 1, "label": "x", "figures": {"p99": "high"}}\n')
    history.append(run(2.0))
    assert history.runs() == [run(1.0), run(2.0)]
    assert history.damaged == 5


def test_half_a_line_from_a_crash_does_not_swallow_the_next_run(
    tmp_path: Path,
) -> None:
    history = History(tmp_path / "history.jsonl")
    history.append(run(1.0))
    with history.path.open("ab") as file:
        file.write(b'{"at": 1.0, "label": "cach')
    history.append(run(2.0))
    assert history.runs() == [run(1.0), run(2.0)]
    assert history.damaged == 1


def test_runs_that_end_together_do_not_mix(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")

    def append(number: int) -> None:
        figures = {f"figure {n}": float(number) for n in range(200)}
        History(history.path).append(Run(1.0, str(number), figures))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, range(200)))
    assert {each.label for each in history.runs()} == set(map(str, range(200)))
    assert history.damaged == 0


def test_a_trend_compares_the_latest_with_the_median_before(
    tmp_path: Path,
) -> None:
    history = History(tmp_path / "history.jsonl")
    assert history.trend("caching", "p99") is None
    for p99 in (99.0, 1.0, 2.0, 3.0, 2.5):
        history.append(run(p99))
        history.append(run(50.0, label="another machine"))
    trend = history.trend("caching", "p99", last=4)
    assert trend is not None
    assert trend.values == (1.0, 2.0, 3.0, 2.5)
    assert trend.median_before == 2.0
    assert trend.change_percent == pytest.approx(25.0)


def test_a_first_run_has_no_trend_yet(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.append(run(1.0))
    trend = history.trend("caching", "p99")
    assert trend is not None
    assert (trend.median_before, trend.change_percent) == (None, None)


@pytest.mark.parametrize("before", [0.0, inf])
def test_no_percentage_of_nothing_or_of_infinity(
    tmp_path: Path, before: float
) -> None:
    history = History(tmp_path / "history.jsonl")
    for p99 in (before, 3.0):
        history.append(run(p99))
    trend = history.trend("caching", "p99")
    assert trend is not None
    assert trend.change_percent is None


def test_a_figure_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="NaN"):
        History(tmp_path / "history.jsonl").append(run(nan))


def test_only_the_newest_runs_are_kept_in_memory(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl", max_runs=2)
    for p99 in (1.0, 2.0, 3.0):
        history.append(run(p99))
    assert history.runs() == [run(2.0), run(3.0)]


def test_a_sparkline_of_equal_or_infinite_values() -> None:
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([1.0, inf]) == "▁█"
    assert sparkline([]) == ""
