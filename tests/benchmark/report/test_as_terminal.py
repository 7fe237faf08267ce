"""The document on a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.report.as_terminal import WIDTH, terminal
from benchmark.report.blocks import Block, Heading, Items, Paragraph, Table
from benchmark.report.document import document, suite_part
from tests.benchmark.report.test_as_html import REPORT
from tests.benchmark.reports import changed


def lines(*blocks: Block) -> list[str]:
    return [line.plain for line in terminal(blocks)]


def test_it_says_what_the_other_forms_say() -> None:
    """Its tables were made apart, had no intervals, and did not say which
    rows were noisy.
    """

    def spoil(made: dict[str, Any]) -> None:
        series = made["measured"]["suites"]["caching"]["series"]
        series[1]["noisy"] = True

    made = changed(REPORT, spoil)
    text = "\n".join(lines(*document(made)))
    assert "noisy" in text
    for block in document(made):
        if isinstance(block, Table):
            for cell in (cell for row in block.rows for cell in row):
                assert cell in text


def test_everything_fits_80_columns() -> None:
    assert max(map(len, lines(*document(REPORT)))) <= WIDTH


WIDE = Table(
    "wide",
    ("strategy", *(f"figure number {n} (s)" for n in range(7))),
    (
        ("one is slow: of four, and that is long " * 3,),
        *((f"row {n}", *["0.733 (0.727–0.740)"] * 7) for n in range(3)),
    ),
)


def test_a_wide_table_is_broken_into_several_with_the_names_again() -> None:
    shown = lines(WIDE)
    assert max(map(len, shown)) <= WIDTH
    parts = [n for n, line in enumerate(shown) if line.startswith("strategy")]
    assert len(parts) == 3
    rows = [line for line in shown if line.strip().startswith("row 1")]
    assert sum(line.count("0.733") for line in rows) == 7
    assert sum(line.startswith("one is slow") for line in shown) == 3
    assert " ".join(shown).count("that is long") == 3  # in the first part


words = st.text("abc 1", min_size=1, max_size=30).filter(str.strip)


@given(
    st.lists(st.lists(words, min_size=3, max_size=3), max_size=4),
    st.lists(words, min_size=3, max_size=3),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_columns_stay_below_their_heads(
    rows: list[list[str]], head: list[str]
) -> None:
    shown = lines(Table("x", tuple(head), tuple(map(tuple, rows))))
    assert max(map(len, shown)) <= WIDTH
    for row in rows:
        assert any(cell in line for line in shown for cell in row[1:])


@pytest.mark.parametrize("name", ["", "one is slow: round robin"])
def test_further_lines_of_an_item_hang_below_its_first(name: str) -> None:
    first, *more = lines(Items(((name, "a long one " * 20),)))[1:]
    assert first.startswith(f"{name}: a" if name else "! a")
    assert more
    assert all(line.startswith("  ") for line in more)


def test_a_part_is_told_from_what_stands_in_it() -> None:
    shown = lines(Heading("Caching", 2), Paragraph("Which?"), Paragraph("So."))
    assert shown[1].startswith("Caching ───")
    assert shown[2:] == ["Which?", "", "So."]


def test_a_suite_has_its_verdicts_in_words() -> None:
    simulated = REPORT["simulated"]["caching"]
    measured = REPORT["measured"]["suites"]["caching"]
    shown = lines(*suite_part("caching", simulated, measured))
    assert any(line.startswith("other: faster: mean 0.5") for line in shown)
