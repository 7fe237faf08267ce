"""Options of both front doors: what is wrong is said in one sentence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

OK, WRONG_ANSWER, USAGE, COULD_NOT_JUDGE, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """What was asked for cannot be done; the message says what can."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (--help shows all)\n")


def seed(text: str) -> int:
    """A seed from 0 to 2**32 - 1, which every generator takes."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise ValueError
    return value


def missing_package(program: str, error: ModuleNotFoundError) -> str:
    """What to do where something of `requirements.txt` is not installed."""
    return (
        f"{program}: the package {error.name} is not installed: use `make`, "
        "or run `python -m pip install -r requirements.txt` first"
    )


def guarded(program: str, run: Callable[[], int]) -> int:
    """Run a front door; whatever ends it early becomes one sentence and the
    right exit code.
    """
    _open_streams()
    try:
        code = run()
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return USAGE
    except ModuleNotFoundError as error:
        print(missing_package(program, error), file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        discard_output()
        return OK
    except OSError as error:
        discard_output()
        print(f"{program}: {error.strerror or error}", file=sys.stderr)
        return COULD_NOT_JUDGE


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
