"""Module 12: Performance Optimization. The lesson, in the terminal.

Six chapters on making an LLM chatbot fast, cheap and dependable, tried out
against a simulated model and real parts. `python module12.py --help` has the
options; the chapters themselves are in `lesson/`.
"""

# ruff: noqa: E402 (what a Ctrl-C does is settled before the other imports)
from __future__ import annotations

import signal
import sys

_is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if __name__ == "__main__" and _is_heard:  # no traceback out of an import
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from collections.abc import Sequence
from typing import Any

from lab.options import OK, Parser, guarded, not_empty, seed

# Nothing heavy is imported here: the first line should be on the screen
# within a blink, whatever the rest needs.

CHAPTERS = (
    "measuring",
    "caching",
    "concurrency",
    "streaming",
    "balancing",
    "monitoring",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lesson; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.chosen = bool(options.chapter)
    options.chapters = _wanted(parser, options.chapter)

    def run() -> int:
        if not (options.list or options.search or options.summary):
            print("Module 12: Performance Optimization", flush=True)
        from lesson.session import hold

        hold(options)
        return OK

    return guarded(parser.prog, run)


OPTIONS: dict[str, dict[str, Any]] = {
    "--chapter": {
        "action": "append",
        "metavar": "NAME|N",
        "help": "only this chapter (may be repeated)",
    },
    "--list": {"action": "store_true", "help": "list chapters and steps"},
    "--search": {
        "type": not_empty,
        "metavar": "WORD",
        "help": "list the steps that mention it",
    },
    "--seed": {
        "type": seed,
        "default": 12,
        "metavar": "N",
        "help": "of all chance, default: 12",
    },
    "--questions": {
        "type": not_empty,
        "metavar": "FILE",
        "help": "your own: CSV with `text` and `category` or `intent`, or "
        "marked pairs with `question`, `other` and `same_answer`",
    },
    "--model": {
        "choices": ("mock", "server", "endpoint"),
        "default": "mock",
        "help": "who answers on the real clock: the simulated model (default),"
        " the same behind our server, or the endpoint of your settings",
    },
    "--no-input": {
        "action": "store_true",
        "help": "walk through, ask nothing",
    },
    "--plain": {"action": "store_true", "help": "text for screen readers"},
    "--yes": {"action": "store_true", "help": "agree to what would be asked"},
    "--state": {
        "type": not_empty,
        "metavar": "FILE",
        "help": "where your progress is kept",
    },
    "--reset": {"action": "store_true", "help": "forget your progress"},
    "--summary": {
        "type": not_empty,
        "metavar": "FILE",
        "help": "only write what you did: .txt, .md or .json",
    },
}


def _parser() -> Parser:
    parser = Parser(
        prog="module12.py",
        description="A lesson in the terminal: how to make an LLM chatbot "
        "fast, cheap and dependable. Offline, free, about 40 minutes.",
        epilog=f"chapters: {_numbered()}. Without a terminal the lesson "
        "walks through by itself.",
        allow_abbrev=False,
    )
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    return parser


def _numbered() -> str:
    named = (f"{number} {name}" for number, name in enumerate(CHAPTERS))
    return ", ".join(named)


def _wanted(parser: Parser, chosen: list[str] | None) -> list[str]:
    """Names of the chosen chapters, in the order of the lesson."""
    by_number = {str(n): name for n, name in enumerate(CHAPTERS)}
    names = {by_number.get(choice, choice) for choice in chosen or CHAPTERS}
    if unknown := names - set(CHAPTERS):
        parser.error(
            f"there is no chapter {', '.join(sorted(unknown))}: "
            f"choose from {_numbered()}"
        )
    return [name for name in CHAPTERS if name in names]


if __name__ == "__main__":
    sys.exit(main())
