"""Module 12, the benchmark: the strategies of each chapter side by side.

    python module12_benchmark.py --quick

Simulated figures are exact and repeat with their seed; measured ones are of
this machine. Exit codes: 0 ok · 1 a strategy answered wrongly · 2 wrong usage
· 3 could not judge · 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from benchmark import SUITES

USAGE, UNJUDGED, INTERRUPTED = 2, 3, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence is enough; `--help` has the rest."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = _read_options(arguments)
    if options.list:
        for name, asks in SUITES.items():
            sys.stdout.write(f"{name:12} {asks}\n")
        return 0
    try:
        return _run(options)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was written\n")
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    # everything heavy is imported here, after `--help` has been answered
    from benchmark.session import Options, run
    from lab.questions import QuestionsError, load_bank
    from lab.settings import SettingsError, load_settings

    try:
        settings = load_settings()
        load_bank(options.questions)
        _make_writable(options.out)
    except (QuestionsError, SettingsError, OSError) as error:
        sys.stderr.write(f"module12_benchmark.py: {error}\n")
        return USAGE
    chosen = tuple(n for n in SUITES if n in (options.suite or SUITES))
    return run(
        Options(
            chosen, options.seed, options.quick, options.questions, options.out
        ),
        settings,
    )


def _make_writable(out: Path) -> None:
    """Find out before the work, not after it. Raises OSError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write to {out}: {error.strerror}") from None


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="module12_benchmark.py",
        description="Compare the strategies of each chapter, with intervals, "
        "verdicts and figures.",
        epilog="Exit codes: 0 ok, 1 a strategy answered wrongly, 2 wrong "
        "usage, 3 could not judge, 130 interrupted.",
    )
    suites = f"one of {', '.join(SUITES)}; may be given several times"
    quick = "5 seeds instead of 20, and fewer requests: half a minute"
    questions = "a CSV of your own with the columns text and category"
    out = "where report.json and figures/ go (default reports/)"
    add = parser.add_argument
    add(
        "--suite",
        action="append",
        choices=SUITES,
        metavar="NAME",
        help=suites,
    )
    add("--list", action="store_true", help="say which suites there are")
    add("--quick", action="store_true", help=quick)
    add("--seed", type=_seed, default=1, metavar="N", help="default 1")
    add("--questions", metavar="FILE", help=questions)
    add("--out", type=Path, default=Path("reports"), metavar="DIR", help=out)
    return parser.parse_args(arguments)


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise argparse.ArgumentTypeError(
            "a seed is a whole number from 0, of at most 12 digits"
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
