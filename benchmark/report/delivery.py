"""The files of a run: figures, the report in four formats, a line of history.

`report.json` is the source of the others. They are written together, or not
at all; only the history, which belongs to all runs, grows after that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.against_earlier import history
from benchmark.console import Bar
from benchmark.figures import gallery
from benchmark.measured.machine import cores
from benchmark.report.as_csv import as_csv
from benchmark.report.as_html import html
from benchmark.report.as_markdown import markdown
from benchmark.report.data import Report, as_json
from benchmark.report.document import document
from benchmark.report.files import staged
from benchmark.simulated.workers import workers
from lab.options import UsageError

FILES = ("report.json", "report.csv", "report.md", "report.html")


def check_deliverable(out: Path, compare: Path | None) -> None:
    """Find out before the work that something else lies where a file goes,
    or that the run would overwrite what it is compared with: then the next
    one would be compared with a regression. Raises UsageError.
    """
    for name in (*FILES, history.FILE_NAME):
        place = out / name
        if place.exists() and not place.is_file():
            raise UsageError(f"cannot write {place}: it is no file")
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            raise UsageError(f"cannot write {place}: not permitted")
        if compare and _same_file(compare, place):
            raise UsageError(
                f"--compare {compare}: this run would overwrite it; copy it "
                "somewhere else first, or choose another --out"
            )
    figures = out / "figures"
    if figures.exists() and not figures.is_dir():
        raise UsageError(f"cannot write {figures}: it is no folder")


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except (OSError, RuntimeError):  # links in a circle lead nowhere
        return False


def deliver(report: dict[str, Any], out: Path, bar: Bar) -> list[str]:
    """Completes the report, writes all files, and returns their names."""
    file = out / history.FILE_NAME
    run = history.history_line(report, time.time())
    report["history"] = history.trends(file, run, report)
    report["figures"] |= gallery.history_figure(history.runs(file, run))
    with staged(out) as stage:
        drawn, problems = _drawn(report, stage / "figures", bar)
        report["drawn"] = drawn
        report["warnings"] += problems
        write_reports(report, stage)
        names = [path.name for path in stage.iterdir()]
    try:
        history.remember(file, run)
    except OSError as error:
        report["warnings"].append(f"{file}: not added to: {error.strerror}")
        return sorted(names)
    return sorted([*names, file.name])


def _drawn(
    report: Report, folder: Path, bar: Bar
) -> tuple[list[str], list[str]]:
    """The names of the figures, and what went wrong."""
    figures = all_figures(report)
    bar.phase("drawing", len(figures))
    try:
        draw = partial(gallery.draw, folder=folder)
        with workers(min(cores(), 8)) as crew:
            for _ in crew.map(draw, [*figures.items()]):
                bar.step()
    except ImportError as error:
        return [], [f"no figures. {error}: `pip install matplotlib`"]
    return [*figures], []


def all_figures(report: Report) -> dict[str, Mapping[str, Any]]:
    """The data of each figure: those of the suites, those of their studies,
    then what is of all.
    """
    suites = report["simulated"]
    parts = [*suites.values(), *report["measured"]["suites"].values()]
    return {
        **{
            n: suite["figure"]
            for n, suite in suites.items()
            if suite["figure"]
        },
        **{
            n: s["figure"]
            for part in parts
            for n, s in part["studies"].items()
        },
        **report["figures"],
    }


def write_reports(report: Report, folder: Path) -> None:
    """The report in its four formats; the figures are there already."""
    texts = {
        "report.json": as_json(report),
        "report.csv": as_csv(report),
        "report.md": markdown(document(report)),
        "report.html": html(document(report), folder),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
