"""Options of both front doors: what is wrong is said in one sentence, and a
signal to end lets everything close what it has open.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from lab.printable import printable

LARGEST_SEED = 2**32 - 1  # every generator takes it
OK, WRONG_ANSWER, USAGE, COULD_NOT_JUDGE, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """What was asked for cannot be done; the message says what can."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        plain = printable(" ".join(message[:500].split()))
        self.exit(USAGE, f"{self.prog}: {plain} (--help shows all)\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Also where nobody reads what is still buffered: `--help | true`."""
        _open_streams()
        try:
            sys.stdout.flush()
        except OSError:
            discard_output()
        super().exit(status, message)


def not_empty(text: str) -> str:
    """An option's value that is one: "$UNSET" in a script is a mistake. Raises
    `argparse.ArgumentTypeError`.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty value is none")
    return text


def path(text: str) -> Path:
    """A path that is not empty."""
    return Path(not_empty(text))


def seed(text: str) -> int:
    """A seed from 0 to 2**32 - 1. Raises `argparse.ArgumentTypeError`."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        value = int(text)
        if value <= LARGEST_SEED:
            return value
    raise argparse.ArgumentTypeError(
        f"{text[:40]!r} is no whole number from 0 to {LARGEST_SEED}"
    )


def missing_package(program: str, error: ModuleNotFoundError) -> str:
    """What to do where something of `requirements.txt` is not installed."""
    return (
        f"{program}: the package {error.name} is not installed: use `make`, "
        "or run `python -m pip install -r requirements.txt` first"
    )


def guarded(
    program: str,
    run: Callable[[], int],
    interrupted: str = "Stopped. The same command goes on.",
) -> int:
    """Run a front door; whatever ends it early becomes one sentence and the
    right exit code. `interrupted` is what is said after a Ctrl-C.
    """
    _open_streams()
    for stream in (sys.stdout, sys.stderr):  # no word is worth a crash
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    _mind_signals()
    _mend_size()
    try:
        code = run()
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"{program}: {printable(str(error))}", file=sys.stderr)
        return USAGE
    except ModuleNotFoundError as error:
        print(missing_package(program, error), file=sys.stderr)
        return COULD_NOT_JUDGE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already
        print(f"\n{interrupted}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        discard_output()
        return OK
    except OSError as error:
        discard_output()
        print(f"{program}: {error.strerror or error}", file=sys.stderr)
        return COULD_NOT_JUDGE


def _mind_signals() -> None:
    """The first signal to end unwinds as an exit does, so the cursor comes
    back and processes end; a second one ends at once. One that our parent had
    ignored, as `nohup` does, stays ignored.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(128 + number)


def _mend_size() -> None:
    """What libraries read as the terminal's size, and would crash on."""
    for name in ("COLUMNS", "LINES"):
        text = os.environ.get(name, "0")
        plain = text.isascii() and text.isdigit() and len(text) <= 4
        if name in os.environ and not (plain and int(text)):
            del os.environ[name]


def _open_streams() -> None:
    """A program may be started with its standard streams closed."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def discard_output() -> None:
    """Nobody reads on, or nothing more can be written: so nothing is, not
    even what is still buffered when the program ends.
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
