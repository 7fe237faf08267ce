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
from benchmark.results import judge
from benchmark.simulate import Job, simulate
from benchmark.suite import load_suite

REQUESTS = 300  # so many that the provider refuses some


@cache
def figure(name: str) -> Mapping[str, Any]:
    """The data of a short day's figure."""
    days = [simulate(Job(name, seed, REQUESTS)) for seed in (1, 2)]
    return gallery.figure_data(judge(load_suite(name), REQUESTS, days))


@pytest.mark.parametrize("name", SUITES)
def test_a_figure_is_drawn_as_png_and_svg(name: str, tmp_path: Path) -> None:
    png, svg = gallery.draw(name, figure(name), tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert png.stat().st_size > 20_000
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")


@pytest.mark.parametrize("name", SUITES)
def test_a_figure_can_be_drawn_again_from_the_report(
    name: str, tmp_path: Path
) -> None:
    """All that failed had become null, and could not be drawn any more."""
    _, svg = gallery.draw(name, figure(name), tmp_path)
    before = svg.read_bytes()
    kept = json.loads(json.dumps(finite(figure(name)), allow_nan=False))
    gallery.draw(name, kept, tmp_path)
    assert svg.read_bytes() == before


@pytest.mark.parametrize("name", SUITES)
def test_the_same_data_give_the_same_file(name: str, tmp_path: Path) -> None:
    _, svg = gallery.draw(name, figure(name), tmp_path)
    before = svg.read_bytes()
    gallery.draw(name, figure(name), tmp_path)
    assert svg.read_bytes() == before


@pytest.mark.parametrize("name", SUITES)
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
