"""Text from elsewhere, before it reaches a terminal or a report.

A file, an endpoint or a file name may hold anything: an escape that clears the
screen, a byte that no encoding can write. What a reader could not see anyway
is shown as a question mark.
"""

from __future__ import annotations

_WHITE = "\n\t\N{NO-BREAK SPACE}"


def printable(text: str) -> str:
    """The same text, where all of it is; lines and tabs stay.

    >>> printable("a\\x1b[2Jb\\udcff")
    'a?[2Jb?'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _WHITE else "?" for c in text)
