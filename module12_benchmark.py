"""Module 12, the benchmark: the strategies of each chapter side by side.

    python module12_benchmark.py --quick

Simulated figures are exact and repeat with their seed; measured ones are of
this machine. Exit codes: 0 ok · 1 a strategy answered wrongly, or `--fail-on`
found it worse · 2 wrong usage · 3 could not judge, or a package is missing ·
130 interrupted.
"""

# ruff: noqa: E402 (what a Ctrl-C does is settled before the other imports)
from __future__ import annotations

import signal
import sys

_is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if __name__ == "__main__" and _is_heard:  # no traceback out of an import
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

from benchmark import SUITES
from benchmark.against_earlier.thresholds import threshold
from lab.options import (
    COULD_NOT_JUDGE,
    OK,
    Parser,
    UsageError,
    guarded,
    not_empty,
    path,
    seed,
)
from lab.printable import printable

PROGRAM = "module12_benchmark.py"

# Nothing heavy is imported here: `--help` should answer within a blink.


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = _read_options(arguments)

    def run() -> int:
        if options.list:
            for name, asks in SUITES.items():
                sys.stdout.write(f"{name:12} {asks}\n")
            return OK
        return _run(options)

    return guarded(PROGRAM, run, "interrupted: nothing was written")


def _run(chosen: Namespace) -> int:
    from benchmark.against_earlier.earlier_report import EarlierReportError
    from benchmark.options import Options
    from benchmark.session import RunFailed, run
    from lab.questions import QuestionsError
    from lab.settings import SettingsError, load_settings

    options = Options(
        suites=tuple(n for n in SUITES if n in (chosen.suite or SUITES)),
        seed=chosen.seed,
        quick=chosen.quick,
        peers=chosen.peers,
        questions=chosen.questions,
        trace=chosen.trace,
        time_scale=chosen.time_scale or 1.0,
        out=chosen.out,
        compare=chosen.compare,
        fail_on=tuple(chosen.fail_on),
    )
    try:
        return run(options, load_settings())
    except (QuestionsError, SettingsError) as error:
        raise UsageError(str(error)) from None
    except (EarlierReportError, RunFailed) as error:
        sys.stderr.write(f"{PROGRAM}: {printable(str(error))}\n")
        return COULD_NOT_JUDGE


def _time_scale(text: str) -> float:
    """From 0.001 to 1,000: 2 plays a trace twice as fast."""
    try:
        value = float(text) if text.isascii() and "_" not in text else nan
    except ValueError:
        value = nan
    if not 0.001 <= value <= 1000:
        raise ArgumentTypeError(
            f"{text[:40]!r} is not from 0.001 to 1000, such as 2 for twice as "
            "fast"
        )
    return value


OPTIONS: dict[str, dict[str, Any]] = {
    "--suite": {
        "action": "append",
        "choices": SUITES,
        "metavar": "NAME",
        "help": f"one of {', '.join(SUITES)}; may be repeated",
    },
    "--list": {"action": "store_true", "help": "say which suites there are"},
    "--quick": {
        "action": "store_true",
        "help": "6 seeds instead of 20, and fewer requests: half a minute",
    },
    "--peers": {
        "action": "store_true",
        "help": "time other libraries at the same work too, where they are "
        "installed: cachetools, redis-py, numpy, usearch",
    },
    "--seed": {
        "type": seed,
        "default": 1,
        "metavar": "N",
        "help": "of all chance, default: 1",
    },
    "--questions": {
        "type": not_empty,
        "metavar": "FILE",
        "help": "your own: CSV with `text` and `category` or `intent`, or "
        "marked pairs with `question`, `other` and `same_answer`",
    },
    "--trace": {
        "type": not_empty,
        "metavar": "FILE",
        "help": "a log to replay in the suites that can: CSV (Azure) or "
        "JSONL (Mooncake)",
    },
    "--time-scale": {
        "type": _time_scale,
        "metavar": "X",
        "help": "replay the trace X times as fast, default: 1",
    },
    "--out": {
        "type": path,
        "default": Path("reports"),
        "metavar": "DIR",
        "help": "where the reports and figures go, default: reports",
    },
    "--compare": {
        "type": path,
        "metavar": "FILE",
        "help": "an earlier report.json; where there is none, the first run "
        "is stored",
    },
    "--fail-on": {
        "type": threshold,
        "action": "append",
        "default": [],
        "metavar": "METRIC:PERCENT%",
        "help": "exit code 1 where --compare shows a strategy to be worse by "
        "more, such as p99:10%% or 'measured hit:50%%'; may be repeated",
    },
}


def _read_options(arguments: Sequence[str] | None) -> Namespace:
    parser = Parser(
        prog=PROGRAM,
        description="Compare the strategies of each chapter, with intervals, "
        "verdicts and figures.",
        epilog="Exit codes: 0 ok, 1 a strategy answered wrongly or is worse "
        "than --fail-on allows, 2 wrong usage, 3 could not judge, 130 "
        "interrupted.",
        allow_abbrev=False,
    )
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    options = parser.parse_args(arguments)
    if options.fail_on and not options.compare:
        parser.error("--fail-on needs --compare FILE, to compare with")
    if options.time_scale and not options.trace:
        parser.error("--time-scale needs --trace FILE, to replay")
    return options


if __name__ == "__main__":
    sys.exit(main())
