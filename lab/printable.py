"""Text from elsewhere, before it reaches a terminal or a report.

A file, an endpoint or a file name may hold anything: an escape that clears the
screen, a mark that turns the line around, half a character that no encoding
can write. What a terminal would obey instead of showing is a question mark.
"""

from __future__ import annotations

from unicodedata import category

# within emoji and some scripts
_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def printable(text: str) -> str:
    """The same text, where all of it is; lines and tabs stay.

    >>> printable("a\\x1b[2Jb\\udcff")
    'a?[2Jb?'
    """
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n")
    return "".join(c if _harmless(c) else "?" for c in lines)


def _harmless(char: str) -> bool:
    return (
        char.isprintable()
        or char in f"\n\t{_JOINERS}"
        or category(char) == "Zs"  # spaces of every width
    )
