"""What a question is written with: its words, its signs, its names.

The problem: the same question comes with one apostrophe or another, with a
greeting or without, with ½ or 1⁄2; and an order A12 is no order 12. The
idea: first one way to write what looks the same, then a few patterns, each for
one kind of piece. What the pieces mean is not known here (`reading.py`).

When it does not help: for scripts without spaces between words.
"""

from __future__ import annotations

import re
from unicodedata import decomposition, normalize

_PLAIN = str.maketrans(
    {**dict.fromkeys("’´`ʼ‘", "'"), **dict.fromkeys("−‐‑–", "-")}
)
_SAME_LOOKS = ("<fraction>", "<wide>", "<narrow>", "<compat>", "<noBreak>")
_MONEY = "€$£¥₹₩₺₽₴"
MONEY_SIGNS = frozenset(_MONEY)
"""Units that stand before the number."""

_WORD = re.compile(
    r"[^\W\d_]+\d\w*|\d+[ai]\b"  # a code: A12, 12a; but 12 m
    r"|(?<![^\W_])\.\d+|\d[\d.,:]*\d|\d"
    r"|[^\W\d_]+(?:'[^\W\d_]+)*"
    rf"|[%{_MONEY}]"
)
_NAME = re.compile(r"(?<=[\w,'] )[A-Z][\w']*")
_SYMBOL = re.compile(
    r"[+*^<>=≤≥≠≈±×÷√∞\u2044]|#(?!\d)|(?<=\d)\s*[-/]\s*(?=\d)|(?<!\w)-(?=\d)"
    rf"|(?<!\d)(?<!\d )[%{_MONEY}](?!\s*\d)"
)
_NOT_LATIN = re.compile(r"[^\W\d_\u0000-\u024f]")
_KIND = re.compile(
    r"\b(?:where|when|why|who"
    r"|how(?: (?:much|many|long|far|often|big|old|fast|heavy|wide|high|tall))?"
    r")\b"
)
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))"
    r"(?: there)?\b[\s,.!]*)+",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(?:please|pls|plz|(?:(?:many )?thanks|thank you)"
    r"(?: a lot| so much| very much| in advance)?)$",
    re.IGNORECASE,
)
_MARKS = " \t\n.,!?"
_SHORT_IS = re.compile(
    r"\b(?:(what|where|when|how|that|there|here)'?|(why|who|it)')s\b",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """One way to write what looks the same: kinds of apostrophes and dashes,
    fractions, and letters that are only wider. A power stays one.

    >>> plain("I don´t need ½ a lamp at −5, nor 5²")
    "I don't need 1⁄2 a lamp at -5, nor 5^2"
    """
    text = text.translate(_PLAIN)
    return text if text.isascii() else "".join(map(_plain_letter, text))


def _plain_letter(letter: str) -> str:
    kind, *_ = decomposition(letter).split() or [""]
    if kind == "<super>":
        return f"^{normalize('NFKC', letter)}"
    return normalize("NFKC", letter) if kind in _SAME_LOOKS else letter


def core(text: str) -> str:
    """The text without a greeting in front or thanks behind, and with "is" in
    full.

    >>> core("Hi there, where's my order? Thanks!")
    'where is my order'
    """
    text = _GREETING.sub("", text.lstrip()).rstrip(_MARKS)
    text = _THANKS.sub("", text).rstrip(_MARKS)
    return _SHORT_IS.sub(r"\1\2 is", text)


def words(text: str) -> list[str]:
    """Words, numbers, codes and signs in small letters.

    >>> words("I don't pay €8.95 for A12!")
    ['i', "don't", 'pay', '€', '8.95', 'for', 'a12']
    """
    return _WORD.findall(text.lower())


def symbols(text: str) -> list[str]:
    """Signs that reckon, and those in names or alone.

    >>> symbols("Is -5 + 3 < 0 in C#?")
    ['-', '+', '<', '#']
    """
    return [sign.strip() for sign in _SYMBOL.findall(text)]


def names(text: str) -> set[str]:
    """Words with a capital that do not begin a sentence, as written.

    >>> sorted(names("Do you ship to the US, or to Oslo?"))
    ['Oslo', 'US']
    """
    return set(_NAME.findall(text))


def kind(text: str) -> str:
    """The question word that asks for something definite, or nothing.

    >>> kind("And how much is it?"), kind("Is it blue?")
    ('how much', '')
    """
    found = _KIND.search(text.lower())
    return found.group() if found else ""


def latin(text: str) -> bool:
    """Whether all letters are Latin ones."""
    return not _NOT_LATIN.search(text)
