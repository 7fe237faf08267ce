"""What can be known of the files before they are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark.console import Bar
from benchmark.report.delivery import check_deliverable, deliver
from lab.options import UsageError
from tests.benchmark.reports import report


def test_reports_of_an_earlier_run_are_not_in_the_way(tmp_path: Path) -> None:
    for name in ("report.json", "history.jsonl"):
        (tmp_path / name).write_text("")
    (tmp_path / "figures").mkdir()
    check_deliverable(tmp_path, tmp_path / "base.json")


@pytest.mark.parametrize("name", ["report.json", "history.jsonl"])
def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_refused(
    name: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / name).symlink_to(tmp_path / "pipe")
    with pytest.raises(UsageError, match=f"{name}: it is no file"):
        check_deliverable(tmp_path, None)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match=f"{name}: it is no file"):
        check_deliverable(tmp_path, None)


def test_a_file_in_the_place_of_the_figures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("a file, of all things")
    with pytest.raises(UsageError, match="figures: it is no folder"):
        check_deliverable(tmp_path, None)


def test_a_run_does_not_overwrite_what_it_is_compared_with(
    tmp_path: Path,
) -> None:
    """The first run failed, and the same again passed."""
    other_way = tmp_path / "figures" / ".." / "report.json"
    for compare in (tmp_path / "report.json", other_way):
        with pytest.raises(UsageError, match="would overwrite it"):
            check_deliverable(tmp_path, compare)


def test_a_history_that_cannot_be_added_to_costs_no_report(
    tmp_path: Path,
) -> None:
    made = {**report(), "figures": {}}
    (tmp_path / "history.jsonl").symlink_to(tmp_path / "no" / "\x80" / "way")
    (tmp_path / "no").write_text("")
    names = deliver(made, tmp_path, Bar.silent())
    assert "report.html" in names
    assert "history.jsonl" not in names
    assert "history.jsonl: not added to" in made["warnings"][-1]
