"""`report.md`: the document for a merge request or a wiki; the figures are
linked, beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from benchmark.report.blocks import (
    Block,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
)

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~&])")


def markdown(document: Iterable[Block]) -> str:
    """GitHub's dialect. Whatever came from outside is text, never markup."""
    return "\n\n".join("\n".join(_lines(block)) for block in document) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {_text(block.text)}"
        case Paragraph():
            yield _text(block.text)
        case Items():
            for name, text in block.items:
                begin = f"**{_text(name)}**: " if name else ""
                yield f"- {begin}{_text(text)}"
        case Picture():
            yield f"![{_text(block.alt)}]({block.file}.png)"
        case Table():
            yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    width = len(table.head)
    yield _row(table.head)
    yield _row(["---", *["---:"] * (width - 1)], escaped=False)
    for row in table.rows:
        if len(row) == 1:  # a group
            yield _row([f"*{_text(row[0])}*", *[""] * (width - 1)], False)
        else:
            yield _row(row)


def _row(cells: Iterable[str], escaped: bool = True) -> str:
    texts = [_text(cell) if escaped else cell for cell in cells]
    return f"| {' | '.join(texts)} |"


def _text(text: str) -> str:
    """On one line, with nothing in it that Markdown or HTML would act on."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
