"""`report.html`: the document as one file that opens anywhere, also years
later: figures and styles are inside it, and it loads nothing.

It has no script, and its policy lets the browser run none and fetch nothing.
Whatever came from outside (a file's name, a machine's) is escaped. Wide tables
and figures scroll on their own, so the page itself fits a telephone; it is
dark where the reader's system is, and prints in black on white.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from benchmark.report.blocks import (
    Block,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
)

STYLE = Path(__file__).with_name("report.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html(document: Iterable[Block], folder: Path) -> str:
    """`folder` is where the figures are read from."""
    blocks = list(document)
    title = next(b.text for b in blocks if isinstance(b, Heading))
    body = "\n".join(_body(blocks, folder))
    style = STYLE.read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _body(blocks: list[Block], folder: Path) -> Iterator[str]:
    """The contents go below the first heading; each part of a suite is a
    section, so that its clock can be seen beside all of it.
    """
    first, *rest = blocks
    yield _block(first, folder)
    yield from _contents(rest)
    open_part = False
    for block in rest:
        if isinstance(block, Heading):
            if open_part:
                yield "</section>"
            open_part = bool(block.part)
            if open_part:
                yield f'<section class="{escape(block.part)}">'
        yield _block(block, folder)
    if open_part:
        yield "</section>"


def _contents(blocks: Iterable[Block]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><ul>'
    for block in blocks:
        if isinstance(block, Heading) and block.level == 2:
            name = escape(block.text)
            yield f'<li><a href="#{_anchor(block.text)}">{name}</a></li>'
    yield "</ul></nav>"


def _anchor(text: str) -> str:
    """Letters, digits and hyphens alone."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return escape("-".join(words))


def _block(block: Block, folder: Path) -> str:
    match block:
        case Heading(text, level):
            name = f' id="{_anchor(text)}"' if level == 2 else ""
            return f"<h{level}{name}>{escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Items(items):
            return f"<ul>\n{_items(items)}</ul>"
        case Picture():
            return _picture(block, folder)
        case Table():
            return _table(block)


def _items(items: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"<li>{_named(name)}{escape(text)}</li>\n" for name, text in items
    )


def _named(name: str) -> str:
    return f"<b>{escape(name)}</b>: " if name else ""


def _picture(picture: Picture, folder: Path) -> str:
    file = (folder / picture.file).with_suffix(".svg")
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    alt = escape(picture.alt)
    return (
        '<div class="scrolls figure" tabindex="0" role="group" '
        f'aria-label="Figure">'
        f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}"></div>'
        f'<p class="words" aria-hidden="true">{alt}</p>'
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in table.head)
    rows = "\n".join(_row(row, len(table.head)) for row in table.rows)
    caption = escape(table.caption)
    return (
        f'<div class="scrolls" tabindex="0" role="group" '
        f'aria-label="{caption}"><table>\n<caption>{caption}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n"
        "</table></div>"
    )


def _row(row: tuple[str, ...], width: int) -> str:
    if len(row) == 1:
        group = escape(row[0])
        return (
            f'<tr class="group"><th scope="rowgroup" colspan="{width}">'
            f"{group}</th></tr>"
        )
    first, *cells = row
    return (
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _cell(text: str) -> str:
    """An interval is smaller than the value that it belongs to."""
    value, parenthesis, interval = escape(text).partition(" (")
    if not parenthesis:
        return value
    return f"{value} <small>({interval}</small>"
