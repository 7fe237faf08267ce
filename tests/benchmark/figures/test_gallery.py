"""Each suite's figure: drawn from plain data, a sentence on top, its source
below.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import SUITES
from benchmark.figures import gallery
from benchmark.figures.style import BASELINE, LOOKS, spread
from benchmark.report import finite
from benchmark.results import SuiteResult, judge
from benchmark.simulate import Job, simulate, suite_of
from optimizations.monitoring.history import Run

REQUESTS = 300  # so many that the provider refuses some


@cache
def figure(name: str) -> Mapping[str, Any]:
    """The data of a short day's figure, or of the one with all suites."""
    if name == "ratios":
        return gallery.all_figures([judged(suite) for suite in SUITES])[name]
    if name == "history":
        return gallery.history_figure(PAST)[name]
    return gallery.figure_data(judged(name))


@cache
def judged(name: str) -> SuiteResult:
    jobs = [Job(name, seed, REQUESTS, quick=True) for seed in (1, 2)]
    days = [simulate(job) for job in jobs]
    return judge(suite_of(jobs[0]), REQUESTS, days)


def past(day: int, hit: float) -> Run:
    """A run whose look-up took so long."""
    name = "caching/measured/LRU/hit"
    around = {f"{name}/low": 0.9 * hit, f"{name}/high": 1.1 * hit}
    return Run(86_400.0 * day, "here", {name: hit, **around})


PAST = (past(0, 10.0), past(1, 11.0), past(2, 20.0))
FIGURES = (*SUITES, "ratios", "history")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_as_png_and_svg(name: str, tmp_path: Path) -> None:
    png, svg = gallery.draw((name, figure(name)), tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert png.stat().st_size > 20_000
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_can_be_drawn_again_from_the_report(
    name: str, tmp_path: Path
) -> None:
    """All that failed had become null, and could not be drawn any more."""
    _, svg = gallery.draw((name, figure(name)), tmp_path)
    before = svg.read_bytes()
    kept = json.loads(json.dumps(finite(figure(name)), allow_nan=False))
    gallery.draw((name, kept), tmp_path)
    assert svg.read_bytes() == before


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_data_give_the_same_file(name: str, tmp_path: Path) -> None:
    _, svg = gallery.draw((name, figure(name)), tmp_path)
    before = svg.read_bytes()
    gallery.draw((name, figure(name)), tmp_path)
    assert svg.read_bytes() == before


@pytest.mark.parametrize("name", FIGURES)
def test_the_title_is_a_sentence_with_numbers_from_the_data(name: str) -> None:
    title = figure(name)["title"]
    assert re.search(r"\d", title)
    assert title.endswith("(lower is better)")


@pytest.mark.parametrize("name", SUITES)
def test_the_caption_says_how_many_and_on_which_clock(name: str) -> None:
    caption = figure(name)["caption"]
    assert caption.startswith("Simulated (virtual clock): 2 seeds of 300 req")


def test_no_two_looks_share_a_colour_a_line_or_a_marker() -> None:
    looks = (BASELINE, *LOOKS)
    assert len({look.colour for look in looks}) == len(looks)
    assert len({look.marker for look in looks}) == len(looks)
    assert len({look.line for look in looks}) == len(looks)


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=12),
    st.floats(0.5, 10),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_labels_keep_their_order_and_their_distance(
    wanted: list[float], gap: float
) -> None:
    places = spread(wanted, gap)
    ordered = sorted(places)
    for lower, upper in pairwise(ordered):
        assert upper - lower >= gap * (1 - 1e-6)
    by_wish = [
        places[i] for i in sorted(range(len(wanted)), key=wanted.__getitem__)
    ]
    assert by_wish == ordered


def test_labels_stay_clear_of_the_axis() -> None:
    assert spread([0.0, 0.0, 9.0], 2.0, floor=1.5) == [1.5, 3.5, 9.0]


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([1.0, 5.0, 9.0], 2.0) == [1.0, 5.0, 9.0]


def test_a_figure_of_the_past_needs_a_past() -> None:
    assert gallery.history_figure(PAST[:1]) == {}


def test_a_step_is_a_newest_run_outside_all_earlier_ones() -> None:
    assert "1 of 1 measured figures left" in figure("history")["title"]
    steady = gallery.history_figure([*PAST[:2], past(2, 10.5)])["history"]
    assert "0 of 1 measured figures left" in steady["title"]
    [points] = steady["panels"]["caching"].values()
    assert [value for _, value, _, _ in points] == pytest.approx(
        [10 / 10.5, 11 / 10.5, 1.0]
    )


def test_all_ratios_are_there_and_none_for_a_baseline() -> None:
    rows = {
        row["name"]: row
        for block in figure("ratios")["blocks"]
        for row in block["rows"]
    }
    assert "no cache" not in rows
    assert rows["streamed"]["typical"]["verdict"] == "less"
    assert rows["32 at a time"]["tail"] == {}  # a job has no tail


def test_the_closed_loop_does_not_see_the_stall_that_the_open_loop_sees() -> (
    None
):
    closed, opened = figure("measuring")["panels"]
    slow = [
        sum(seconds > 0.5 for seconds in panel[column])
        for panel, column in ((closed, "as_sent"), (opened, "as_due"))
    ]
    assert slow[0] == 1
    assert slow[1] > 40
