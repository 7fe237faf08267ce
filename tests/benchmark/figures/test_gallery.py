"""Each suite's figure: drawn from plain data, a sentence on top, its source
below.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import SUITES
from benchmark.figures import balancing, gallery
from benchmark.figures.style import BASELINE, LOOKS, spread
from benchmark.intervals.digits import shown
from benchmark.report.data import finite
from benchmark.results.standings import SuiteResult, judge
from benchmark.simulated.simulate import Job, simulate, suite_of
from benchmark.suite import load_suite
from optimizations.monitoring.history import Run
from tests.benchmark.small import run

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
    assert re.search(r"\d", figure(name)["title"])


@pytest.mark.parametrize("name", FIGURES)
def test_title_and_axes_agree_on_which_way_is_better(
    name: str, tmp_path: Path
) -> None:
    """ "(lower is better)" stood over a panel of which higher is better."""
    _, svg = gallery.draw((name, figure(name)), tmp_path)
    words = "".join(ElementTree.parse(svg).getroot().itertext())
    title = figure(name)["title"]
    drawn = words.replace("\N{NO-BREAK SPACE}", " ")
    of_title = title.count("lower is better")
    assert drawn.count("lower is better") > of_title
    assert title.endswith("lower is better)") is (
        "higher is better" not in drawn
    )


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


def test_every_comparison_is_counted_under_its_own_metric() -> None:
    """A makespan was counted among the "typical waits", and what got worse
    was not counted at all.
    """
    ratios = figure("ratios")
    marks = [
        (block[which], row[which]["verdict"])
        for block in ratios["blocks"]
        for row in block["rows"]
        for which in ("typical", "tail")
        if row[which]
    ]
    rows = sum(len(block["rows"]) for block in ratios["blocks"])
    title = ratios["title"]
    assert title.startswith(f"Of {rows} comparisons with a baseline: ")
    for metric in {metric for metric, _ in marks}:
        told = re.search(rf"[:;] {metric} ([^;(]*)", title)
        assert told, metric
        counts = {
            word: int(count)
            for count, word in re.findall(r"(\d+) (\w+)", told[1])
        }
        verdicts = [verdict for name, verdict in marks if name == metric]
        assert sum(counts.values()) == len(verdicts)
        for word in ("less", "more"):
            assert counts.get(word, 0) == verdicts.count(word)
    assert "2 seeds of 300 requests" in ratios["caption"]


def test_who_is_first_in_throughput_shows_its_price(tmp_path: Path) -> None:
    """Batches and the rate limit were drawn where they win alone."""
    data = figure("concurrency")
    assert {point["name"] for point in data["beside"]} == {
        "rate limited",
        "batches of 16",
    }
    _, svg = gallery.draw(("concurrency", data), tmp_path)
    words = "".join(ElementTree.parse(svg).getroot().itertext())
    for point in data["beside"]:
        for figured in ("makespan", "wait"):
            assert f"{point['name']}: {shown(point[figured][0])} s" in words
    assert "p95 of one request" in words
    assert "Hollow: beyond it" in data["caption"]
    assert "The knee: the fewest" in data["caption"]


def test_a_queue_that_only_grows_has_no_such_time() -> None:
    """It was quoted as "round robin 10.3 s", which is how long the run was."""
    days = [
        {
            f"one is slow: {name}": run(waits)
            for name, waits in (
                ("round robin", [0.1 * n for n in range(100)]),
                ("peak EWMA", [1.0] * 100),
            )
        }
        for _ in range(6)
    ]
    suite = load_suite("balancing")
    kept = tuple(s for s in suite.strategies if s.key in days[0])
    title = balancing.data(judge(replace(suite, strategies=kept), 100, days))[
        "title"
    ]
    assert "peak EWMA answers 95 % within 1 s" in title
    assert "round robin never: its queue only grows" in title


def test_the_closed_loop_does_not_see_the_stall_that_the_open_loop_sees() -> (
    None
):
    closed, opened = figure("measuring")["panels"]
    assert re.search(r"it reports p95 \d+(\.\d+)? ms$", closed["says"])
    slow = [
        sum(seconds > 0.5 for seconds in panel[column])
        for panel, column in ((closed, "as_sent"), (opened, "as_due"))
    ]
    assert slow[0] == 1
    assert slow[1] > 40
