"""The document on a terminal, as lines of at most 80 columns.

A table that is wider is broken into several, one below the other, each with
the names in front again; nothing in it is left out. What colour or weight say
is said in words as well. Figures are for the other forms.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from benchmark.report.blocks import (
    Block,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
)

WIDTH = 80
GAP = "  "


def terminal(blocks: Iterable[Block], width: int = WIDTH) -> Iterator[Text]:
    """Line by line; an empty line stands before each block that follows no
    heading.
    """
    heading = False
    for block in blocks:
        if not isinstance(block, Picture):
            if not heading:
                yield Text()
            yield from _lines(block, width)
            heading = isinstance(block, Heading)


def _lines(block: Block, width: int) -> Iterator[Text]:
    match block:
        case Heading(text, level) if level < 3:
            rule = "─" * max(width - len(text) - 1, 0)
            yield Text.assemble((text, "bold"), " ", (rule, "dim"))
        case Heading(text):
            yield Text(text, style="bold")
        case Paragraph(text):
            for line in textwrap.wrap(text, width):
                yield Text(line, style="dim")
        case Items(items):
            for name, text in items:
                yield from _item(name, text, width)
        case Table():
            yield from _table(block, width)


def _item(name: str, text: str, width: int) -> Iterator[Text]:
    """A paragraph whose further lines hang below its first."""
    named = f"{name}: {text}" if name else f"! {text}"
    lines = textwrap.wrap(named, width, subsequent_indent="  ") or [""]
    yield Text.assemble(
        (lines[0][: len(name) or 1], "bold"), lines[0][len(name) or 1 :]
    )
    yield from (Text(line) for line in lines[1:])


def _table(table: Table, width: int) -> Iterator[Text]:
    """As many columns at a time as fit beside the names."""
    rows = [row for row in table.rows if len(row) > 1]
    grouped = len(rows) < len(table.rows)
    names = _width(table.head[0], (row[0] for row in rows)) + 2 * grouped
    sizes = [
        _width(head, (row[column] for row in rows))
        for column, head in enumerate(table.head)
    ]
    start = 1
    while start < len(sizes):
        used, end = names, start
        while end < len(sizes) and (
            end == start or used + len(GAP) + sizes[end] <= width
        ):
            used, end = used + len(GAP) + sizes[end], end + 1
        if start > 1:
            yield Text()
        yield from _columns(table, range(start, end), names, sizes, width)
        start = end


def _width(head: str, cells: Iterable[str]) -> int:
    """A column is as wide as its widest cell; its head breaks at spaces."""
    words = (len(word) for word in head.split())
    return max(max(map(len, cells), default=0), *words)


def _columns(
    table: Table,
    columns: Sequence[int],
    names: int,
    sizes: Sequence[int],
    width: int,
) -> Iterator[Text]:
    heads = [textwrap.wrap(table.head[c], sizes[c]) for c in columns]
    tall = max(map(len, heads))
    for line in range(tall):
        first = table.head[0] if line == tall - 1 else ""
        cells = [
            ([""] * (tall - len(head)) + head)[line].rjust(sizes[c])
            for c, head in zip(columns, heads, strict=True)
        ]
        yield Text(GAP.join((first.ljust(names), *cells)), style="bold")
    used = names + sum(len(GAP) + sizes[c] for c in columns)
    yield Text("─" * used, style="dim")
    indent = ""
    for row in table.rows:
        if len(row) == 1:  # a group; what is special about it is said once
            indent = "  "
            group = row[0] if columns[0] == 1 else row[0].partition(": ")[0]
            for text in textwrap.wrap(group, width, subsequent_indent="  "):
                yield Text(text, style="italic")
        else:
            cells = [row[c].rjust(sizes[c]) for c in columns]
            yield Text(GAP.join(((indent + row[0]).ljust(names), *cells)))
