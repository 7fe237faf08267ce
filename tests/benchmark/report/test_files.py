"""All files of a run appear together, or none does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark.report.files import make_writable, staged, write
from lab.options import UsageError


def test_what_was_written_is_there_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "kept.png").write_text("of another suite")
    (tmp_path / "report.md").write_text("old")
    with staged(tmp_path) as stage:
        (stage / "figures").mkdir()
        (stage / "figures" / "new.png").write_text("new")
        (stage / "report.md").write_text("new")
        assert (tmp_path / "report.md").read_text() == "old"
    names = {p.name for p in tmp_path.rglob("*")}
    assert names == {"figures", "kept.png", "new.png", "report.md"}
    assert (tmp_path / "report.md").read_text() == "new"


def test_what_breaks_meanwhile_leaves_everything_as_it_was(
    tmp_path: Path,
) -> None:
    (tmp_path / "report.md").write_text("old")
    with pytest.raises(KeyboardInterrupt), staged(tmp_path) as stage:
        (stage / "report.md").write_text("half")
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]
    assert (tmp_path / "report.md").read_text() == "old"


def test_what_a_killed_run_left_is_cleared_and_what_runs_is_not(
    tmp_path: Path,
) -> None:
    left, running = tmp_path / ".writing-left", tmp_path / ".writing-now"
    for folder in (left, running):
        folder.mkdir()
        (folder / "report.md").write_text("half")
    os.utime(left, (0, 0))
    write(tmp_path / "base.json", "{}")
    assert not left.exists()
    assert running.exists()


def test_one_file_is_written_whole(tmp_path: Path) -> None:
    write(tmp_path / "base.json", "{}")
    assert [p.name for p in tmp_path.iterdir()] == ["base.json"]


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_writable(folder)
    assert list(folder.iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        make_writable(file)
    with pytest.raises(UsageError, match="cannot write to"):
        make_writable(file / "sub")
