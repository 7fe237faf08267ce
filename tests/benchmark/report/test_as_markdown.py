"""The document for a merge request."""

from __future__ import annotations

from typing import Any

from benchmark.report.as_markdown import markdown
from benchmark.report.document import document
from tests.benchmark.report.test_as_html import REPORT
from tests.benchmark.reports import changed, report


def text_of(made: dict[str, Any]) -> str:
    return markdown(document(made))


def test_it_has_the_tables_and_the_verdicts() -> None:
    text = text_of(REPORT)
    assert "\n## Caching\n" in text
    assert "\n### Simulated (virtual clock)\n" in text
    assert "| strategy | hits (%) |" in text
    assert "- **other**: faster: mean 0.5 of plain" in text
    assert "\n### Measured (this machine)\n" in text


def test_its_figures_are_linked_with_a_text_instead() -> None:
    assert "](figures/caching.png)" in text_of(REPORT)
    assert "![Figure: A dict helps. Mean: plain" in text_of(REPORT)


def test_every_row_of_a_table_is_as_wide_as_its_head() -> None:
    width = 0
    for line in text_of(REPORT).splitlines():
        columns = line.count(" | ")
        if line.startswith("|"):
            assert columns == (width or columns)
            width = columns
        else:
            width = 0


def test_what_came_from_outside_is_text() -> None:
    def put(made: dict[str, Any]) -> None:
        made["warnings"] = ["<script>a()</script> | [x](http://y) `z`\n# q"]

    text = text_of(changed(report(), put))
    assert "<script>" not in text.replace("\\<", "")
    assert "\\[x\\](http://y) \\`z\\` \\# q" in text
